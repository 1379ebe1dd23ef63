// joist/tls/server.hpp: a supervised server whose connections are secured before they are served.
//
//   const auto serve = joist::tls::secured(context, [](joist::net::stream& peer) { echo(peer); });
//   children.push_back(joist::net::child_server("echo", {.at = endpoint{"[::]:7443"}}, serve));
//
// Promises
//   the handshake runs in the connection's own process: a slow client holds up nobody
//   a handshake that fails, or is not over within its limit, closes that connection, and is no crash: the telemetry event
//     joist.tls.handshake says how often, and why
//
// See also: net/server.hpp, stream.hpp; for the web: web::server_options::tls. Erlang: ranch_ssl.
#pragma once

#include <joist/net/server.hpp>
#include <joist/tls/context.hpp>

#include <chrono>

namespace joist::inline v0::tls {

/// `body`, behind a handshake.     [any thread]
[[nodiscard]] net::connection_body secured(server_context context, net::connection_body body,
                                           std::chrono::milliseconds handshake_limit = std::chrono::seconds{10});

}  // namespace joist::inline v0::tls
