#include "web/http/response_writer.hpp"

#include <joist/error.hpp>

#include <string>

#include "support/catch.hpp"

using namespace joist::web::http;
namespace web = joist::web;

namespace {

struct written {
  std::string bytes;
  framing frame;
};
written write(const web::response& answer, const exchange& with = {}) {
  written w;
  w.frame = append_head(w.bytes, answer, with);
  return w;
}
web::response streamed() {
  return web::stream("text/csv", [](web::body_sink&) {});
}

}  // namespace

TEST_CASE("response_writer: a head has the status, the fields, the date and the length of the body") {
  const written w = write(web::text("hello").with_field("X", "y"), {.date = "Sun, 06 Nov 1994 08:49:37 GMT"});
  CHECK(w.bytes ==
        "HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\nX: y\r\n"
        "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\nContent-Length: 5\r\n\r\n");
  CHECK(w.frame.body == body_framing::sized);
  CHECK(w.frame.size == 5);
  CHECK(w.frame.keep_alive);
  CHECK(write(web::redirect("/x")).bytes == "HTTP/1.1 303 See Other\r\nLocation: /x\r\nContent-Length: 0\r\n\r\n");
  CHECK(write(web::status_page(599)).bytes.starts_with("HTTP/1.1 599 \r\n"));
  CHECK(write(web::text("").with_field("Date", "today"), {.date = "now"}).bytes.find("now") == std::string::npos);
  CHECK(write(web::redirect("/x"), {.server = "us"}).bytes.find("\r\nServer: us\r\n") != std::string::npos);
  CHECK(write(web::text("").with_field("Server", "own"), {.server = "us"}).bytes.find("us") == std::string::npos);
}

TEST_CASE("response_writer: a body of unknown length is sent in chunks, and to HTTP/1.0 until the connection is closed") {
  CHECK(write(streamed()).bytes == "HTTP/1.1 200 OK\r\nContent-Type: text/csv\r\nTransfer-Encoding: chunked\r\n\r\n");
  CHECK(write(streamed()).frame.body == body_framing::chunked);
  const written old = write(streamed(), {.version = web::http_version::http_1_0, .keep_alive = true});
  CHECK(old.bytes == "HTTP/1.1 200 OK\r\nContent-Type: text/csv\r\nConnection: close\r\n\r\n");
  CHECK(old.frame.body == body_framing::until_close);
  CHECK_FALSE(old.frame.keep_alive);
  std::string out;
  append_chunk_begin(out, 0xabc);
  out.append("...").append(chunk_end).append(last_chunk);
  CHECK(out == "abc\r\n...\r\n0\r\n\r\n");
}

TEST_CASE("response_writer: a stream that knows its length says so") {
  web::response sized;
  sized.body = web::streamed_body{[](web::body_sink&) {}, 7};
  CHECK(write(sized).frame.size == 7);
  const written w = write(streamed().with_field("content-length", "9"));
  CHECK(w.bytes == "HTTP/1.1 200 OK\r\nContent-Type: text/csv\r\nContent-Length: 9\r\n\r\n");
  CHECK(w.frame.body == body_framing::sized);
  CHECK(w.frame.size == 9);
}

TEST_CASE("response_writer: behind HEAD, 204, 304 and 101 comes no body") {
  const written head = write(web::text("hello"), {.method = "HEAD"});
  CHECK(head.bytes.find("Content-Length: 5\r\n") != std::string::npos);
  CHECK(head.frame.body == body_framing::none);
  const written streamed_head = write(streamed(), {.method = "HEAD"});
  CHECK(streamed_head.bytes == "HTTP/1.1 200 OK\r\nContent-Type: text/csv\r\n\r\n");
  CHECK(streamed_head.frame.keep_alive);
  CHECK(write(web::no_content()).bytes == "HTTP/1.1 204 No Content\r\n\r\n");
  for (const int status : {204, 304}) {
    const written w = write(web::text("a mistake").with_status(status));
    CHECK(w.bytes.find("Content-Length") == std::string::npos);
    CHECK(w.frame.body == body_framing::none);
  }
  CHECK(write(web::text("a mistake").with_status(205)).bytes.find("Content-Length: 0\r\n") != std::string::npos);
  web::response upgrade;
  upgrade.status = 101;
  upgrade.fields.add("Connection", "Upgrade").add("Upgrade", "websocket");
  CHECK(write(upgrade).bytes == "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
}

TEST_CASE("response_writer: who stays connected") {
  const auto connection = [](const web::response& answer, web::http_version version, bool keep) {
    const written w = write(answer, {.version = version, .keep_alive = keep});
    const auto at = w.bytes.find("Connection: ");
    const std::string said = at == std::string::npos ? "" : w.bytes.substr(at + 12, w.bytes.find('\r', at) - at - 12);
    return said + (w.frame.keep_alive ? "+" : "-");
  };
  using web::http_version;
  CHECK(connection(web::text(""), http_version::http_1_1, true) == "+");
  CHECK(connection(web::text(""), http_version::http_1_1, false) == "close-");
  CHECK(connection(web::text(""), http_version::http_1_0, true) == "keep-alive+");
  CHECK(connection(web::text(""), http_version::http_1_0, false) == "close-");
  CHECK(connection(web::text("").with_field("Connection", "x, Close"), http_version::http_1_1, true) == "close-");
  CHECK(connection(web::text("").with_field("Connection", "keep-alive"), http_version::http_1_1, false) == "close-");
  CHECK(connection(web::text("").with_field("Upgrade", "websocket"), http_version::http_1_1, true) == "upgrade+");
  CHECK(connection(web::text("").with_field("Upgrade", "websocket"), http_version::http_1_1, false) == "close, upgrade-");
}

TEST_CASE("response_writer: what a handler sets cannot break the framing") {
  CHECK(write(web::text("five!").with_field("Content-Length", "5")).bytes.find("Content-Length: 5\r\n\r\n") !=
        std::string::npos);
  std::string out{"before"};
  const auto refused = [&out](const web::response& answer) {
    CHECK_THROWS_AS(append_head(out, answer, {}), joist::error);
    CHECK(out == "before");
  };
  refused(web::text("five!").with_field("Content-Length", "6"));
  refused(web::text("five!").with_field("Content-Length", "-5"));
  refused(web::text("five!").with_field("Content-Length", "5, 5"));
  web::response twice = web::text("five!");
  twice.fields.add("Content-Length", "5").add("content-length", "5");
  refused(twice);
  refused(web::text("x").with_field("Transfer-Encoding", "chunked"));
  refused(streamed().with_field("transfer-encoding", "identity"));
  for (const int status : {0, 99, 100, 102, 600, 1000, -200}) refused(web::text("x").with_status(status));
  // Those of one hop are the writer's.
  const written w =
      write(web::text("x").with_field("Keep-Alive", "timeout=5").with_field("Trailer", "X").with_field("A", "b"));
  CHECK(w.bytes == "HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\nA: b\r\nContent-Length: 1\r\n\r\n");
}

TEST_CASE("response_writer: a handler that answers HEAD itself says what GET would send") {
  web::response head;
  head.fields.add("Content-Length", "12345");
  const written w = write(head, {.method = "HEAD"});
  CHECK(w.bytes == "HTTP/1.1 200 OK\r\nContent-Length: 12345\r\n\r\n");
  CHECK(w.frame.body == body_framing::none);
}
