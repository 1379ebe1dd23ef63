#include <joist/web/url.hpp>

#include <random>
#include <string>
#include <vector>

#include "support/catch.hpp"

using joist::web::url;

namespace {

bool is_refused(std::string_view text, std::string_view because) {
  const auto u = url::parse(text);
  return !u && u.error().starts_with("url: expected ") && u.error().find(because) != std::string::npos;
}

std::string resolved(std::string_view reference) {
  const auto u = url{"http://h/b/c/d;p?q"}.resolve(reference);
  return u ? u->to_string() : u.error();
}

}  // namespace

TEST_CASE("url: is taken apart, its defaults filled in") {
  const url u{"https://Example.ORG/shop/x%20y?page=2&a=?#top"};
  CHECK(u.scheme() == url::scheme::https);
  CHECK(u.is_secure());
  CHECK(u.host() == "example.org");
  CHECK(u.port() == 443);
  CHECK(u.path() == "/shop/x%20y");
  CHECK(u.query() == "page=2&a=?");
  CHECK(u.target() == "/shop/x%20y?page=2&a=?");
  CHECK(u.to_string() == "https://example.org/shop/x%20y?page=2&a=?");

  const url bare{"HTTP://h"};
  CHECK(bare.target() == "/");
  CHECK(bare.port() == 80);
  CHECK(bare.authority() == "h");
  CHECK(url{"http://h?x"}.target() == "/?x");
  CHECK(url{"http://h/?"}.to_string() == "http://h/?");
  CHECK(url{"http://h:/"}.to_string() == "http://h/");
  CHECK(url{"ws://h:8080/chat"}.origin() == "ws://h:8080");
  CHECK(url{"wss://h:443/"}.authority() == "h");
  CHECK(url{"http://h:443/"}.authority() == "h:443");
}

TEST_CASE("url: a host is a name, or an address in its one way of writing") {
  CHECK(url{"http://[::1]:8080/"}.host() == "::1");
  CHECK(url{"http://[0:0::1]:8080/"}.to_string() == "http://[::1]:8080/");
  CHECK(url{"http://127.0.0.1/"}.host() == "127.0.0.1");
  CHECK(url{"http://3proxy.example/"}.host() == "3proxy.example");
  CHECK(url{"http://example.org./"}.host() == "example.org.");
  for (const char* text : {"http://",
                           "http:///x",
                           "http://:80/",
                           "http://a b/",
                           "http://a%41/",
                           "http://.a/",
                           "http://a..b/",
                           "http://[::1",
                           "http://[::1]x/",
                           "http://[1]/",
                           "http://[fe80::1%25eth0]/",
                           "http://[",
                           "http://]/",
                           "http://127.1/",
                           "http://2130706433/",
                           "http://0x7f000001/",
                           "http://0x/",
                           "http://127.0.0.256/",
                           "http://017.0.0.1/",
                           "http://b\xc3\xbc"
                           "cher.example/"}) {
    INFO(text);
    CHECK(is_refused(text, "host"));
  }
}

TEST_CASE("url: what is none is refused with what was expected") {
  for (const char* text : {"", "example.org", "/path", "ftp://h/", "http:/h", "http:h", "javascript://h", " http://h"}) {
    INFO(text);
    CHECK(is_refused(text, "begins with http://"));
  }
  CHECK(is_refused("http://ann:secret@h/", "Authorization"));
  CHECK(is_refused("http://h:0/", "port"));
  CHECK(is_refused("http://h:65536/", "port"));
  CHECK(is_refused("http://h:8o/", "port"));
  CHECK(is_refused("http://h/a b", "path"));
  CHECK(is_refused("http://h/a\r\nX: y", "path"));
  CHECK(is_refused("http://h/%4", "path"));
  CHECK(is_refused("http://h/?a=%zz", "query"));
  CHECK(is_refused(std::string{"http://h/?a\0b", 13}, "query"));
  CHECK(is_refused("http://h/" + std::string(url::most_bytes, 'x'), "bytes"));
  CHECK_THROWS_WITH(url{"gopher://h"}, Catch::Contains("expected one that begins with http://"));
}

TEST_CASE("url: a reference is resolved as in RFC 3986, 5.4") {
  const std::vector<std::pair<std::string, std::string>> all{{"g", "http://h/b/c/g"},
                                                             {"./g", "http://h/b/c/g"},
                                                             {"g/", "http://h/b/c/g/"},
                                                             {"/g", "http://h/g"},
                                                             {"//g", "http://g/"},
                                                             {"?y", "http://h/b/c/d;p?y"},
                                                             {"g?y", "http://h/b/c/g?y"},
                                                             {"#s", "http://h/b/c/d;p?q"},
                                                             {"g#s", "http://h/b/c/g"},
                                                             {";x", "http://h/b/c/;x"},
                                                             {"", "http://h/b/c/d;p?q"},
                                                             {".", "http://h/b/c/"},
                                                             {"..", "http://h/b/"},
                                                             {"../g", "http://h/b/g"},
                                                             {"../..", "http://h/"},
                                                             {"../../../g", "http://h/g"},
                                                             {"/../g", "http://h/g"},
                                                             {"g.", "http://h/b/c/g."},
                                                             {"..g", "http://h/b/c/..g"},
                                                             {"./g/.", "http://h/b/c/g/"},
                                                             {"g/../h", "http://h/b/c/h"},
                                                             {"g?y/../x", "http://h/b/c/g?y/../x"},
                                                             {"https://other:8443/x?", "https://other:8443/x?"}};
  for (const auto& [reference, expected] : all) {
    INFO(reference);
    CHECK(resolved(reference) == expected);
  }
  CHECK(resolved("mailto:a@b").starts_with("url: expected one that begins"));
  CHECK(resolved("//a@b/").starts_with("url: expected no name or password"));
  CHECK(resolved("a b").starts_with("url: expected a path"));
}

TEST_CASE("url: what to_string gives, parse takes, and it is the same, whatever was parsed") {
  std::mt19937 random{11};
  const std::string_view pieces[] = {"http", "https", "ws",  "://", ":",   "/",   "//", ".", "..", "?",      "#",   "@",
                                     "h",    "[::1]", "127", "1",   "%41", "%2e", "&",  "=", "A",  "[1::2]", "\r\n"};
  std::size_t parsed = 0;
  for (int i = 0; i < 100'000; ++i) {
    std::string text = i % 2 == 0 ? "http://h" : "";
    for (auto n = random() % 8; n > 0; --n) text += pieces[random() % std::size(pieces)];
    const auto u = url::parse(text);
    if (!u) continue;
    ++parsed;
    const auto again = url::parse(u->to_string());
    REQUIRE((again && *again == *u));
    REQUIRE(u->target().find_first_of(" \r\n#") == std::string::npos);
    REQUIRE(("/" + u->path() + "/").find("/../") == std::string::npos);
    REQUIRE(*u->resolve("") == *u);
    REQUIRE(*u->resolve(u->target().starts_with("//") ? "" : u->target()) == *u);
  }
  CHECK(parsed > 1000);
}
