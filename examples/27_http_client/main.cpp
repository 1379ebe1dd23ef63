// Asking by HTTP: pages and JSON, errors as values, large bodies piece by piece, many processes that share a client, and a
// WebSocket to a server. `example_27_http_client http://example.org/` prints a page; without an argument it asks a server of
// its own.
#include <joist/joist.hpp>
#include <joist/otp/task.hpp>
#include <joist/web/client.hpp>
#include <joist/web/server.hpp>
#include <joist/web/websocket_client.hpp>

#include <array>
#include <string>
#include <vector>

using namespace std::chrono_literals;
namespace web = joist::web;
using joist::net::endpoint;

struct item {
  std::string name;
  int price = 0;
};

// What is asked here: a shop that is close by.
web::router shop() {
  web::router r;
  r.get("/price/:name", [](const web::request& in) { return web::json(item{std::string{in.param("name")}, 3}); });
  r.post("/items", [](const web::request& in) {
    const auto made = web::read_json<item>(in);
    if (!made) return web::json_errors(made.error());
    return web::json(*made).with_status(201).with_field("Location", "/items/" + made->name);
  });
  r.get("/old", [](const web::request&) { return web::redirect("/price/plate", 301); });
  r.get("/log", [](const web::request&) {
    return web::stream("text/plain", [](web::body_sink& to) {
      for (int line = 0; line < 100'000; ++line) to.write("nothing happened\n");
    });
  });
  r.get("/news", web::websocket_handler({}, [](web::websocket& socket) {
          while (const auto said = socket.next()) socket.send_text("news of " + std::string{said->data});
        }));
  return r;
}

// [snippet: ask]
void ask(const web::client& http, const std::string& shop) {
  const auto page = http.get(shop + "/price/cup");
  if (const auto cup = web::read_json<item>(page)) fmt::print("{}: a {} costs {}\n", page.status(), cup->name, cup->price);

  const auto made = http.post(shop + "/items", web::json(item{"bowl", 5}));
  fmt::print("{}: {}\n", made.status(), made.field("Location"));

  const auto moved = http.get(shop + "/old");
  fmt::print("{}: {}\n", moved.status(), moved.url().path());
}
// [end]

// [snippet: errors]
void ask_nobody(const web::client& http) {
  const auto got = http.try_get("http://127.0.0.1:1/");
  if (!got && got.error().what == web::client_error::kind::connect) fmt::print("{}\n", got.error().text);
}
// [end]

// [snippet: pieces]
void count_bytes(const web::client& http, const std::string& shop) {
  auto log = http.stream({.url = shop + "/log", .fields = {{"Accept", "text/plain"}}});
  std::array<std::byte, 16 * 1024> buffer{};
  std::size_t bytes = 0;
  while (const auto got = log.read_body(buffer)) bytes += got;
  fmt::print("{} bytes, none of them kept\n", bytes);
}
// [end]

// [snippet: many]
void ask_much(const web::client& http, const std::string& shop) {
  std::vector<joist::task<int>> prices;
  for (int i = 0; i < 100; ++i) {
    prices.push_back(joist::async(
        [http, url = fmt::format("{}/price/{}", shop, i)] { return web::read_json<item>(http.get(url))->price; }));
  }
  int sum = 0;
  for (auto& price : prices) sum += price.await();
  fmt::print("all of it costs {}\n", sum);
}
// [end]

// [snippet: websocket]
void listen(const std::string& address) {
  auto socket = web::websocket::connect("ws://" + address + "/news");
  socket.send_text("cups");
  if (const auto said = socket.next()) fmt::print("{}\n", said->data);
  socket.close();
}
// [end]

void ask_own_server() {
  const auto server = web::start_server({.at = endpoint::loopback(0)}, shop());
  const std::string address = server.local().to_string();
  const web::client http{{.max_per_host = 8}};
  ask(http, "http://" + address);
  ask_nobody(http);
  count_bytes(http, "http://" + address);
  ask_much(http, "http://" + address);
  listen(address);
  fmt::print("over no more than 9 connections: {}\n", server.counts().accepted <= 9);
  server.stop();
}

int main(int argc, char** argv) {
  if (argc < 2) return joist::run(ask_own_server);
  return joist::run([url = std::string{argv[1]}] {
    const auto page = web::client{}.try_get(url);
    fmt::print("{}\n", page ? std::string{page->body()} : page.error().text);
  });
}

// Output:
// 200: a cup costs 3
// 201: /items/bowl
// 200: /price/plate
// GET http://127.0.0.1:1/: expected a server at 127.0.0.1:1, got: Connection refused
// 1700000 bytes, none of them kept
// all of it costs 300
// news of cups
// over no more than 9 connections: true
