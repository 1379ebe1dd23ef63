// Bad lines: what goes over them arrives whole and in order; where they break or go silent, it is noticed, and nothing is
// left.
#include <joist/web/websocket.hpp>

#include <array>
#include <string>

#include "support/hostile.hpp"
#include "support/relay.hpp"
#include "support/websocket_peer.hpp"
#include "support/world.hpp"

using namespace support;
using joist::net::endpoint;
using joist::net::stream;
using joist::web::request;
using joist::web::websocket;
using kind = ws::event::kind;

namespace {

joist::web::server_options here() {
  joist::web::server_options o{.at = endpoint::loopback(0)};
  o.drain = 100ms;
  o.max_requests = 1'000'000'000;
  return o;
}

// No two places near each other look alike.
std::string pattern(std::size_t bytes) {
  std::string all;
  for (std::size_t i = 0; all.size() < bytes; ++i) all += std::to_string(i * 7919);
  all.resize(bytes);
  return all;
}

joist::web::router routes() {
  joist::web::router r = with_good();
  r.get("/down/:bytes", [](const request& in) {
    return joist::web::text(pattern(static_cast<std::size_t>(std::stoul(std::string{in.param("bytes")}))));
  });
  r.get("/pieces/:bytes", [](const request& in) {
    const auto bytes = static_cast<std::size_t>(std::stoul(std::string{in.param("bytes")}));
    return joist::web::stream("text/plain", [bytes](joist::web::body_sink& to) {
      const std::string all = pattern(bytes);
      for (std::size_t at = 0; at < all.size(); at += 1000) to.write(std::string_view{all}.substr(at, 1000));
    });
  });
  r.post("/echo", [](const request& in) { return joist::web::text(std::string{in.body()}); });
  r.get("/ws", joist::web::websocket_handler({.ping_every = 20s}, [](websocket& socket) {
          while (const auto m = socket.next()) socket.send_text(m->data);
        }));
  return r;
}

// The body, where the answer is whole; else nothing.
std::string body_of(const std::string& answer) {
  const auto end = answer.find("\r\n\r\n");
  return answer.starts_with("HTTP/1.1 200 ") && end != answer.npos ? answer.substr(end + 4) : std::string{};
}

std::string unchunked(std::string_view chunks) {
  std::string all;
  for (;;) {
    const auto line = chunks.find("\r\n");
    if (line == chunks.npos) return "(broken off)";
    const auto size = static_cast<std::size_t>(std::stoul(std::string{chunks.substr(0, line)}, nullptr, 16));
    if (size == 0) return all;
    all += chunks.substr(line + 2, size);
    chunks.remove_prefix(line + 2 + size + 2);
  }
}

}  // namespace

TEST_CASE(
    "hostile lines: what goes over lines that delay, stall and cut bytes apart arrives whole and in order, both ways") {
  on_workers(
      [] {
        const holdings before = what_is_held();
        const auto server = joist::web::start_server(here(), routes());
        for (const std::uint32_t piece : {1U, 100U, 8000U}) {
          const auto line = start_relay(server.local(), {.most_piece_bytes = piece});
          const std::size_t bytes = std::size_t{piece == 1 ? 2'000U : checked_build ? 20'000U : 500'000U};
          good_clients over_the_line{line.local(), 4};
          all_at_once(8, [at = line.local(), bytes](std::size_t i) {
            const std::string content = pattern(bytes), size = std::to_string(bytes);
            if (i % 4 == 3) {
              websocket_peer peer{at, "/ws"};
              for (const std::size_t part : {std::size_t{1}, bytes / 2, bytes}) {
                peer.send(ws::opcode::ping, "between");
                peer.text(content.substr(0, part));
                EXPECT(peer.next().what == kind::pong);
                EXPECT(peer.message() == content.substr(0, part));
              }
              return;
            }
            stream s = joist::net::connect(at, 30s);
            const std::string rest = " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n";
            if (i % 4 == 0) {
              s.write("GET /down/" + size + rest + "\r\n");
              EXPECT(body_of(rest_of(s)) == content);
            } else if (i % 4 == 1) {
              s.write("GET /pieces/" + size + rest + "\r\n");
              EXPECT(unchunked(body_of(rest_of(s))) == content);
            } else {
              s.write("POST /echo" + rest + "Content-Length: " + size + "\r\n\r\n" + content);
              EXPECT(body_of(rest_of(s)) == content);
            }
          });
          EXPECT(were_served(over_the_line.stop(), 4));
          line.stop();
        }
        server.stop();
        EXPECT(all_is_given_back(before));
      },
      1);
}

TEST_CASE("hostile lines: connections that break off anywhere leave nothing behind, and others are served") {
  raise_descriptor_limit();
  on_workers(
      [] {
        const holdings before = what_is_held();
        const auto server = joist::web::start_server(here(), routes());
        const auto line = start_relay(server.local(), {.stalls_one_in = 20, .stall = 2ms, .breaks_after = 60'000});
        good_clients good{server.local()};
        constexpr std::size_t clients = 32, each = crowd / clients;
        const auto broken = std::make_shared<std::atomic<std::size_t>>(0),
                   whole = std::make_shared<std::atomic<std::size_t>>(0);
        all_at_once(clients, [at = line.local(), broken, whole](std::size_t i) {
          joist::base::random dice{i};
          const std::string content = pattern(40'000);
          for (std::size_t n = 0; n < each; ++n) {
            auto s = joist::net::try_connect(at, 30s);
            if (!s) continue;
            std::string said;
            if (dice.below(2) == 0) {
              if (s->try_write("GET /down/40000 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"))
                said = body_of(rest_of(*s));
            } else {
              if (s->try_write("POST /echo HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 40000\r\n\r\n" +
                               content))
                said = body_of(rest_of(*s));
            }
            EXPECT(content.starts_with(said));  // what comes is a beginning of what was sent, never anything else
            ++(said == content ? *whole : *broken);
          }
        });
        EXPECT(*broken > 0 && *whole > 0);
        EXPECT(were_served(good.stop()));
        line.stop();
        server.stop();
        EXPECT(all_is_given_back(before));
      },
      1);
}

TEST_CASE("hostile lines: peers that vanish without a word are noticed by pings and time limits") {
  on_workers(
      [] {
        const holdings before = what_is_held();
        joist::web::router r = with_good();
        const auto ends = std::make_shared<std::atomic<std::size_t>>(0);
        r.get("/ws", joist::web::websocket_handler({.ping_every = 100ms}, [ends](websocket& socket) {
                while (socket.next()) {
                }
                if (socket.close_reason().code == 1006) ++*ends;
              }));
        auto options = here();
        options.times.first_byte = options.times.head = options.times.idle = 300ms;
        const auto server = joist::web::start_server(options, r);
        // The line carries the handshake, or the first bytes of a request, and then nothing, with both ends open.
        const auto line = start_relay(server.local(), {.silent_after = 1});
        constexpr std::size_t clients = 20;
        std::vector<stream> gone;
        for (std::size_t i = 0; i < clients; ++i) {
          stream s = joist::net::connect(line.local(), 30s);
          s.write(i % 2 == 0 ? "GET /ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                               "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
                             : "GET /go");
          gone.push_back(std::move(s));
        }
        bool noticed = false;
        for (int i = 0; i < 4000 && !noticed; ++i) {
          noticed = server.counts().accepted == clients && server.counts().open == 0;
          if (!noticed) joist::sleep_for(5ms);
        }
        EXPECT(noticed && ends->load() > 0);  // where the handshake was carried in one piece
        gone.clear();
        line.stop();
        server.stop();
        EXPECT(all_is_given_back(before));
      },
      1);
}
