// joist/dist/nats.hpp: a pubsub whose nodes are joined by NATS servers.
//
//   const joist::pubsub bus{{.adapter = joist::dist::nats({.url = "nats://10.0.0.5,nats://10.0.0.6"}), .node = "chat-2"}};
//
// Promises
//   those of pubsub/adapter.hpp, with one connection: frames of a node arrive in the order they were published
//   at most once: what is published without connection is refused; what was under way when a connection is lost, or waited
//     for a node that was cut off, is lost, and nobody keeps it
//   a server that is gone, silent or broken costs attempts with growing pauses, and bounded memory
//   a server that is about to stop (lame duck mode) is left for the next of `url`, where there are several
//
// Core NATS: no JetStream, no headers. The server does not send a node what comes from it. What is larger than the server's
// max_payload (1 MiB, unless configured) is refused, and logged; so is, by the server, what this node may not publish, and
// the rest goes on. Guide: docs/guides/scaling_out.md. See also: redis.hpp,
// pubsub/pubsub.hpp.
#pragma once

#include <joist/dist/connection_options.hpp>
#include <joist/pubsub/adapter.hpp>
#include <joist/tls/context.hpp>

#include <memory>
#include <optional>
#include <string>

namespace joist::inline v0::dist {

struct nats_options {
  /// nats://user:password@host:port, nats://token@host, tls:// where the connection has to be secured; what is special in
  /// user or password as %40. Several, parted by commas, are tried in turn: servers of one cluster.
  std::string url = "nats://127.0.0.1:4222";
  /// Instances with the same name hear each other: letters, digits, "-" and "_". Subjects are `name.all` and
  /// `name.node.<node>`.
  std::string system = "joist";
  /// With one, every connection is secured, as with tls://: a server without TLS is not told who we are. Nothing: for
  /// tls://, whom the system trusts.
  std::optional<tls::client_context> tls = {};
  connection_options connection = {};
};

/// For the pubsub of one node. Throws errc::bad_argument for what makes no sense.     [any thread]
[[nodiscard]] std::shared_ptr<pubsub_adapter> nats(nats_options options = {});

}  // namespace joist::inline v0::dist
