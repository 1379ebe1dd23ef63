#include <joist/web/websocket.hpp>

#include <joist/web/http_error.hpp>
#include <joist/web/server.hpp>

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "support/ends.hpp"
#include "support/sockets.hpp"
#include "support/websocket_peer.hpp"
#include "support/websocket_server.hpp"
#include "support/world.hpp"
#include "web/websocket/connection.hpp"

using namespace std::chrono_literals;
using namespace support;
using joist::net::endpoint;
using joist::web::websocket;
using kind = ws::event::kind;

namespace {

joist::net::server_ref serve(joist::web::websocket_options options, joist::web::websocket_body body) {
  joist::web::router r;
  r.get("/", joist::web::websocket_handler(std::move(options), std::move(body)));
  return serve_routes(std::move(r));
}

bool has(const std::string& text, std::string_view part) { return text.find(part) != text.npos; }

struct news {
  std::string text;
};

}  // namespace

TEST_CASE("websocket: text and bytes come back as they were, of every length that has its own form") {
  on_workers(
      [] {
        const auto server = serve({}, echo);
        websocket_peer peer{server.local()};
        EXPECT(peer.answer.starts_with("HTTP/1.1 101 ") && has(peer.answer, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="));
        for (const std::size_t bytes : {0U, 1U, 125U, 126U, 127U, 4095U, 4096U, 65535U, 65536U, 200'000U}) {
          const std::string payload(bytes, 'x');
          peer.text(payload);
          EXPECT(peer.message() == payload);
          peer.send(ws::opcode::binary, payload);
          const told back = peer.next();
          EXPECT(back.what == kind::binary && back.payload == payload);
        }
        peer.raw(std::string{"\x89\x80", 2} + "abcd");  // a ping
        EXPECT(peer.next().what == kind::pong);
        peer.send(ws::opcode::close, std::string{"\x03\xe8", 2} + "bye");
        EXPECT(peer.closed_with() == 1000);
        EXPECT(peer.next().what == kind::none);
        server.stop();
      },
      3);
}

TEST_CASE("websocket: many messages in one piece, and one message in many, with a ping in its middle") {
  on_workers(
      [] {
        const auto server = serve({}, echo);
        websocket_peer peer{server.local()};
        std::string all;
        const ws::mask_key key{};
        for (int i = 0; i < 100; ++i) ws::append_message(all, ws::opcode::text, "message " + std::to_string(i), key);
        peer.raw(all);
        for (int i = 0; i < 100; ++i) EXPECT(peer.message() == "message " + std::to_string(i));
        std::string parts;
        ws::append_frame(parts, {.op = ws::opcode::text, .final = false, .masked = key, .payload_bytes = 3}, "one");
        ws::append_ping(parts, "in between", key);
        ws::append_frame(parts, {.op = ws::opcode::continuation, .masked = key, .payload_bytes = 3}, "two");
        for (const char& c : parts) peer.raw({&c, 1});
        const told pong = peer.next();
        EXPECT(pong.what == kind::pong && pong.payload == "in between");
        EXPECT(peer.message() == "onetwo");
        server.stop();
      },
      2);
}

TEST_CASE("websocket: what breaks the protocol closes the connection with its code") {
  on_workers(
      [] {
        const auto server = serve({.max_message_bytes = 1000}, echo);
        const auto code_after = [&](std::string_view bytes) {
          websocket_peer peer{server.local()};
          peer.raw(bytes);
          return peer.closed_with();
        };
        EXPECT(code_after(std::string{"\x81\x01x", 3}) == 1002);                  // not masked
        EXPECT(code_after(std::string{"\xc1\x80", 2} + "abcd") == 1002);          // a reserved bit
        EXPECT(code_after(std::string{"\x83\x80", 2} + "abcd") == 1002);          // a reserved opcode
        EXPECT(code_after(std::string{"\x80\x80", 2} + "abcd") == 1002);          // nothing to continue
        EXPECT(code_after(std::string{"\x09\x80", 2} + "abcd") == 1002);          // a ping in fragments
        EXPECT(code_after(std::string{"\x81\x81\0\0\0\0\xff", 7}) == 1007);       // no UTF-8
        EXPECT(code_after(std::string{"\x82\xfe\x03\xe9", 4} + "abcd") == 1009);  // 1001 bytes, of which none has come
        EXPECT(code_after(std::string{"\x88\x82\0\0\0\0\x03\xec", 8}) == 1002);   // a close with 1004
        server.stop();
      },
      2);
}

TEST_CASE("websocket: its process hears from others while it waits for the client") {
  on_workers(
      [] {
        const joist::pid test = joist::self();
        const auto server = serve({}, [test](websocket& socket) {
          joist::send(test, joist::self());
          int ticks = 0;
          while (const auto m = socket.next([&](const news& n) { ++ticks, socket.send_text(n.text); }))
            socket.send_text(std::string{m->data} + std::to_string(ticks));
        });
        websocket_peer peer{server.local()};
        const auto process = joist::receive<joist::pid>();
        for (int i = 0; i < 3; ++i) joist::send(process, news{"news"});
        for (int i = 0; i < 3; ++i) EXPECT(peer.message() == "news");
        peer.text("ticks: ");
        EXPECT(peer.message() == "ticks: 3");
        server.stop();
      },
      5);
}

TEST_CASE("websocket: is closed with 1000 when its body returns, 1011 when it crashes, 1001 at a stop, or as it says") {
  on_workers(
      [] {
        const auto server = serve({.close_wait = 50ms}, [](websocket& socket) {
          while (const auto m = socket.next()) {
            if (m->data == "return") return;
            if (m->data == "crash") throw std::runtime_error{"on purpose"};
            socket.close(4321, "because");
          }
          EXPECT(socket.is_closed() && !socket.send_text("too late"));
        });
        const auto code_after = [&](std::string_view text) {
          websocket_peer peer{server.local()};
          peer.text(text);
          return peer.closed_with();
        };
        EXPECT(code_after("return") == 1000);
        EXPECT(code_after("crash") == 1011);
        EXPECT(code_after("say") == 4321);
        websocket_peer last{server.local()};
        last.raw(std::string{"\x89\x80", 2} + "abcd");
        EXPECT(last.next().what == kind::pong);
        const auto stopper = joist::spawn_monitor([server] { server.stop(); });
        EXPECT(last.closed_with() == 1001);
        EXPECT(reason_of(stopper) == joist::exit_reason::normal);
      },
      3);
}

TEST_CASE("websocket: how it ended is known to the body") {
  on_workers(
      [] {
        const joist::pid test = joist::self();
        const auto server = serve({}, [test](websocket& socket) {
          while (socket.next()) {
          }
          joist::send(test, std::pair{socket.close_reason().code, socket.close_reason().reason});
        });
        using end = std::pair<std::uint16_t, std::string>;
        {
          websocket_peer peer{server.local()};
          peer.send(ws::opcode::close, std::string{"\x0f\xa1", 2} + "four thousand and one");
          EXPECT((joist::receive<end>() == end{4001, "four thousand and one"}));
          websocket_peer silent{server.local()};
          silent.send(ws::opcode::close, {});
          EXPECT(joist::receive<end>().first == 1005);
          websocket_peer gone{server.local()};
          gone.stream().close();
        }
        EXPECT(joist::receive<end>().first == 1006);
        server.stop();
      },
      3);
}

TEST_CASE("websocket: who is silent is asked by a ping, and closed when nothing comes") {
  on_workers(
      [] {
        const auto server = serve({.ping_every = 20ms}, echo);
        websocket_peer peer{server.local()};
        for (int i = 0; i < 3; ++i) {
          EXPECT(peer.next().what == kind::ping);
          peer.send(ws::opcode::pong, {});
        }
        while (peer.next().what == kind::ping) {
        }
        EXPECT(sockets_become(2));  // the listener, and the peer's end
        server.stop();
      },
      2);
}

TEST_CASE("websocket: for clients that do not read, messages wait in bounds, then are dropped, or the client is closed") {
  on_workers(
      [] {
        const joist::pid test = joist::self();
        for (const auto policy :
             {joist::web::slow_consumer::drop, joist::web::slow_consumer::close, joist::web::slow_consumer::wait}) {
          const auto server = serve({.write = 30ms, .when_slow = policy, .queue_bytes = 300'000}, [test](websocket& socket) {
            const std::string much(100'000, 'm');
            std::size_t sent = 0;
            while (sent < 1000 && socket.send_binary(much)) ++sent;
            EXPECT(socket.queued_bytes() <= 300'000 + much.size() + 100);
            joist::send(test, std::pair{sent, socket.is_closed()});
            while (socket.next()) {
            }
          });
          websocket_peer peer{server.local()};
          const auto [sent, closed] = joist::receive<std::pair<std::size_t, bool>>();
          EXPECT(sent < 1000 && closed == (policy != joist::web::slow_consumer::drop));
          if (policy == joist::web::slow_consumer::drop) {  // what was taken comes, whole
            for (std::size_t i = 0; i < sent; ++i) EXPECT(peer.message().size() == 100'000);
          }
          server.stop();
        }
      },
      2);
}

TEST_CASE("websocket: a client that pings and does not read is closed with 1008 where its process is not to wait for it") {
  on_workers(
      [] {
        const joist::pid test = joist::self();
        for (const auto policy : {joist::web::slow_consumer::drop, joist::web::slow_consumer::close}) {
          const auto server = serve({.write = 1h, .when_slow = policy, .queue_bytes = 10'000}, [test](websocket& socket) {
            while (socket.next()) {
            }
            joist::send(test, int{socket.close_reason().code});
          });
          websocket_peer peer{server.local()};
          std::string pings;
          for (int i = 0; i < 1000; ++i) ws::append_ping(pings, std::string(125, 'p'), ws::mask_key{});
          while (peer.stream().try_write(pings, 10s)) {
          }
          EXPECT(joist::receive<int>(joist::after(10s)) == 1008);
          server.stop();
        }
      },
      2);
}

TEST_CASE("websocket: a close takes close_wait at most, also where the client takes nothing") {
  on_workers(
      [] {
        two_ends ends = connected();
        const std::string much(100'000, 'm');
        while (*ends.here.try_write_now(std::as_bytes(std::span{much})) > 0) {
        }
        const auto options = std::make_shared<const joist::web::websocket_options>(
            joist::web::websocket_options{.write = 40s, .close_wait = 30ms});
        websocket socket{std::make_unique<websocket::state>(ends.here, options, ws::decoder_options{})};
        const auto begun = joist::clock::now();
        socket.close();
        EXPECT(socket.is_closed() && joist::clock::now() - begun < 20s);
      },
      3);
}

TEST_CASE("websocket: whose handshake meets a stop is closed with 1001") {
  on_workers(
      [] {
        const auto stopper = joist::spawn_monitor([] {
          const auto server = joist::receive<joist::net::server_ref>();
          (void)joist::receive<go>();
          server.stop();
        });
        joist::web::router r;
        r.get("/", joist::web::websocket_handler({.close_wait = 50ms},
                                                 [to = stopper.process](joist::web::request&) -> joist::web::websocket_body {
                                                   joist::send(to, go{});
                                                   (void)joist::receive<joist::net::stopping>();
                                                   joist::send(joist::self(), joist::net::stopping{});
                                                   return echo;
                                                 }));
        const auto server = serve_routes(std::move(r), 50s);
        joist::send(stopper.process, server);
        websocket_peer peer{server.local()};
        EXPECT(peer.closed_with() == 1001);
        EXPECT(reason_of(stopper) == joist::exit_reason::normal);
      },
      3);
}

TEST_CASE("websocket: a client that sends without a pause does not keep its process from hearing others, nor from a close") {
  on_workers(
      [] {
        const joist::pid test = joist::self();
        const auto server = serve({.close_wait = 50ms}, [test](websocket& socket) {
          joist::send(test, joist::self());
          std::size_t heard = 0;
          while (socket.next([&](const news&) {
            if (++heard == 1000) socket.close(4000);
          })) {
          }
          EXPECT(heard == 1000 && socket.close_reason().code == 4000);
          joist::send(test, go{});
        });
        const auto over = std::make_shared<std::atomic<bool>>(false);
        const auto flood = joist::spawn_monitor([at = server.local(), over] {
          websocket_peer peer{at};
          std::string pongs;  // they are allowed, and nobody answers them
          for (int i = 0; i < 10'000; ++i) pongs += std::string{"\x8a\x80", 2} + "abcd";
          while (!*over && peer.stream().try_write(pongs)) {
          }
        });
        const auto process = joist::receive<joist::pid>();
        for (int i = 0; i < 1000; ++i) joist::send(process, news{"news"});
        EXPECT(joist::receive<go>(joist::after(20s)).has_value());
        *over = true;
        EXPECT(reason_of(flood) == joist::exit_reason::normal);
        server.stop();
      },
      2);
}

TEST_CASE("websocket: a message that comes by the byte is cut at its limit, with pings between its parts, too") {
  on_workers(
      [] {
        const auto server = serve({.message = 50ms}, echo);
        websocket_peer whole{server.local()};
        const std::string ping = std::string{"\x89\x80", 2} + "abcd";
        for (const auto& [begin, more] : {std::pair{std::string{"\x82\xfe\x03\xe8", 4} + "abcd", std::string{"x"}},
                                          std::pair{std::string{"\x02\x80", 2} + "abcd", ping},
                                          std::pair{std::string{"\x02\x80", 2} + "abcd", std::string{"\0\x80"
                                                                                                     "abcd",
                                                                                                     6}}}) {
          websocket_peer peer{server.local()};
          peer.raw(begin);
          told t;
          for (int i = 0; i < 2000 && t.what != kind::close; ++i) {
            peer.raw(more);
            joist::sleep_for(2ms);
            if (more == ping || peer.has_come()) t = peer.next();  // each ping is answered
          }
          EXPECT(t.what == kind::close && t.code == 1008);
        }
        whole.text("is not concerned");
        EXPECT(whole.message() == "is not concerned");
        server.stop();
      },
      2);
}

TEST_CASE("websocket: handshakes that are none, other origins and unknown protocols are answered by HTTP") {
  on_workers(
      [] {
        const auto server = serve({.protocols = {"chat.v2", "chat.v1"}}, [](websocket& socket) {
          socket.send_text(socket.protocol());
          echo(socket);
        });
        const auto at = server.local();
        websocket_peer none{at};
        EXPECT(none.message().empty());
        websocket_peer known{at, "/", "Sec-WebSocket-Protocol: chat.v9, chat.v1\r\n"};
        EXPECT(known.message() == "chat.v1" && has(known.answer, "Sec-WebSocket-Protocol: chat.v1\r\n"));
        websocket_peer own{at, "/", "Origin: http://localhost\r\n"};
        EXPECT(own.answer.starts_with("HTTP/1.1 101 "));
        websocket_peer other{at, "/", "Origin: https://evil.example\r\n"};
        EXPECT(other.answer.starts_with("HTTP/1.1 403 "));
        const auto status_of = [&](const std::string& fields, const std::string& body = {}) {
          joist::net::stream s = joist::net::connect(at);
          s.write("GET / HTTP/1.1\r\nHost: x\r\n" + fields + "\r\n" + body);
          return read_text(s, 12);
        };
        EXPECT(status_of("") == "HTTP/1.1 400" || status_of("") == "HTTP/1.1 426");
        EXPECT(status_of("Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 8\r\n"
                         "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n") == "HTTP/1.1 426");
        EXPECT(status_of("Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
                         "Sec-WebSocket-Key: short\r\n") == "HTTP/1.1 400");
        const std::string good =
            "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
        EXPECT(status_of(good + "Connection: Upgrade\r\nContent-Length: 0\r\n") == "HTTP/1.1 101");
        EXPECT(status_of(good + "Connection: close, Upgrade\r\n") == "HTTP/1.1 101");
        EXPECT(status_of(good + "Connection: Upgrade\r\nContent-Length: 5\r\n", "12345") == "HTTP/1.1 400");
        EXPECT(status_of(good + "Connection: Upgrade\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n") == "HTTP/1.1 400");
        server.stop();
      },
      2);
}

TEST_CASE("websocket: a body may look at the request first, and refuse it") {
  on_workers(
      [] {
        joist::web::router r;
        r.get("/room/:name", joist::web::websocket_handler({}, [](joist::web::request& in) -> joist::web::websocket_body {
                if (in.param("name") == "closed") throw joist::web::http_error{403, "closed"};
                return [name = std::string{in.param("name")}](websocket& socket) {
                  while (const auto m = socket.next()) socket.send_text(name + ": " + std::string{m->data});
                };
              }));
        joist::web::server_options o{.at = endpoint::loopback(0)};
        o.drain = 100ms;
        const auto server = joist::web::start_server(o, r);
        websocket_peer peer{server.local(), "/room/blue"};
        peer.text("hi");
        EXPECT(peer.message() == "blue: hi");
        EXPECT(websocket_peer(server.local(), "/room/closed").answer.starts_with("HTTP/1.1 403 "));
        server.stop();
      },
      2);
}
