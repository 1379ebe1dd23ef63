// A service as the guide of deploying has it, for web/restart_test.cpp to start, replace and stop: listens on the socket
// that it is handed, or shares the port SERVICE_PORT. It answers with its process, so that clients see who serves them.
#include <joist/joist.hpp>
#include <joist/net/activation.hpp>
#include <joist/otp/application.hpp>
#include <joist/web/server.hpp>

#include <unistd.h>

#include <string>

namespace web = joist::web;
using namespace std::chrono_literals;

namespace {

web::router routes() {
  web::router r;
  r.get("/", [](const web::request&) { return web::text(std::to_string(::getpid())); });
  r.get("/slow", [](const web::request&) {
    joist::sleep_for(20ms);
    return web::text(std::to_string(::getpid()));
  });
  return r;
}

joist::application service() {
  joist::application a{"service"};
  a.defaults = {{"port", "0"}};
  a.start = [](const joist::environment& env) -> joist::supervisor_init {
    web::server_options o{.at = joist::net::endpoint::loopback(env.get<std::uint16_t>("port")),
                          .listening = {.share_port = true, .inherited = "http"}};
    return {{}, {web::child_server("web", o, routes()), joist::net::child_watchdog()}};
  };
  a.phases = {"ready"};
  a.start_phase = [](std::string_view, const joist::environment&) { joist::net::notify("READY=1"); };
  a.prepare_stop = [] { joist::net::notify("STOPPING=1"); };
  return a;
}

}  // namespace

int main() {
  joist::application_options options;
  options.runtime.workers = 2;
  options.runtime.log_from = joist::log_level::warning;
  return joist::run_applications({service()}, options);
}
