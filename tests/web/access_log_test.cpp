#include <joist/web/access_log.hpp>

#include <joist/telemetry.hpp>
#include <joist/web/http_error.hpp>
#include <joist/web/server.hpp>

#include <stdexcept>
#include <string>

#include "support/collected_log.hpp"
#include "support/sockets.hpp"
#include "support/world.hpp"

using namespace std::chrono_literals;
using namespace support;
using joist::net::endpoint;
using joist::web::access_format;

namespace {

joist::web::router routes() {
  joist::web::router r;
  r.get("/hello/:name", [](const joist::web::request&) { return joist::web::text("hello"); });
  r.get("/lost", [](const joist::web::request&) -> joist::web::response {
    throw joist::web::http_error{404, "no such user"};
  });
  r.get("/broken", [](const joist::web::request&) -> joist::web::response { throw std::runtime_error{"a bug"}; });
  r.get("/health", [](const joist::web::request&) { return joist::web::no_content(); });
  return r;
}

void ask(const joist::net::server_ref& server, const std::string& path, const std::string& fields = {}) {
  joist::net::stream s = joist::net::connect(server.local());
  s.write("GET " + path + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n" + fields + "\r\n");
  EXPECT(read_text(s, 100'000).starts_with("HTTP/1.1 "));
}

std::size_t lines_with(collected_log& log, std::string_view part) {
  const std::string text = log.get();
  std::size_t count = 0;
  for (auto at = text.find(part); at != text.npos; at = text.find(part, at + 1)) ++count;
  return count;
}

}  // namespace

TEST_CASE("access_log: a line for each request, but for those of quiet routes, in the log of the runtime") {
  const auto log = std::make_shared<collected_log>();
  joist::runtime_options options = quiet(2);
  options.log = sink_of(log);
  joist::runtime rt{options};
  rt.ask(
      [] {
        joist::web::access_log({.format = access_format::json});
        joist::web::access_log({.quiet_routes = {"/health"}});  // instead of the one before
        const auto server = joist::web::start_server({.at = endpoint::loopback(0), .drain = 50ms}, routes());
        ask(server, "/health");
        ask(server, "/hello/you?x=%22", "User-Agent: \"quoted\"\r\nReferer: http://a/\r\n");
        ask(server, "/nowhere");
        server.stop();
      },
      30s);
  CHECK(lines_with(*log, "] \"GET /hello/you?x=%22 HTTP/1.1\" 200 5 \"http://a/\" \"\\x22quoted\\x22\"\n") == 1);
  CHECK(lines_with(*log, "] \"GET /nowhere HTTP/1.1\" 404 14 \"-\" \"-\"\n") == 1);
  CHECK(lines_with(*log, "127.0.0.1 - - [") == 2);
  CHECK(log->get().find('{') == std::string::npos);
  CHECK(rt.stop(20s).clean());
}

TEST_CASE("access_log: lines go where they are wanted") {
  const auto lines = std::make_shared<collected_log>();
  on_workers(
      [lines] {
        joist::web::access_log({.format = access_format::json, .write = [write = sink_of(lines)](std::string_view line) {
                                  write(joist::log_level::info, line);
                                }});
        const auto server = joist::web::start_server({.at = endpoint::loopback(0), .drain = 50ms}, routes());
        for (int i = 0; i < 10; ++i) ask(server, "/hello/you");
        ask(server, "/lost");
        ask(server, "/broken");
        server.stop();
        EXPECT(joist::telemetry::detach("joist.web.access_log"));
      },
      1);
  CHECK(lines_with(*lines, "\"route\":\"/hello/:name\",\"status\":200,") == 10);
  CHECK(lines_with(*lines, "\"status\":404,") == 1);
  CHECK(lines_with(*lines, "\"why\":\"no such user\"}") == 1);
  CHECK(lines_with(*lines, "a bug") == 1);
}
