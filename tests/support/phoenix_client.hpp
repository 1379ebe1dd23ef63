// tests/support/phoenix_client.hpp: a client of channels that speaks version 2 of the protocol by WebSocket, and serves of
// them.
#pragma once

#include <joist/web/json_value.hpp>

#include <string>
#include <string_view>

#include "support/phoenix_app.hpp"
#include "support/websocket_peer.hpp"
#include "support/websocket_server.hpp"
#include "support/world.hpp"

namespace support {

/// Serves the channels of phoenix_app.hpp at /socket.     [process]
inline joist::net::server_ref serve_phoenix(const joist::pubsub& bus, web::socket_options o = {}) {
  web::router routes;
  phoenix_socket(bus, std::move(o)).add_to(routes, "/socket");
  return serve_routes(std::move(routes));
}

class phoenix_client {
 public:
  explicit phoenix_client(const joist::net::endpoint& server, const std::string& query = {}, const std::string& fields = {})
      : peer{server, "/socket/websocket?vsn=2.0.0" + query, fields} {}

  void say(std::string_view text) { peer.text(text); }
  /// What the server says next, sorted as it comes.
  std::string hear() { return peer.message(); }
  bool hears(std::string_view text) {
    const std::string said = hear();
    if (said != text) UNSCOPED_INFO("expected " << text << "\ngot      " << said);
    return said == text;
  }
  /// Joins with the ref as join_ref, and hears that it is in.
  bool joins(const std::string& topic, const std::string& ref = "1") {
    say("[\"" + ref + "\",\"" + ref + "\",\"" + topic + "\",\"phx_join\",{}]");
    return hear().find(R"("status":"ok")") != std::string::npos;
  }

  websocket_peer peer;
};

}  // namespace support
