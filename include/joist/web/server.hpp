// joist/web/server.hpp: serves HTTP/1.1: each connection is a process, which runs handlers in plain blocking style.
//
//   joist::web::router routes;
//   routes.get("/hello/:name", [](const joist::web::request& in) {
//     return joist::web::text("hello " + std::string{in.param("name")});
//   });
//   children.push_back(joist::web::child_server("web", {.at = joist::net::endpoint{"[::]:8080"}}, routes));
//
// Promises
//   a handler that crashes answers 500, with a page that says no more, and ends its own connection alone; the log has the
//     report
//   what a client sends is bounded in bytes and in time before anybody keeps it; what is no HTTP is refused, and the
//     connection closed
//   a connection that waits for its next request holds no buffer
//   at a stop: nothing more is accepted, requests that are served are finished, connections that wait are closed; who has
//     just connected has a quarter of a second to send a request, which is served
//
// Examples: examples/23_http_hello, examples/26_https. See also: router.hpp, request.hpp, response.hpp, tls/context.hpp,
// net/server.hpp (limits of connections).
// RFC 9110, RFC 9112. Elixir: Bandit, Plug.
#pragma once

#include <joist/net/server.hpp>
#include <joist/tls/context.hpp>
#include <joist/web/request.hpp>
#include <joist/web/router.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace joist::inline v0::web {

/// Who is slower is disconnected: with 408, where a request has begun.
struct time_limits {
  std::chrono::milliseconds first_byte{10'000};  ///< of a new connection, until its first request begins; of TLS: handshake
  std::chrono::milliseconds head{10'000};        ///< from the first byte of a request to the end of its fields
  std::chrono::milliseconds body_pause{30'000};  ///< between two pieces of a body
  std::chrono::milliseconds body{300'000};       ///< all of a body
  std::chrono::milliseconds write{30'000};       ///< until a client has taken a piece of the answer, 128 KiB at most
  std::chrono::milliseconds idle{75'000};        ///< between two requests
};

struct server_options {
  net::endpoint at = {};  ///< may be left out, where listening.inherited names a socket that is handed down
  net::listen_options listening = {};
  std::optional<tls::server_context> tls = {};  ///< HTTPS; what speaks plain HTTP here is told so, and closed
  request_limits limits = {};
  time_limits times = {};
  std::uint64_t max_requests = 10'000;  ///< on one connection; then it is closed
  std::size_t max_connections = 16'384;
  std::size_t max_per_address = std::numeric_limits<std::size_t>::max();
  std::chrono::milliseconds drain{30'000};  ///< at a stop: how long requests and WebSockets have to end
  std::string server_field = {};            ///< the Server field of answers; empty: none
  std::string name = {};                    ///< registered, where not empty
};

/// A request was answered, or refused: what access_log.hpp writes and observe.hpp counts.
struct request_served {
  static constexpr std::string_view event_name = "joist.web.request";
  struct {
    int status;
    std::chrono::nanoseconds took;  ///< from the end of its head until the answer was written
    std::uint64_t body_bytes;       ///< of the answer, where they are known before
  } measurements;
  struct {
    std::string_view method;  ///< empty: the request was not understood
    std::string_view target;  ///< as the client wrote it; of one that was not understood, why
    std::string remote;
    std::string_view route = {};    ///< the pattern of the route that answered; empty: none did
    std::string_view version = {};  ///< HTTP/1.1
    std::string_view referer = {};
    std::string_view user_agent = {};
    std::string_view why = {};  ///< response::why: the sentence of an http_error, the reason of a crash
  } metadata;
};

/// Linked to the caller. An address that cannot be listened on is a failed start.     [process]
[[nodiscard]] result<net::server_ref, start_error> try_start_server(server_options options, handler answers);
/// The same, and throws start_failed.     [process]
net::server_ref start_server(server_options options, handler answers);
/// As a child: permanent.     [any thread]
[[nodiscard]] child_spec child_server(std::string id, server_options options, handler answers);

}  // namespace joist::inline v0::web
