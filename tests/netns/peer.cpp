// Both ends of scripts/network-test: a server in one network namespace, and its visitors in another.
//   network_peer serve ADDRESS    HTTP and WebSocket, until it is ended
//   network_peer visit ADDRESS    sends and fetches, and checks that all arrives in order
//   network_peer stay ADDRESS     opens connections of each kind, says so, and stays; the line is cut then
//   network_peer await ADDRESS    waits until the server has nobody but this one
#include <joist/joist.hpp>
#include <joist/net/stream.hpp>
#include <joist/web/server.hpp>
#include <joist/web/websocket.hpp>

#include <algorithm>
#include <array>
#include <cstdio>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "support/websocket_peer.hpp"

// No test program, which would have this from its library.
void support::expectation_failed(const char* condition, const char* file, int line) {
  throw failed_expectation{fmt::format("{}:{}: expected {}", file, line, condition)};
}

using namespace std::chrono_literals;
using joist::net::endpoint;
using joist::net::stream;
using joist::web::request;

namespace {

constexpr std::size_t large_bytes = 1'000'000;

std::string pattern(std::size_t bytes) {
  std::string all;
  for (std::size_t i = 0; all.size() < bytes; ++i) all += std::to_string(i * 7919);
  all.resize(bytes);
  return all;
}

void require(bool ok, std::string_view what) {
  if (!ok) throw std::runtime_error{fmt::format("expected {}", what)};
}

void serve(const endpoint& at) {
  joist::web::router r;
  r.get("/large", [](const request&) { return joist::web::text(pattern(large_bytes)); });
  r.post("/size", [](const request& in) {
    const bool same = in.body() == pattern(in.body().size());
    return joist::web::text(same ? std::to_string(in.body().size()) : "damaged");
  });
  r.get("/ws", joist::web::websocket_handler({.ping_every = 1s}, [](joist::web::websocket& socket) {
          while (const auto m = socket.next()) socket.send_text(m->data);
        }));
  r.get("/open", [](const request&) {
    const joist::net::server_ref server{joist::whereis("web").value_or(joist::pid{})};
    return joist::web::text(std::to_string(server.counts().open));
  });
  joist::web::server_options options{.at = at, .name = "web"};
  options.times.first_byte = options.times.head = options.times.body_pause = options.times.idle = options.times.write = 3s;
  (void)joist::web::start_server(options, r);
  joist::sleep_for(joist::infinity);
}

std::string fetch(const endpoint& server, std::string_view bytes) {
  stream s = joist::net::connect(server, 30s);
  s.write(bytes, 60s);
  std::string all, buffer(64 << 10, '\0');
  while (const std::size_t got = s.read_some(std::as_writable_bytes(std::span{buffer}), 60s)) all.append(buffer, 0, got);
  return all.substr(std::min(all.find("\r\n\r\n"), all.size() - 4) + 4);
}

const std::string rest = " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n";

void visit(const endpoint& server) {
  std::vector<joist::monitored> all;
  const auto at_once = [&](auto body) { all.push_back(joist::spawn_monitor(body)); };
  at_once(
      [server] { require(fetch(server, "GET /large" + rest + "\r\n") == pattern(large_bytes), "all of a large answer"); });
  at_once([server] {
    const std::string size = std::to_string(large_bytes);
    require(fetch(server, "POST /size" + rest + "Content-Length: " + size + "\r\n\r\n" + pattern(large_bytes)) == size,
            "all of a large body");
  });
  for (int i = 0; i < 4; ++i) {
    at_once([server] {
      support::websocket_peer peer{server, "/ws"};
      for (std::size_t n = 0; n < 20; ++n) {
        peer.text(pattern(n * 100));
        support::told t = peer.next();
        for (; t.what == support::ws::event::kind::ping; t = peer.next()) peer.send(support::ws::opcode::pong, t.payload);
        require(t.payload == pattern(n * 100), "the message that was sent");
      }
    });
  }
  for (const auto& m : all) {
    const auto end = joist::receive<joist::down>([m](const joist::down& d) { return d.monitor == m.monitor; });
    require(end.reason == joist::exit_reason::normal, "no failure, got " + end.reason.to_string());
  }
  fmt::print("all arrived\n");
}

void stay(const endpoint& server) {
  std::vector<support::websocket_peer> sockets;
  std::vector<stream> streams;
  for (int i = 0; i < 10; ++i) {
    support::websocket_peer& peer = sockets.emplace_back(server, "/ws");
    peer.text("hello");
    require(peer.message() == "hello", "a WebSocket that works");
    stream s = joist::net::connect(server, 30s);
    s.write(i % 2 == 0 ? "GET /large" + rest + "\r\n" : "GET /la");  // answers that nobody reads; heads in part
    streams.push_back(std::move(s));
  }
  fmt::print("open\n");
  (void)std::fflush(stdout);
  joist::sleep_for(joist::infinity);
}

void await_alone(const endpoint& server) {
  const auto begun = joist::clock::now();
  while (fetch(server, "GET /open" + rest + "\r\n") != "1") {
    require(joist::clock::now() - begun < 60s, "the server to notice that its peers have vanished");
    joist::sleep_for(100ms);
  }
  fmt::print("alone\n");
}

}  // namespace

int main(int argc, char** argv) {
  const std::string_view what = argc == 3 ? argv[1] : "";
  const auto at = argc == 3 ? endpoint::parse(argv[2]) : endpoint::parse("");
  void (*const body)(const endpoint&) = what == "serve"   ? serve
                                        : what == "visit" ? visit
                                        : what == "stay"  ? stay
                                        : what == "await" ? await_alone
                                                          : nullptr;
  if (body == nullptr || !at) {
    fmt::print(stderr, "usage: network_peer serve|visit|stay|await ADDRESS\n");
    return 2;
  }
  return joist::run([body, server = *at] { body(server); });
}
