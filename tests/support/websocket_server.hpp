// tests/support/websocket_server.hpp: servers of WebSockets to test the other end with.
#pragma once

#include <joist/web/server.hpp>
#include <joist/web/websocket.hpp>

#include <chrono>

namespace support {

inline void echo(joist::web::websocket& socket) {
  while (const auto m = socket.next()) m->is_text ? socket.send_text(m->data) : socket.send_binary(m->data);
}

/// Serves these routes, and does not wait for long at its stop, unless it is told to.     [process]
inline joist::net::server_ref serve_routes(joist::web::router routes,
                                           std::chrono::milliseconds drain = std::chrono::milliseconds{100}) {
  joist::web::server_options o{.at = joist::net::endpoint::loopback(0)};
  o.drain = drain;
  return joist::web::start_server(o, std::move(routes));
}

}  // namespace support
