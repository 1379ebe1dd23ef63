// Other instances of this program: joined over Redis or NATS, where Joist was built with joist::dist.
#pragma once

#include <joist/pubsub/pubsub.hpp>
#ifdef CHAT_NODES
#include <joist/dist/nats.hpp>
#include <joist/dist/redis.hpp>
#endif

#include <stdexcept>
#include <string>

namespace chat {

/// The pubsub of an instance that is alone (no url), or joined to others over a server at a `redis://` or `nats://`.
inline joist::pubsub join_nodes(const std::string& url) {
  if (url.empty()) return {};
#ifdef CHAT_NODES
  const bool is_nats = url.starts_with("nats:") || url.starts_with("tls:");
  return joist::pubsub{{.adapter = is_nats ? joist::dist::nats({.url = url, .system = "chat"})
                                           : joist::dist::redis({.url = url, .system = "chat"})}};
#else
  throw std::runtime_error{"this program is built without joist::dist, which other instances are joined by"};
#endif
}

}  // namespace chat
