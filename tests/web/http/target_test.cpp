#include "web/http/target.hpp"

#include <string>

#include "support/catch.hpp"

using namespace joist::web::http;

namespace {

std::string split(std::string_view target, std::string_view method = "GET") {
  const auto parts = parse_target(method, target);
  if (!parts) return std::to_string(parts.error().status);
  std::string all = parts->path;
  for (const segment s : parts->segments) all += "|" + parts->path.substr(s.begin, s.bytes);
  if (!parts->query.empty()) all.append("?").append(parts->query);
  if (!parts->authority.empty()) all.append("@").append(parts->authority);
  return all;
}

}  // namespace

TEST_CASE("target: a path is decoded segment by segment, and empty segments count for nothing") {
  CHECK(split("/") == "/");
  CHECK(split("/a/b") == "/a/b|a|b");
  CHECK(split("/a//b/") == "/a//b/|a|b");
  CHECK(split("/%61%2Fb/c%20d") == "/a/b/c d|a/b|c d");
  CHECK(split("/a?x=1&y=%20") == "/a|a?x=1&y=%20");
  CHECK(split("/a?") == "/a|a");
  CHECK(split("/a?b?c/../d") == "/a|a?b?c/../d");
  CHECK(split("/...") == "/...|...");
  CHECK(split("/...%2F..a%5C.b") == "/.../..a\\.b|.../..a\\.b");
  CHECK(split("/.well-known") == "/.well-known|.well-known");
}

TEST_CASE("target: the absolute form names its host, and OPTIONS may ask for *") {
  CHECK(split("http://example.org") == "/@example.org");
  CHECK(split("HTTPS://example.org:8080?q") == "/?q@example.org:8080");
  CHECK(split("http://[::1]:80/a") == "/a|a@[::1]:80");
  CHECK(split("*", "OPTIONS") == "*");
}

TEST_CASE("target: what means no good is refused") {
  for (const char* target : {"",
                             "a",
                             "*",
                             "/a#b",
                             "/..",
                             "/.",
                             "/a/../b",
                             "/a/./b",
                             "/%2e%2e/a",
                             "/.%2E",
                             "/files/%2e%2e%2fetc%2fpasswd",
                             "/a%2F..",
                             "/a%2f.%2fb",
                             "/%2f%2f..%2f",
                             "/..%5Ca",
                             "/a\\..\\b",
                             "/a%2f..%5cb",
                             "/%2e",
                             "/a%00b",
                             "/%",
                             "/%4",
                             "/%zz",
                             "/a\x80",
                             "/a\x7f",
                             "/a b",
                             "http:///a",
                             "http://",
                             "ftp://a/b",
                             "http://user@host/",
                             "http://a:b/",
                             "://a",
                             "a:80",
                             "http://a:123456/",
                             "http://[::1/",
                             "/a%2",
                             "/..?x",
                             "http://a/../b"}) {
    INFO(target);
    CHECK(split(target) == "400");
  }
  CHECK(split("example.org:443", "CONNECT") == "501");
}

TEST_CASE("target: a host is a name or an address, and perhaps a port") {
  for (const char* host : {"", "localhost", "a.b-c_d~e", "1.2.3.4:80", "[::1]", "[::ffff:1.2.3.4]:65535", "a:", "%41"}) {
    INFO(host);
    CHECK(is_host(host));
  }
  for (const char* host :
       {":80", "a:b", "a b", "a,b", "a/b", "a@b", "[]", "[::1", "[::1]80", "[::1%25eth0]", "a:1:2", "a\\b"}) {
    INFO(host);
    CHECK_FALSE(is_host(host));
  }
}
