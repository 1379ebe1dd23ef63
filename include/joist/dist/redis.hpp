// joist/dist/redis.hpp: a pubsub whose nodes are joined by a Redis server.
//
//   const joist::pubsub bus{{.adapter = joist::dist::redis({.url = "redis://10.0.0.5"}), .node = "chat-2"}};
//
// Promises
//   those of pubsub/adapter.hpp, with one connection: frames of a node arrive in the order they were published
//   at most once: what is published without connection is refused; what was under way when a connection is lost, or waited
//     for a node that was cut off, is lost, and nobody keeps it
//   a server that is gone, silent or broken costs attempts with growing pauses, and bounded memory
//
// Redis 6 or later, or what speaks its RESP3: Valkey, KeyDB, Dragonfly. Nothing is stored there. Guide:
// docs/guides/scaling_out.md. See also: nats.hpp, pubsub/pubsub.hpp. Elixir: phoenix_pubsub_redis.
#pragma once

#include <joist/dist/connection_options.hpp>
#include <joist/pubsub/adapter.hpp>
#include <joist/tls/context.hpp>

#include <memory>
#include <optional>
#include <string>

namespace joist::inline v0::dist {

struct redis_options {
  /// redis://user:password@host:port, rediss:// with TLS, unix:///path; what is special in user or password as %40. Several,
  /// parted by commas, are tried in turn: each of them has to pass messages on to the others.
  std::string url = "redis://127.0.0.1:6379";
  /// Instances with the same name hear each other: letters, digits, "-" and "_". Channels are `name:all` and
  /// `name:node:<node>`.
  std::string system = "joist";
  std::optional<tls::client_context> tls = {};  ///< for rediss://; nothing: whom the system trusts
  connection_options connection = {};
};

/// For the pubsub of one node. Throws errc::bad_argument for what makes no sense.     [any thread]
[[nodiscard]] std::shared_ptr<pubsub_adapter> redis(redis_options options = {});

}  // namespace joist::inline v0::dist
