#include "web/client/request_writer.hpp"

#include <joist/error.hpp>

#include <string>

#include "support/catch.hpp"

using joist::web::fields;
using joist::web::url;
using joist::web::http::body_framing;

namespace {

std::string written(const joist::web::http::outgoing_head& head) {
  std::string out;
  joist::web::http::append_request_head(out, head);
  return out;
}

bool is_refused(std::string_view method, const fields& own, std::string_view why) {
  try {
    joist::web::http::check_head(method, own);
  } catch (const joist::error& e) {
    INFO(e.what());
    CHECK(std::string_view{e.what()}.find(why) != std::string_view::npos);
    return e.code() == joist::errc::bad_argument;
  }
  return false;
}

}  // namespace

TEST_CASE("request_writer: a head has its line, its host, its fields, and says how long the body is") {
  const url to{"http://example.org:8080/a%20b?c=d"};
  const fields none, some{{"X-A", "1"}, {"x-a", "2"}};
  CHECK(written({.method = "GET", .to = to, .own = none}) ==
        "GET /a%20b?c=d HTTP/1.1\r\nHost: example.org:8080\r\nAccept-Encoding: identity\r\n\r\n");
  CHECK(
      written({.method = "PUT", .to = to, .own = some, .body = body_framing::sized, .body_bytes = 7, .user_agent = "me"}) ==
      "PUT /a%20b?c=d HTTP/1.1\r\nHost: example.org:8080\r\nX-A: 1\r\nx-a: 2\r\nUser-Agent: me\r\nAccept-Encoding: "
      "identity\r\nContent-Length: 7\r\n\r\n");
  CHECK(written({.method = "POST", .to = to, .own = none, .body = body_framing::chunked})
            .ends_with("Transfer-Encoding: chunked\r\n\r\n"));
  CHECK(written({.method = "POST", .to = to, .own = none}).ends_with("Content-Length: 0\r\n\r\n"));
  CHECK(written({.method = "DELETE", .to = to, .own = none}).find("Content-Length") == std::string::npos);
  CHECK(written({.method = "GET", .to = to, .own = none, .upgrade = "websocket"})
            .ends_with("Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n"));
}

TEST_CASE("request_writer: what the caller names stands instead of what is usual") {
  const url to{"http://[::1]/"};
  const fields own{{"host", "other"}, {"User-Agent", "mine"}, {"accept-encoding", "gzip"}};
  CHECK(written({.method = "GET", .to = to, .own = own, .user_agent = "usual"}) ==
        "GET / HTTP/1.1\r\nhost: other\r\nUser-Agent: mine\r\naccept-encoding: gzip\r\n\r\n");
}

TEST_CASE("request_writer: methods that are none, and fields that frame, are refused") {
  CHECK(is_refused("", {}, "a method such as GET"));
  CHECK(is_refused("GET /x HTTP/1.1\r\nA:", {}, "a method such as GET"));
  CHECK(is_refused("CONNECT", {}, "a method such as GET"));
  for (const char* name :
       {"Content-Length", "content-length", "Transfer-Encoding", "Keep-Alive", "Trailer", "Upgrade", "Expect", "TE"})
    CHECK(is_refused("GET", {{name, "x"}}, name));
  CHECK(is_refused("GET", {{"Connection", "close, X-A"}}, "Connection"));
  CHECK(is_refused("GET", {{"Host", "a"}, {"Host", "b"}}, "one Host"));
  CHECK(is_refused("GET", {{"Host", ""}}, "one Host"));
  CHECK(is_refused("GET", {{"Host", "a/b"}}, "one Host"));
  CHECK_NOTHROW(joist::web::http::check_head("PROPFIND", {{"Connection", "close"}, {"Host", "a:1"}, {"A", "b"}}));
}
