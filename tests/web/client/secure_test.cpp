// web::client and websocket::connect over TLS: whom they trust, and whom they do not.
#include <joist/tls/server.hpp>
#include <joist/web/client.hpp>
#include <joist/web/websocket_client.hpp>

#include <sys/socket.h>

#include <string>

#include "support/secured.hpp"
#include "support/world.hpp"
#include "web/websocket/accept_key.hpp"
#include "web/websocket/encoder.hpp"

using namespace std::chrono_literals;
using namespace support;
using joist::net::stream;
using joist::web::client;
using joist::web::websocket;
using kind = joist::web::client_error::kind;
namespace ws = joist::web::ws;

namespace {

/// An authority, and a server of `localhost` that it has signed.
struct local_world {
  certificate authority = make_authority("Joist test authority");
  certificate server = make_certificate({.subject = "localhost", .names = "DNS:localhost"}, &authority);

  [[nodiscard]] joist::tls::client_context trusting() const {
    return joist::tls::client_context{{.authorities = joist::tls::pem::text(authority.pem)}};
  }
};

const local_world& world() {
  static const local_world made;
  return made;
}

std::string read_head(stream& from) {
  std::string head;
  std::array<char, 1> c{};
  while (!head.ends_with("\r\n\r\n")) {
    const auto got = from.try_read_some(std::as_writable_bytes(std::span{c}), 20s);
    if (!got || *got == 0) return {};
    head += c[0];
  }
  return head;
}

// Answers requests with a number that counts those of the connection; a WebSocket with one message.
void answer(stream& peer) {
  for (int i = 0;; ++i) {
    const std::string head = read_head(peer);
    if (head.empty()) return;
    const std::string name = "Sec-WebSocket-Key: ";
    if (const auto at = head.find(name); at != head.npos) {
      std::string out =
          "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
          "Sec-WebSocket-Accept: " +
          ws::accept_key(head.substr(at + name.size(), 24)) + "\r\n\r\n";
      ws::append_message(out, ws::opcode::text, "secret");
      ws::append_close(out, ws::close_code::normal);
      peer.write(out);
      (void)read_head(peer);
      return;
    }
    peer.write("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n" + std::to_string(i));
  }
}

joist::net::server_ref serve(const certificate& own) {
  const joist::tls::server_context context{{.certificates = {as_texts(own)}, .alpn = {"http/1.1"}}};
  joist::net::server_options o{.at = joist::net::endpoint::loopback(0)};
  o.drain = 50ms;
  return joist::net::start_server(o, joist::tls::secured(context, answer));
}

std::string url_of(const joist::net::server_ref& server, const std::string& scheme = "https",
                   const std::string& host = "localhost") {
  return scheme + "://" + host + ":" + std::to_string(server.local().port()) + "/";
}

kind kind_of(const joist::result<joist::web::client_response, joist::web::client_error>& r, std::string_view why) {
  EXPECT(!r);
  EXPECT(r.error().text.find(why) != std::string::npos);
  return r.error().what;
}

}  // namespace

TEST_CASE("web::client: https asks a server that its authority has signed, and keeps the connection") {
  on_workers(
      [] {
        const auto server = serve(world().server);
        const client http{{.tls = world().trusting()}};
        EXPECT(http.get(url_of(server)).body() == "0");
        EXPECT(http.get(url_of(server)).body() == "1");
        EXPECT(http.get(url_of(server)).body() == "2");
        EXPECT(server.counts().accepted == 1 && http.counts().idle == 1);
        server.stop();
        for (int i = 0; i < 4000 && http.counts().idle > 0; ++i) joist::sleep_for(2ms);
        EXPECT(http.counts().idle == 0);
      },
      3);
}

TEST_CASE("web::client: https refuses who signs himself, who is another, and who does not speak TLS") {
  on_workers(
      [] {
        const client trusting{{.tls = world().trusting()}};
        const client usual;
        const auto own = serve(make_certificate("localhost"));
        EXPECT(kind_of(trusting.try_get(url_of(own)), "GET https://localhost:") == kind::tls);
        EXPECT(kind_of(usual.try_get(url_of(own)), "TLS: ") == kind::tls);
        const auto right = serve(world().server);
        EXPECT(kind_of(usual.try_get(url_of(right)), "TLS: ") == kind::tls);  // the system does not know this authority
        EXPECT(kind_of(trusting.try_get(url_of(right, "https", "127.0.0.1")), "TLS: ") == kind::tls);
        EXPECT(kind_of(trusting.try_get(url_of(right, "http")), "GET http://localhost:") != kind::tls);
        joist::net::server_options o{.at = joist::net::endpoint::loopback(0)};
        o.drain = 50ms;
        const auto plain = joist::net::start_server(o, [](stream& peer) { peer.write("HTTP/1.1 400 Bad Request\r\n\r\n"); });
        EXPECT(kind_of(trusting.try_get(url_of(plain)), "TLS: ") == kind::tls);
        const auto silent = joist::net::start_server(o, [](stream& peer) {
          std::array<std::byte, 1000> nowhere{};
          while (peer.read_some(nowhere) > 0) {
          }
        });
        const client hurried{{.times = {.connect = 50ms}, .tls = world().trusting()}};
        EXPECT(kind_of(hurried.try_get(url_of(silent)), "GET https://localhost:") == kind::timed_out);
        EXPECT(trusting.counts().in_use == 0 && usual.counts().in_use == 0 && hurried.counts().in_use == 0);
        for (const auto& s : {own, right, plain, silent}) s.stop();
      },
      2);
}

TEST_CASE("web::client: https never leads to http") {
  on_workers(
      [] {
        const joist::tls::server_context context{{.certificates = {as_texts(world().server)}}};
        joist::net::server_options o{.at = joist::net::endpoint::loopback(0)};
        o.drain = 50ms;
        const auto server = joist::net::start_server(o, joist::tls::secured(context, [](stream& peer) {
                                                       (void)read_head(peer);
                                                       peer.write(
                                                           "HTTP/1.1 302 Found\r\nContent-Length: 0\r\n"
                                                           "Location: http://localhost/\r\n\r\n");
                                                     }));
        const client http{{.tls = world().trusting()}};
        EXPECT(kind_of(http.try_get(url_of(server)), "from https to http") == kind::bad_redirect);
        EXPECT(http.send({.url = url_of(server), .max_redirects = 0}).status() == 302);
        server.stop();
      },
      2);
}

TEST_CASE("web::client: over TLS, only what the server says is the end of a body is one") {
  on_workers(
      [] {
        const joist::tls::server_context context{{.certificates = {as_texts(world().server)}}};
        joist::net::server_options o{.at = joist::net::endpoint::loopback(0)};
        o.drain = 50ms;
        const auto cut = joist::net::start_server(o, joist::tls::secured(context, [](stream& peer) {
                                                    (void)read_head(peer);
                                                    peer.write("HTTP/1.1 200 OK\r\n\r\npart of it");
                                                    ::shutdown(peer.native_handle(), SHUT_WR);  // and no close_notify
                                                    (void)read_head(peer);
                                                  }));
        const auto whole = joist::net::start_server(o, joist::tls::secured(context, [](stream& peer) {
                                                      (void)read_head(peer);
                                                      peer.write("HTTP/1.1 200 OK\r\n\r\nall of it");
                                                    }));
        const client http{{.tls = world().trusting()}};
        EXPECT(kind_of(http.try_get(url_of(cut)), "the connection broke") == kind::closed);
        EXPECT(http.get(url_of(whole)).body() == "all of it");
        cut.stop();
        whole.stop();
      },
      2);
}

TEST_CASE("websocket::connect: wss trusts as https does") {
  on_workers(
      [] {
        const auto server = serve(world().server);
        {
          auto socket = websocket::connect(url_of(server, "wss"), {.tls = world().trusting()});
          EXPECT(socket.next()->data == "secret");
          EXPECT(!socket.next() && socket.close_reason().code == 1000);
        }
        const auto refused = websocket::try_connect(url_of(server, "wss"), {});
        EXPECT(!refused && refused.error().what == kind::tls);
        server.stop();
      },
      2);
}
