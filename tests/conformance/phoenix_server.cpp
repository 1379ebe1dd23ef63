// tests/conformance/phoenix_server.cpp: the recorded Phoenix server's channels (tests/support/phoenix_app.hpp), for the
// official client.
//
//   [PHOENIX_PORT=4000] phoenix_server
//
// prints `listening on 127.0.0.1:PORT`, by default one that was free, and serves until SIGTERM.
//   /socket         the channels; messages of 64 KiB at most
//   /awake          the same; clients that are silent for two seconds are closed
//   /socket_lp      has long polls alone, where there are any: a client that tries a WebSocket falls back
//   POST /disconnect/:user, POST /say/:topic
#include <joist/joist.hpp>
#include <joist/otp/application.hpp>
#include <joist/web/http_error.hpp>
#include <joist/web/server.hpp>

#include <fmt/format.h>

#include <cstdio>
#include <string>
#include <utility>

#include "support/phoenix_app.hpp"

using namespace std::chrono_literals;
namespace web = joist::web;

namespace {

constexpr std::uint32_t most_bytes = 64 * 1024;

struct notice {
  std::string text;
};

web::router routes(const joist::pubsub& bus, const joist::presence& online) {
  web::router r;
  support::phoenix_socket(bus, {.max_message_bytes = most_bytes})
      .channel<support::presence_channel>("presence:*", online)
      .add_to(r, "/socket");
  support::phoenix_socket(bus, {.silence = 2s}).add_to(r, "/awake");
  support::phoenix_socket(bus).add_to(r, "/socket_lp");
  r.post("/disconnect/:user", [bus](const web::request& in) {
    web::disconnect(bus, fmt::format("users:{}", in.param("user")));
    return web::no_content();
  });
  r.post("/say/:topic", [bus](const web::request& in) {
    web::broadcast(bus, in.param("topic"), notice{std::string{in.body()}});
    return web::no_content();
  });
  return r;
}

/// As a proxy that knows no WebSockets.
web::response no_websocket(web::request& in, const web::next_handler& next) {
  return in.path() == "/socket_lp/websocket" ? web::status_page(404) : next(in);
}

joist::application phoenix() {
  joist::application a{"phoenix"};
  a.defaults = {{"port", "0"}};
  a.start = [](const joist::environment& env) -> joist::supervisor_init {
    web::server_options o{.at = joist::net::endpoint::loopback(env.get<std::uint16_t>("port"))};
    o.drain = 5s;
    o.name = "web";
    const joist::pubsub bus;
    const joist::presence online{bus, web::telling_clients(bus)};
    return {{},
            {joist::child_presence("presence", online),
             web::child_server("web", std::move(o), web::pipeline({no_websocket}, routes(bus, online)))}};
  };
  a.phases = {"tell"};
  a.start_phase = [](std::string_view, const joist::environment&) {
    fmt::print("listening on {}\n", joist::net::server_ref{*joist::whereis("web")}.local().to_string());
    std::fflush(stdout);
  };
  return a;
}

}  // namespace

int main() { return joist::run_applications({phoenix()}); }
