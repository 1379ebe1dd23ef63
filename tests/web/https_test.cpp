// The server of web/server.hpp behind TLS.
#include <joist/telemetry.hpp>
#include <joist/tls/stream.hpp>
#include <joist/web/server.hpp>
#include <joist/web/websocket.hpp>

#include <cstdio>
#include <string>

#include "support/ends.hpp"
#include "support/secured.hpp"
#include "support/temporary_folder.hpp"
#include "support/world.hpp"
#include "web/websocket/decoder.hpp"
#include "web/websocket/encoder.hpp"

using namespace std::chrono_literals;
using namespace support;
using joist::net::endpoint;
using joist::net::stream;
using joist::web::request;
namespace ws = joist::web::ws;

namespace {

joist::web::router routes() {
  joist::web::router r;
  r.get("/secure", [](const request& in) { return joist::web::text(in.is_secure() ? "yes" : "no"); });
  r.post("/count", [](request& in) { return joist::web::text(std::to_string(in.body().size())); });
  r.get("/big", [](const request&) { return joist::web::text(std::string(3'000'000, 'x')); });
  r.get("/crash", [](const request&) -> joist::web::response { throw std::runtime_error{"secret"}; });
  r.get("/half", [](const request&) {
    return joist::web::stream("text/plain", [](joist::web::body_sink& to) {
      to.write("half");
      throw std::runtime_error{"in the middle"};
    });
  });
  r.get("/ws", joist::web::websocket_handler({}, [](joist::web::websocket& socket) {
          while (const auto m = socket.next()) socket.send_text(m->data);
        }));
  return r;
}

joist::web::server_options here(const tls_world& w) {
  joist::web::server_options o{.at = endpoint::loopback(0), .tls = w.server_context()};
  o.drain = 50ms;
  return o;
}

stream connect(const joist::net::server_ref& server, const tls_world& w) {
  stream s = joist::net::connect(server.local());
  joist::tls::connect(s, w.client_context(), tls_host, 20s);
  return s;
}

/// All that comes until the server closes; and why that was.
std::pair<std::string, std::error_code> rest_of(stream& s) {
  std::string all;
  std::array<char, 16384> buffer{};
  for (;;) {
    const auto got = s.try_read_some(std::as_writable_bytes(std::span{buffer}), 20s);
    if (!got) return {all, got.error()};
    if (*got == 0) return {all, {}};
    all.append(buffer.data(), *got);
  }
}

bool ends(const std::string& answer, const std::string& body) { return answer.ends_with("\r\n\r\n" + body); }

}  // namespace

TEST_CASE("https: requests are answered, one after the other on a connection, and know that they are secure") {
  on_workers(
      [] {
        const tls_world w;
        const auto server = joist::web::start_server(here(w), routes());
        stream s = connect(server, w);
        for (int i = 0; i < 3; ++i) {
          s.write("GET /secure HTTP/1.1\r\nHost: x\r\n\r\n");
          std::string answer;
          while (!ends(answer, "yes")) answer += read_text(s, 1);
        }
        const std::string body(400'000, 'b');
        s.write("POST /count HTTP/1.1\r\nHost: x\r\nContent-Length: 400000\r\n\r\n" + body +
                "GET /big HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
        const auto [answers, why] = rest_of(s);
        EXPECT(!why && answers.find("\r\n\r\n400000HTTP/1.1 200 ") != answers.npos);
        EXPECT(ends(answers, std::string(3'000'000, 'x')));
        s.close();
        server.stop();
        EXPECT(sockets_become(0));
      },
      3);
}

TEST_CASE("https: a handler is told who the client is, by its certificate") {
  on_workers(
      [] {
        const tls_world w;
        const certificate clients = make_authority("clients");
        auto by = w.server_options();
        by.clients = joist::tls::client_certificates::required;
        by.client_authorities = joist::tls::pem::text(clients.pem);
        joist::web::router r;
        r.get("/",
              [](const request& in) { return joist::web::text(in.security() ? in.security()->peer_subject : "nobody"); });
        auto options = here(w);
        options.tls = joist::tls::server_context{by};
        const auto server = joist::web::start_server(options, r);
        auto with = w.client_options();
        with.own = as_texts(make_certificate({.subject = "ann"}, &clients));
        stream s = joist::net::connect(server.local());
        joist::tls::connect(s, joist::tls::client_context{with}, tls_host, 20s);
        s.write("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
        EXPECT(ends(rest_of(s).first, "CN=ann"));
        s.close();
        server.stop();
        EXPECT(!request{{}}.security());
      },
      2);
}

TEST_CASE("https: files are sent, and an answer that breaks off is not taken for a whole one") {
  on_workers(
      [] {
        const tls_world w;
        const joist_test::temporary_folder folder;
        folder.write("file", std::string(500'000, 'f'));
        joist::web::router r = routes();
        r.get("/file", [path = (folder.path() / "file").string()](const request&) {
          return joist::web::send_file(joist::web::open_file::at(path).value(), "text/plain");
        });
        const auto server = joist::web::start_server(here(w), r);
        stream s = connect(server, w);
        s.write("GET /file HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
        const auto [file, why] = rest_of(s);
        EXPECT(!why && ends(file, std::string(500'000, 'f')));
        s = connect(server, w);
        s.write("GET /half HTTP/1.0\r\n\r\n");
        const auto [half, cut] = rest_of(s);
        EXPECT(ends(half, "half") && cut == joist::tls::errc::truncated);
        s = connect(server, w);
        s.write("GET /crash HTTP/1.1\r\nHost: x\r\n\r\n");
        EXPECT(rest_of(s).first.starts_with("HTTP/1.1 500 "));
        s.close();
        server.stop();
        EXPECT(sockets_become(0));
      },
      2);
}

TEST_CASE("https: plain HTTP is told what is spoken here, and whoever does not come to an end of the handshake is closed") {
  on_workers(
      [] {
        const tls_world w;
        auto options = here(w);
        options.times.first_byte = 100ms;
        const auto server = joist::web::start_server(options, routes());
        stream plain = joist::net::connect(server.local());
        plain.write("GET /secure HTTP/1.1\r\nHost: x\r\n\r\n");
        const std::string told = rest_of(plain).first;
        EXPECT(told.starts_with("HTTP/1.1 400 ") && told.ends_with("https:// URLs"));
        stream silent = joist::net::connect(server.local());
        EXPECT(rest_of(silent).first.empty());
        stream begins = joist::net::connect(server.local());
        begins.write(std::string{"\x16\x03\x01\x02\0\x01", 6});
        EXPECT(rest_of(begins).first.empty());
        for (stream* each : {&plain, &silent, &begins}) each->close();
        server.stop();
        EXPECT(sockets_become(0));
      },
      2);
}

TEST_CASE("https: a WebSocket runs over it") {
  on_workers(
      [] {
        const tls_world w;
        const auto server = joist::web::start_server(here(w), routes());
        stream s = connect(server, w);
        s.write(
            "GET /ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n");
        std::string answer;
        while (!answer.ends_with("\r\n\r\n")) answer += read_text(s, 1);
        EXPECT(answer.starts_with("HTTP/1.1 101 "));
        for (const std::size_t bytes : {std::size_t{5}, std::size_t{70'000}}) {
          const std::string payload(bytes, 'p');
          std::string frame;
          ws::append_frame(frame, {.op = ws::opcode::text, .masked = ws::mask_key{1, 2, 3, 4}, .payload_bytes = bytes},
                           payload);
          s.write(frame);
          const std::size_t head = bytes < 126 ? 2 : 10;
          EXPECT(read_text(s, head + bytes).substr(head) == payload);
        }
        std::string close;
        ws::append_frame(close, {.op = ws::opcode::close, .masked = ws::mask_key{1, 2, 3, 4}, .payload_bytes = 2},
                         "\x03\xe8");
        s.write(close);
        const auto [closed, why] = rest_of(s);
        EXPECT(!why && closed == std::string{"\x88\x02\x03\xe8", 4});
        s.close();
        server.stop();
        EXPECT(sockets_become(0));
      },
      3);
}
