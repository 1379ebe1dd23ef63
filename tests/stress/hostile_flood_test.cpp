// Floods: of connects, of resets, of bytes that are no HTTP, of requests, headers, chunks and frames.
#include <joist/web/websocket.hpp>

#include <string>
#include <vector>

#include "base/random.hpp"
#include "support/hostile.hpp"
#include "support/websocket_peer.hpp"
#include "support/world.hpp"
#include "web/websocket/compression.hpp"

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

std::string random_bytes(joist::base::random& dice, std::size_t count) {
  std::string bytes(count, '\0');
  for (char& b : bytes) b = static_cast<char>(dice.below(256));
  return bytes;
}

std::size_t count(std::string_view in, std::string_view what) {
  std::size_t n = 0;
  for (auto at = in.find(what); at != in.npos; at = in.find(what, at + 1)) ++n;
  return n;
}

std::string repeated(std::string_view text, std::size_t times) {
  std::string all;
  all.reserve(text.size() * times);
  for (std::size_t i = 0; i < times; ++i) all += text;
  return all;
}

void tell_sizes(websocket& socket) {
  while (const auto m = socket.next()) socket.send_text(std::to_string(m->data.size()));
}

const std::string greeting_of_tls{"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11};

}  // namespace

TEST_CASE(
    "hostile: floods of connects, resets, silent peers and bytes that are no HTTP leave nothing, and others are served") {
  raise_descriptor_limit();
  on_workers(
      [] {
        const holdings before = what_is_held();
        auto options = here();
        options.times.first_byte = 2s;
        const auto server = joist::web::start_server(options, with_good());
        good_clients good{server.local()};
        constexpr std::size_t processes = 20, each = 5 * crowd / processes;
        all_at_once(processes, [at = server.local()](std::size_t i) {
          joist::base::random dice{i};
          std::vector<stream> silent;
          for (std::size_t n = 0; n < each; ++n) {
            stream s = joist::net::connect(at, 30s);
            switch (dice.below(6)) {
              case 0: break;  // connect and close
              case 1: s.reset(); break;
              case 2: silent.push_back(std::move(s)); break;
              case 3:
                if (!s.try_write(random_bytes(dice, 1 + dice.below(3000)))) break;
                s.reset();
                break;
              case 4:
                if (s.try_write(greeting_of_tls + random_bytes(dice, 500))) (void)s.try_shutdown_write();
                EXPECT(rest_of(s).starts_with("HTTP/1.1 400 "));
                break;
              default:
                (void)s.try_write("GET /good HTTP/1.1\r\nHost: x\r\n\r\n");
                s.reset();
                break;
            }
          }
          for (stream& s : silent) EXPECT(rest_of(s).empty());
        });
        EXPECT(were_served(good.stop()));
        EXPECT(server.counts().accepted >= processes * each / 2);  // those that broke off in the line are passed over
        server.stop();
        EXPECT(all_is_given_back(before));
      },
      1);
}

TEST_CASE("hostile: ten thousand requests in one write are answered one after the other, in order") {
  on_workers(
      [] {
        joist::web::router r;
        r.get("/:n", [](const request& in) { return joist::web::text("<" + std::string{in.param("n")} + ">"); });
        const auto server = joist::web::start_server(here(), r);
        constexpr std::size_t requests = 10'000;
        std::string all, expected;
        for (std::size_t i = 0; i < requests; ++i) {
          all += "GET /" + std::to_string(i) + " HTTP/1.1\r\nHost: x\r\n\r\n";
          expected += "<" + std::to_string(i) + ">";
        }
        stream s = joist::net::connect(server.local());
        std::string answers;
        std::string buffer(64 << 10, '\0');
        for (std::string_view left = all; !left.empty();) {  // all that the system takes at once, and then what has come
          left.remove_prefix(*s.try_write_now(std::as_bytes(std::span{left})));
          if (const auto got = s.try_read_some(std::as_writable_bytes(std::span{buffer}), 1ms))
            answers += buffer.substr(0, *got);
        }
        s.shutdown_write();
        answers += rest_of(s);
        std::string bodies;
        for (auto from = answers.find('<'); from != answers.npos; from = answers.find('<', from + 1))
          bodies += answers.substr(from, answers.find('>', from) - from + 1);
        EXPECT(bodies == expected);
        server.stop();
      },
      1);
}

TEST_CASE("hostile: heads, targets, extensions and trailers without an end are refused when they pass their limit") {
  on_workers(
      [] {
        const holdings before = what_is_held();
        joist::web::router r = with_good();
        r.post("/body", [](const request& in) { return joist::web::text(std::to_string(in.body().size())); });
        const auto server = joist::web::start_server(here(), r);
        good_clients good{server.local()};
        memory_watch watch;
        constexpr std::size_t attackers = crowd / 10;
        all_at_once(attackers, [at = server.local()](std::size_t i) {
          const std::string get = "GET /good HTTP/1.1\r\nHost: x\r\n", post = "POST /body HTTP/1.1\r\nHost: x\r\n";
          const std::string chunked = post + "Transfer-Encoding: chunked\r\n\r\n";
          struct bomb {
            std::string begin, more, status;
          };
          const std::array<bomb, 8> bombs{{{get, "A: b\r\n", "431"},
                                           {get + "A: ", "aaaaaaaaaa", "431"},
                                           {"GET /", "aaaaaaaaaa", "414"},
                                           {"GET /?", "a=b&a[]=c&", "414"},
                                           {get + "Cookie: ", "a=b; a=b; ", "431"},
                                           {chunked, "1;a=b\r\nx\r\n", "400"},
                                           {chunked + "1;", "a=\"b\";", "400"},
                                           {chunked + "0\r\n", "A: b\r\n", "431"}}};
          const bomb& b = bombs[i % bombs.size()];
          stream s = joist::net::connect(at, 30s);
          // A megabyte, or as much as the server takes before it refuses.
          (void)s.try_write(b.begin + repeated(b.more, (std::size_t{1} << 20) / b.more.size()), 30s);
          const std::string said = rest_of(s);
          EXPECT(said.empty() || (said.starts_with("HTTP/1.1 " + b.status + " ") && count(said, "HTTP/1.1 ") == 1));
        });
        // The attackers' own megabytes are in this program as well.
        EXPECT(watch.most_bytes() < attackers * (std::size_t{3} << 20));
        EXPECT(were_served(good.stop()));
        server.stop();
        EXPECT(all_is_given_back(before));
      },
      1);
}

TEST_CASE("hostile: a body in chunks of a byte costs the time of its bytes, and not of their square") {
  on_workers(
      [] {
        joist::web::router r = with_good();
        r.post("/body", [](const request& in) { return joist::web::text(std::to_string(in.body().size())); });
        const auto server = joist::web::start_server(here(), r);
        good_clients good{server.local()};
        constexpr std::size_t bytes = checked_build ? 64 << 10 : 1 << 20;
        const auto begun = joist::clock::now();
        all_at_once(1, [at = server.local()](std::size_t) {
          stream s = joist::net::connect(at, 30s);
          s.write("POST /body HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n");
          const std::string some = repeated("1\r\nx\r\n", 1024);
          for (std::size_t i = 0; i < bytes / 1024; ++i) s.write(some, 30s);
          s.write("0\r\n\r\n");
          EXPECT(rest_of(s).ends_with("\r\n\r\n" + std::to_string(bytes)));
        });
        EXPECT(joist::clock::now() - begun < 40s);
        EXPECT(were_served(good.stop()));
        server.stop();
      },
      1);
}

TEST_CASE("hostile: pings that nobody reads the answers of end the connection, and are kept in bounds till then") {
  on_workers(
      [] {
        const holdings before = what_is_held();
        for (const auto policy : {joist::web::slow_consumer::wait, joist::web::slow_consumer::drop}) {
          joist::web::router r = with_good();
          r.get("/ws",
                joist::web::websocket_handler({.write = 300ms, .when_slow = policy, .queue_bytes = 100'000}, tell_sizes));
          const auto server = joist::web::start_server(here(), r);
          good_clients good{server.local()};
          memory_watch watch;
          constexpr std::size_t attackers = 8;
          const std::string pings = [] {
            std::string all, ping;
            ws::append_frame(ping, {.op = ws::opcode::ping, .masked = ws::mask_key{}, .payload_bytes = 125},
                             std::string(125, 'p'));
            while (all.size() < 64'000) all += ping;
            return all;
          }();
          all_at_once(attackers, [at = server.local(), pings](std::size_t) {
            websocket_peer peer{at, "/ws"};
            int writes = 0;
            while (writes < 100'000 && peer.stream().try_write(pings, 30s)) ++writes;
            EXPECT(writes < 100'000);
          });
          EXPECT(watch.most_bytes() < attackers * 1'000'000);
          EXPECT(were_served(good.stop()));
          server.stop();
        }
        EXPECT(all_is_given_back(before));
      },
      1);
}

TEST_CASE("hostile: a message of a hundred thousand fragments comes whole, and pings between them are answered") {
  on_workers(
      [] {
        joist::web::router r;
        r.get("/ws", joist::web::websocket_handler({}, tell_sizes));
        const auto server = joist::web::start_server(here(), r);
        constexpr std::size_t fragments = checked_build ? 10'000 : 100'000, between_pings = 1'000;
        websocket_peer peer{server.local(), "/ws"};
        std::string all;
        const ws::mask_key key{};
        for (std::size_t i = 0; i < fragments; ++i) {
          const bool first = i == 0, last = i + 1 == fragments;
          ws::append_frame(
              all,
              {.op = first ? ws::opcode::text : ws::opcode::continuation, .final = last, .masked = key, .payload_bytes = 1},
              "x");
          if (i % between_pings == between_pings / 2) ws::append_ping(all, "still there?", key);
        }
        peer.raw(all);
        for (std::size_t i = 0; i < fragments / between_pings; ++i) EXPECT(peer.next().what == kind::pong);
        EXPECT(peer.message() == std::to_string(fragments));
        server.stop();
      },
      1);
}

TEST_CASE("hostile: compression bombs are refused where they pass the limit, and never held") {
  on_workers(
      [] {
        joist::web::router r = with_good();
        r.get("/ws", joist::web::websocket_handler({.max_message_bytes = 100'000, .compress = true}, tell_sizes));
        const auto server = joist::web::start_server(here(), r);
        std::string bomb;
        ws::deflater pack{{15, false}};
        constexpr std::size_t bytes = std::size_t{checked_build ? 2U : 50U} << 20;
        ws::append_message(bomb, ws::opcode::binary, std::string(bytes, '\0'), pack, ws::mask_key{});
        EXPECT(bomb.size() < 100'000);  // what comes is within the limit
        good_clients good{server.local()};
        memory_watch watch;
        constexpr std::size_t attackers = crowd / 20;
        all_at_once(attackers, [at = server.local(), bomb](std::size_t) {
          websocket_peer peer{at, "/ws", "Sec-WebSocket-Extensions: permessage-deflate; client_no_context_takeover\r\n"};
          EXPECT(peer.answer.find("permessage-deflate") != peer.answer.npos);
          peer.raw(bomb);
          EXPECT(peer.closed_with() == 1009);
        });
        EXPECT(watch.most_bytes() < attackers * 1'000'000);
        EXPECT(were_served(good.stop()));
        server.stop();
      },
      1);
}

TEST_CASE("hostile: closes upon closes, and what comes behind them, are no trouble") {
  on_workers(
      [] {
        const holdings before = what_is_held();
        joist::web::router r = with_good();
        r.get("/ws", joist::web::websocket_handler({}, tell_sizes));
        const auto server = joist::web::start_server(here(), r);
        good_clients good{server.local()};
        all_at_once(crowd / 20, [at = server.local()](std::size_t i) {
          websocket_peer peer{at, "/ws"};
          std::string close;
          ws::append_frame(close, {.op = ws::opcode::close, .masked = ws::mask_key{}, .payload_bytes = 2},
                           std::string_view{"\x03\xe8", 2});
          peer.raw(repeated(close, 1 + 100 * (i % 100)));
          const told t = peer.next();  // or the reset that what came behind the first has brought
          EXPECT(t.what == kind::none || (t.what == kind::close && t.code == 1000));
          EXPECT(peer.next().what == kind::none);
        });
        EXPECT(were_served(good.stop()));
        server.stop();
        EXPECT(all_is_given_back(before));
      },
      1);
}
