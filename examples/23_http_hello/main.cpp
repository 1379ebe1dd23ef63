// HTTP: a router, handlers that are plain functions, and a server in a supervision tree. `example_23_http_hello serve` keeps
// serving on port 8080 (`curl localhost:8080/hello/you`) until SIGTERM or SIGINT; without an argument it asks itself once.
#include <joist/joist.hpp>
#include <joist/otp/application.hpp>
#include <joist/web/http_error.hpp>
#include <joist/web/server.hpp>

#include <string>

using namespace std::chrono_literals;
namespace web = joist::web;
using joist::net::endpoint;

// [snippet: routes]
web::router routes() {
  web::router r;
  r.get("/", [](const web::request&) { return web::text("Hello, world!\n"); });
  r.get("/hello/:name", [](const web::request& in) { return web::text(fmt::format("Hello, {}!\n", in.param("name"))); });
  r.post("/sum", [](const web::request& in) {
    int sum = 0;
    for (const char digit : in.body()) {
      if (digit < '0' || digit > '9') throw web::http_error{422, "expected digits"};
      sum += digit - '0';
    }
    return web::text(fmt::format("{}\n", sum));
  });
  return r;
}
// [end]

// [snippet: tree]
joist::application hello_service() {
  joist::application a{"hello"};
  a.start = [](const joist::environment&) -> joist::supervisor_init {
    return {{}, {web::child_server("web", {.at = endpoint{"[::]:8080"}}, routes())}};
  };
  return a;
}
// [end]

void try_it() {
  const auto server = web::start_server({.at = endpoint::loopback(0)}, routes());
  joist::net::stream s = joist::net::connect(server.local(), 5s);
  s.write("POST /sum HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\nConnection: close\r\n\r\n2026");
  std::string answer(4096, '\0');
  answer.resize(s.read(std::as_writable_bytes(std::span{answer}), 5s));
  fmt::print("{}", answer.substr(answer.find("\r\n\r\n") + 4));
  server.stop();
}

int main(int argc, char**) { return argc > 1 ? joist::run_applications({hello_service()}) : joist::run(try_it); }

// Output:
// 10
