#include <joist/web/observe.hpp>

#include <joist/telemetry.hpp>
#include <joist/web/server.hpp>
#include <joist/web/websocket.hpp>

#include <unistd.h>

#include <cmath>
#include <ctime>
#include <string>

#include "support/ends.hpp"
#include "support/exposition.hpp"
#include "support/sockets.hpp"
#include "support/websocket_peer.hpp"
#include "support/world.hpp"
#include "web/metrics/process_figures.hpp"

using namespace std::chrono_literals;
using namespace support;
using joist::net::endpoint;
using joist::net::stream;
using joist::web::metrics;
using joist::web::request;

namespace {

std::string talk(const joist::net::server_ref& server, const std::string& text) {
  stream s = joist::net::connect(server.local());
  s.write(text);
  return read_text(s, 1'000'000);
}
std::string ask(const joist::net::server_ref& server, const std::string& method, const std::string& path) {
  return talk(server, method + " " + path + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
}
exposition page_of(const joist::net::server_ref& server) {
  const std::string answer = ask(server, "GET", "/metrics");
  EXPECT(answer.find("\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\n") != answer.npos);
  return exposition{answer.substr(answer.find("\r\n\r\n") + 4)};
}

joist::web::router routes(const metrics& all) {
  joist::web::router r;
  r.get("/users/:id", [](const request&) { return joist::web::text("12345"); });
  r.get("/crash", [](const request&) -> joist::web::response { throw std::runtime_error{"oops"}; });
  r.get("/chat", joist::web::websocket_handler({}, [](joist::web::websocket& socket) {
          while (const auto said = socket.next()) {
            if (said->data == "crash") throw std::runtime_error{"oops"};
          }
        }));
  r.get("/metrics", joist::web::metrics_page(all));
  return r;
}

joist::net::server_ref start(const metrics& all) {
  joist::web::server_options o{.at = endpoint::loopback(0)};
  o.drain = 50ms;
  o.name = "web";
  return joist::web::start_server(o, routes(all));
}

// Events of a request come after its answer.
template <class Holds>
exposition page_where(const joist::net::server_ref& server, Holds holds) {
  for (int i = 0; i < 2000; ++i) {
    exposition page = page_of(server);
    if (holds(page)) return page;
    joist::sleep_for(5ms);
  }
  return page_of(server);
}

void detach_all() {
  for (const auto& h : joist::telemetry::handlers()) EXPECT(joist::telemetry::detach(h.id));
}

}  // namespace

TEST_CASE("observe: requests are counted by method, route and status, whatever clients make up") {
  on_workers(
      [] {
        metrics all;
        joist::web::observe(all, {.servers = {"web"}});
        joist::web::observe_requests(all);  // once more: nothing is counted twice
        const auto server = start(all);
        for (int i = 0; i < 20; ++i) (void)ask(server, "GET", "/users/" + std::to_string(i));
        for (int i = 0; i < 20; ++i) (void)ask(server, "GET", "/nowhere/" + std::to_string(i));
        for (int i = 0; i < 20; ++i) (void)ask(server, "MAKE" + std::to_string(i), "/users/1");
        (void)ask(server, "GET", "/crash");
        (void)talk(server, "nonsense\r\n\r\n");
        const auto requests = [](const exposition& page, const char* method, const char* route, const char* status) {
          return page.value("http_requests_total", {{"method", method}, {"route", route}, {"status", status}});
        };
        // A crash is counted when its process has ended, which is after the answer.
        const exposition page = page_where(server, [&](const exposition& p) {
          return requests(p, "none", "none", "4xx") == 1 && p.value("joist_process_crashes_total") >= 1;
        });
        EXPECT(requests(page, "GET", "/users/:id", "2xx") == 20);
        EXPECT(requests(page, "GET", "none", "4xx") == 20);
        EXPECT(requests(page, "other", "none", "4xx") == 20);
        EXPECT(requests(page, "GET", "/crash", "5xx") == 1);
        EXPECT(requests(page, "none", "none", "4xx") == 1);
        EXPECT(page.value("http_request_duration_seconds_count", {{"route", "/users/:id"}}) == 20);
        EXPECT(page.value("http_response_bytes_total", {{"route", "/users/:id"}}) == 100);
        EXPECT(page.value("joist_connections_accepted_total", {{"server", "web"}}) >= 63);
        EXPECT(page.value("joist_connections", {{"server", "web"}}) >= 1);
        EXPECT(page.value("joist_process_crashes_total") >= 1);
        server.stop();
        detach_all();
      },
      2);
}

TEST_CASE("observe: WebSockets are counted when they open and when they end, and how") {
  on_workers(
      [] {
        metrics all;
        joist::web::observe_requests(all);
        const auto server = start(all);
        {
          websocket_peer stays{server.local(), "/chat"};
          websocket_peer leaves{server.local(), "/chat"};
          websocket_peer crashes{server.local(), "/chat"};
          leaves.send(ws::opcode::close, std::string{"\x03\xe9", 2});  // 1001
          EXPECT(leaves.closed_with() == 1001);
          crashes.text("crash");
          EXPECT(crashes.closed_with() == 1011);
          const exposition page = page_where(server, [](const exposition& p) {
            return p.value("websockets_opened_total") == 3 && p.value("websockets_open") == 1;
          });
          EXPECT(page.value("websockets_opened_total") == 3);
          EXPECT(page.value("websockets_open") == 1);
          EXPECT(page.value("websockets_closed_total", {{"code", "1001"}}) == 1);
          EXPECT(page.value("websockets_closed_total", {{"code", "1011"}}) == 1);
        }
        const exposition page = page_where(server, [](const exposition& p) { return p.value("websockets_open") == 0; });
        EXPECT(page.value("websockets_closed_total", {{"code", "1006"}}) == 1);
        server.stop();
        detach_all();
      },
      2);
}

TEST_CASE("observe: the page has the runtime's figures and the program's, and comes while a server is gone") {
  on_workers(
      [] {
        metrics all;
        joist::web::observe(all, {.servers = {"nobody", "web"}});
        const auto server = start(all);
        const exposition page = page_of(server);
        EXPECT(page.value("joist_processes") >= 3);
        EXPECT(page.value("joist_workers") == 4);
        EXPECT(page.value("joist_context_switches_total") > 0);
        EXPECT(page.of("joist_context_switches_total").type == "counter");
        EXPECT(page.of("process_cpu_seconds_total").type == "counter");
        EXPECT(page.value("process_cpu_seconds_total") > 0);
        EXPECT(page.value("process_resident_memory_bytes") > 1'000'000);
        EXPECT(page.value("process_virtual_memory_bytes") >= page.value("process_resident_memory_bytes"));
        EXPECT(std::abs(page.value("process_open_fds") - static_cast<double>(open_descriptors())) < 10);
        EXPECT(page.value("process_max_fds") >= page.value("process_open_fds"));
        EXPECT(std::abs(page.value("process_start_time_seconds") - static_cast<double>(std::time(nullptr))) < 3600);
        EXPECT(page.of("joist_connections").samples.size() == 1);
        server.stop();
        detach_all();
      },
      2);
}

TEST_CASE("observe: what the system says of a program is read wherever its name has blanks and parentheses") {
  using joist::web::parse_process_stat;
  const std::string rest = " S 1 2 3 0 -1 4194304 100 0 0 0 7 8 0 0 20 0 5 0 123456 1000000 250 18446744073709551615 1";
  for (const char* name : {"(a)", "(a b)", "(a) (b)", "() S 1)"}) {
    const auto found = parse_process_stat("42 " + std::string{name} + rest);
    REQUIRE(found);
    CHECK(found->threads == 5);
    CHECK(found->start_ticks == 123456);
    CHECK(found->virtual_bytes == 1000000);
    CHECK(found->resident_pages == 250);
  }
  for (const char* text :
       {"", "42", "42 (a)", "42 (a) ", "42 (a) S 1 2", "42 (a) S 1 2 3 0 -1 4194304 1 0 0 0 7 8 0 0 20 0 x 0 1 1 2 3"})
    CHECK_FALSE(parse_process_stat(text));
  CHECK(joist::web::parse_boot_time("cpu 1 2\nbtime 1700000000\nprocesses 7\n") == 1700000000U);
  CHECK_FALSE(joist::web::parse_boot_time("cpu 1 2\nbtime x\n"));
}
