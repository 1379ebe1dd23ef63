// tests/support/phoenix_client.hpp: a client of channels that speaks version 2 of the protocol by WebSocket, and serves of
// them.
#pragma once

#include <joist/web/json_value.hpp>

#include <chrono>
#include <functional>
#include <string>
#include <string_view>

#include "support/phoenix_app.hpp"
#include "support/websocket_peer.hpp"
#include "support/websocket_server.hpp"
#include "support/world.hpp"

namespace support {

/// Serves the channels of phoenix_app.hpp at /socket.     [process]
inline joist::net::server_ref serve_phoenix(const joist::pubsub& bus, web::socket_options o = {},
                                            std::chrono::milliseconds drain = std::chrono::milliseconds{100}) {
  web::router routes;
  phoenix_socket(bus, std::move(o)).add_to(routes, "/socket");
  return serve_routes(std::move(routes), drain);
}

/// What is run beside such a server, several times.
using served_body = std::function<void(const joist::pubsub& bus, const joist::net::endpoint& at)>;
inline void with_phoenix(const web::socket_options& o, const served_body& body) {
  on_workers(
      [&] {
        const joist::pubsub bus;
        const auto server = serve_phoenix(bus, o);
        body(bus, server.local());
        server.stop();
      },
      5);
}

class phoenix_client {
 public:
  explicit phoenix_client(const joist::net::endpoint& server, const std::string& query = {}, const std::string& fields = {})
      : peer{server, "/socket/websocket?vsn=2.0.0" + query, fields} {}

  void say(std::string_view text) { peer.text(text); }
  /// What the server says next.
  std::string hear() { return peer.message(); }
  /// True, or the test fails with both texts.
  bool hears(std::string_view text) {
    const std::string said = hear();
    if (said == text) return true;
    throw failed_expectation{fmt::format("expected {}, got {}", text, said)};
  }
  /// Joins with the ref as join_ref, and hears that it is in.
  bool joins(const std::string& topic, const std::string& ref = "1") {
    say("[\"" + ref + "\",\"" + ref + "\",\"" + topic + "\",\"phx_join\",{}]");
    return hear().find(R"("status":"ok")") != std::string::npos;
  }

  websocket_peer peer;
};

}  // namespace support
