// dist/connection.hpp: a pubsub's connection to an engine, whichever language that speaks: made, kept, and made again.
#pragma once

#include <joist/dist/connection_options.hpp>
#include <joist/pubsub/adapter.hpp>
#include <joist/tls/context.hpp>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dist/protocol.hpp"
#include "dist/server_url.hpp"

namespace joist::inline v0::dist::detail {

/// What all connections of an adapter are made with.
struct connection_plan {
  std::string engine;  ///< "redis"
  std::vector<server_url> servers;
  std::optional<tls::client_context> tls;
  connection_options options;
  make_protocol speaks;
};

/// What redis() and nats() are given.
struct engine_wish {
  std::string engine;
  url_schemes schemes;
  std::string url;
  std::string system;
  std::optional<tls::client_context> tls;
  connection_options options;
};
/// All but `speaks`. Throws errc::bad_argument.     [any thread]
[[nodiscard]] connection_plan plan_of(engine_wish wish);

[[nodiscard]] std::shared_ptr<pubsub_adapter> make_adapter(connection_plan plan);

}  // namespace joist::inline v0::dist::detail
