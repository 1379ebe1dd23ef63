#include <joist/web/websocket_client.hpp>

#include <joist/web/http_error.hpp>
#include <joist/web/server.hpp>

#include <functional>
#include <set>
#include <string>
#include <vector>

#include "support/ends.hpp"
#include "support/sockets.hpp"
#include "support/websocket_server.hpp"
#include "support/world.hpp"
#include "web/websocket/accept_key.hpp"
#include "web/websocket/decoder.hpp"
#include "web/websocket/encoder.hpp"
#include "web/websocket/mask_keys.hpp"

using namespace std::chrono_literals;
using namespace support;
using joist::net::endpoint;
using joist::net::stream;
using joist::web::client_error;
using joist::web::websocket;
using joist::web::websocket_client_options;
using kind = joist::web::client_error::kind;
namespace ws = joist::web::ws;

namespace {

joist::net::server_ref serve(joist::web::websocket_options options, joist::web::websocket_body body) {
  joist::web::router r;
  r.get("/", joist::web::websocket_handler(std::move(options), std::move(body)));
  r.get("/moved", [](const joist::web::request&) { return joist::web::redirect("/"); });
  r.get("/who", joist::web::websocket_handler({}, [](joist::web::request& in) -> joist::web::websocket_body {
          if (in.field("Authorization") != "Bearer 7") throw joist::web::http_error{401, "who are you"};
          return [](websocket& socket) { socket.send_text("come in"); };
        }));
  return serve_routes(std::move(r));
}

std::string url_of(const joist::net::server_ref& server, const std::string& path = "/") {
  return "ws://" + server.local().to_string() + path;
}

struct news {
  std::string text;
};

/// A server of one connection that answers a handshake as `answer` makes it of the key; then `then` has the connection.
std::string hostile(std::function<std::string(const std::string& key)> answer, std::function<void(stream&)> then = {}) {
  auto door = joist::net::listen(endpoint::loopback(0));
  const std::string url = "ws://" + door.local().to_string() + "/";
  joist::spawn_link([door = std::move(door), answer = std::move(answer), then = std::move(then)]() mutable {
    stream peer = door.accept();
    std::string head;
    std::array<char, 4096> buffer{};
    while (head.find("\r\n\r\n") == head.npos) {
      const auto got = peer.read_some(std::as_writable_bytes(std::span{buffer}), 20s);
      if (got == 0) return;
      head.append(buffer.data(), got);
    }
    const std::string name = "Sec-WebSocket-Key: ";
    const auto key = head.substr(head.find(name) + name.size(), 24);
    (void)peer.try_write(answer(key), 20s);
    if (then) then(peer);
    if (peer.is_open()) (void)peer.try_read_some(std::as_writable_bytes(std::span{buffer}), 20s);
  });
  return url;
}

std::string agreed(const std::string& key, const std::string& more = {}) {
  return "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: " +
         ws::accept_key(key) + "\r\n" + more + "\r\n";
}

client_error error_of(const std::string& url, const websocket_client_options& options = {}) {
  const auto made = websocket::try_connect(url, options);
  EXPECT(!made);
  return made.error();
}

bool has(std::string_view text, std::string_view part) { return text.find(part) != text.npos; }

}  // namespace

TEST_CASE("websocket::connect: text and bytes go to a server and back, of every length that has its own form") {
  on_workers(
      [] {
        for (const bool compress : {false, true}) {
          const auto server = serve({.compress = compress}, echo);
          auto socket = websocket::connect(url_of(server), {.socket = {.compress = compress}});
          for (const std::size_t bytes : {0U, 1U, 125U, 126U, 4095U, 65535U, 65536U, 200'000U}) {
            const std::string payload(bytes, 'x');
            EXPECT(socket.send_text(payload));
            const auto text = socket.next();
            EXPECT(text && text->is_text && text->data == payload);
            EXPECT(socket.send_binary(payload));
            const auto back = socket.next();
            EXPECT(back && !back->is_text && back->data == payload);
          }
          EXPECT(socket.ping());
          EXPECT(socket.remote() == server.local());
          socket.close(1000, "bye");
          EXPECT(socket.is_closed() && socket.close_reason().code == 1000 && !socket.next());
          server.stop();
        }
        EXPECT(sockets_become(0));
      },
      3);
}

TEST_CASE("websocket::connect: agrees on a subprotocol, and shows who it is") {
  on_workers(
      [] {
        const auto server = serve({.protocols = {"b", "a"}}, echo);
        EXPECT(websocket::connect(url_of(server), {.socket = {.protocols = {"a", "b"}}}).protocol() == "a");
        EXPECT(websocket::connect(url_of(server), {.socket = {.protocols = {"c"}}}).protocol().empty());
        EXPECT(websocket::connect(url_of(server)).protocol().empty());
        const client_error unknown = error_of(url_of(server, "/who"));
        EXPECT(unknown.what == kind::no_upgrade && has(unknown.text, "got 401"));
        auto socket = websocket::connect(url_of(server, "/who"), {.fields = {{"Authorization", "Bearer 7"}}});
        EXPECT(socket.next()->data == "come in");
        EXPECT(!socket.next() && socket.close_reason().code == 1000);
        server.stop();
      },
      2);
}

TEST_CASE("websocket::connect: messages of processes are heard between those of the server") {
  on_workers(
      [] {
        const auto server = serve({}, echo);
        auto socket = websocket::connect(url_of(server));
        joist::send(joist::self(), news{"from a process"});
        const auto said = socket.next([&socket](const news& n) { socket.send_text(n.text); });
        EXPECT(said && said->data == "from a process");
        websocket moved = std::move(socket);
        EXPECT(moved.send_text("still open") && moved.next()->data == "still open");
        server.stop();
      },
      2);
}

TEST_CASE("websocket::connect: who is let go of says 1001, and who is killed leaves nothing behind") {
  on_workers(
      [] {
        const joist::pid test = joist::self();
        const auto server = serve({}, [test](websocket& socket) {
          while (socket.next()) {
          }
          joist::send(test, socket.close_reason().code);
        });
        { const auto socket = websocket::connect(url_of(server)); }
        EXPECT(joist::receive<std::uint16_t>() == 1001);
        const auto killed = joist::spawn_monitor([url = url_of(server), test] {
          auto socket = websocket::connect(url);
          joist::send(test, go{});
          (void)socket.next();
        });
        joist::receive<go>();
        joist::exit(killed.process, joist::exit_reason::kill);
        const auto code = joist::receive<std::uint16_t>();
        EXPECT(code == 1001 || code == 1006);
        server.stop();
        EXPECT(sockets_become(0));
      },
      3);
}

TEST_CASE("websocket::connect: a server that proves nothing, or agrees on what was not offered, is refused") {
  on_workers(
      [] {
        const auto refused = [](const std::function<std::string(const std::string&)>& answer, std::string_view why,
                                const websocket_client_options& options = {}) {
          const client_error e = error_of(hostile(answer), options);
          EXPECT(e.what == kind::no_upgrade && e.text.starts_with("WebSocket ws://127.0.0.1:") && has(e.text, why));
        };
        refused([](const std::string&) { return agreed("dGhlIHNhbXBsZSBub25jZQ=="); }, "Sec-WebSocket-Accept");
        refused([](const std::string&) { return std::string{"HTTP/1.1 200 OK\r\n\r\n"}; }, "got 200");
        refused([](const std::string&) { return std::string{"HTTP/1.1 302 Found\r\nLocation: wss://evil/\r\n\r\n"}; },
                "got 302, to wss://evil/");
        refused([](const std::string&) { return std::string{"HTTP/1.1 101 Switching\r\n\r\n"}; }, "Upgrade");
        refused([](const std::string& key) { return agreed(key, "Sec-WebSocket-Protocol: chat\r\n"); },
                "Sec-WebSocket-Protocol");
        refused([](const std::string& key) { return agreed(key, "Sec-WebSocket-Protocol: chat\r\n"); },
                "Sec-WebSocket-Protocol", {.socket = {.protocols = {"Chat"}}});
        refused([](const std::string& key) { return agreed(key, "Sec-WebSocket-Extensions: permessage-deflate\r\n"); },
                "Sec-WebSocket-Extensions");
        refused([](const std::string& key) { return agreed(key, "Sec-WebSocket-Extensions: permessage-deflate\r\n"); },
                "Sec-WebSocket-Extensions", {.socket = {.compress = true}});  // with context takeover
        EXPECT(error_of(hostile([](const std::string&) { return std::string{"nonsense\r\n\r\n"}; })).what == kind::protocol);
        EXPECT(error_of(hostile([](const std::string&) {
                 return "HTTP/1.1 101 S\r\nA: " + std::string(100'000, 'x');
               })).what == kind::too_large);
        EXPECT(error_of(hostile([](const std::string&) { return std::string{"HTTP/1.1 101"}; }), {.handshake = 30ms}).what ==
               kind::timed_out);
        EXPECT(error_of(hostile([](const std::string&) { return std::string{}; }, [](stream& s) { s.close(); })).what ==
               kind::closed);
      },
      2);
}

TEST_CASE("websocket::connect: redirects are not followed, and URLs of http are not asked") {
  on_workers(
      [] {
        const auto server = serve({}, echo);
        const client_error moved = error_of(url_of(server, "/moved"));
        EXPECT(moved.what == kind::no_upgrade && has(moved.text, "got 303, to /"));
        EXPECT(error_of("http" + url_of(server).substr(2)).what == kind::bad_url);
        EXPECT(error_of("nonsense").what == kind::bad_url);
        server.stop();
        EXPECT(error_of("ws://127.0.0.1:1/").what == kind::connect);
      },
      1);
}

TEST_CASE("websocket::connect: frames that come with the handshake are read, each of ours is masked by another key") {
  on_workers(
      [] {
        const joist::pid test = joist::self();
        const auto url = hostile(
            [](const std::string& key) {
              std::string all = agreed(key);
              ws::append_message(all, ws::opcode::text, "early");
              return all;
            },
            [test](stream& peer) {
              for (int i = 0; i < 40; ++i) {
                const std::string frame = read_text(peer, 2 + 4 + 5);
                EXPECT(frame.size() == 11 && static_cast<unsigned char>(frame[1]) == 0x85);  // masked, five bytes
                joist::send(test, frame.substr(2, 4));
              }
            });
        auto socket = websocket::connect(url);
        EXPECT(socket.next()->data == "early");
        std::set<std::string> keys;
        for (int i = 0; i < 40; ++i) {
          EXPECT(socket.send_text("hello"));
          keys.insert(joist::receive<std::string>());
        }
        EXPECT(keys.size() >= 39);  // of 2^32
      },
      2);
}

TEST_CASE("websocket::connect: a server that breaks the protocol is told so, and the connection is over") {
  on_workers(
      [] {
        const auto ends_with = [](const std::string& bytes) {
          auto socket = websocket::connect(hostile([](const std::string& key) { return agreed(key); },
                                                   [bytes](stream& peer) { (void)peer.try_write(bytes, 20s); }),
                                           {.socket = {.max_message_bytes = 1000}});
          while (socket.next()) {
          }
          return socket.close_reason().code;
        };
        std::string masked, large, good;
        ws::append_message(masked, ws::opcode::text, "x", ws::mask_key{1, 2, 3, 4});
        ws::append_message(large, ws::opcode::binary, std::string(1001, 'x'));
        ws::append_close(good, ws::close_code::normal, "bye");
        EXPECT(ends_with(masked) == 1002);
        EXPECT(ends_with(large) == 1009);
        EXPECT(ends_with(std::string{"\x81\x01\xff", 3}) == 1007);
        EXPECT(ends_with(good) == 1000);
      },
      2);
}

TEST_CASE("websocket::connect: a server that is silent is asked by a ping, and left when it does not answer") {
  on_workers(
      [] {
        auto socket = websocket::connect(hostile([](const std::string& key) { return agreed(key); },
                                                 [](stream& peer) {
                                                   EXPECT(read_text(peer, 6).size() == 6);  // a masked ping
                                                   joist::sleep_for(20s);
                                                 }),
                                         {.socket = {.ping_every = 30ms}});
        EXPECT(!socket.next() && socket.close_reason().code == 1006);
      },
      1);
}

TEST_CASE("websocket::connect: options that make no sense are refused") {
  on_workers(
      [] {
        const auto wrong = [](websocket_client_options o) {
          return refuses(joist::errc::bad_argument, [&] { (void)websocket::try_connect("ws://127.0.0.1:1/", o); });
        };
        EXPECT(wrong({.socket = {.max_message_bytes = 0}}));
        EXPECT(wrong({.socket = {.protocols = {"a b"}}}));
        EXPECT(wrong({.fields = {{"Connection", "close"}}}));
        EXPECT(wrong({.fields = {{"Upgrade", "h2c"}}}));
      },
      1);
}

TEST_CASE("mask_keys: no key comes again and again") {
  ws::mask_keys keys;
  std::set<ws::mask_key> seen;
  for (int i = 0; i < 1000; ++i) seen.insert(keys.next());
  CHECK(seen.size() >= 999);
}
