#include "dist/server_url.hpp"

#include <string>

#include "support/catch.hpp"

using namespace joist::dist::detail;

namespace {

constexpr url_schemes redis{"redis", "rediss", "unix", 6379};

std::vector<server_url> read(std::string_view text) {
  const auto all = read_server_urls(text, redis);
  INFO((all ? std::string{} : all.error()));
  REQUIRE(all.has_value());
  return *all;
}
server_url one(std::string_view text) {
  const auto all = read(text);
  REQUIRE(all.size() == 1);
  return all[0];
}

}  // namespace

TEST_CASE("server url: host, port, user and password are found, and what is left out has its usual value") {
  CHECK(one("redis://h") == server_url{.host = "h", .port = 6379});
  CHECK(one("redis://h:1/") == server_url{.host = "h", .port = 1});
  CHECK(one("rediss://u:p@10.0.0.1:2") ==
        server_url{.is_secure = true, .user = "u", .password = "p", .has_password = true, .host = "10.0.0.1", .port = 2});
  CHECK(one("redis://:p@h") == server_url{.password = "p", .has_password = true, .host = "h", .port = 6379});
  CHECK(one("redis://token@h") == server_url{.user = "token", .host = "h", .port = 6379});
  CHECK(one("redis://u:p%40%2f%25@[::1]:3") ==
        server_url{.user = "u", .password = "p@/%", .has_password = true, .host = "::1", .port = 3});
  CHECK(one("unix:///run/redis.sock") == server_url{.path = "/run/redis.sock"});
  CHECK(one("unix://u:p@/run/r@b") == server_url{.user = "u", .password = "p", .has_password = true, .path = "/run/r@b"});
}

TEST_CASE("server url: several are parted by commas") {
  const auto all = read("redis://a,redis://b:7");
  CHECK(all.size() == 2);
  CHECK((all[0].to_string() == "a:6379" && all[1].to_string() == "b:7"));
  CHECK(one("redis://[::1]").to_string() == "[::1]:6379");
  CHECK(one("unix:///a").to_string() == "unix:/a");
}

TEST_CASE("server url: what is none is told without what is secret in it") {
  for (const auto* text : {"", "redis:/", "redis://", "http://h", "redis://h:0", "redis://h:65536", "redis://h:x",
                           "redis://u:secret@h:99999", "redis://[::1", "redis://[::1]x", "redis://h/0", "redis://a,",
                           "unix://path", "redis://u:secret%4@h", "redis://u:secret@", "redis://a b"}) {
    const auto all = read_server_urls(text, redis);
    INFO(text);
    REQUIRE(!all.has_value());
    CHECK(all.error().find("secret") == std::string::npos);
    CHECK(all.error().find("expected redis://") == 0);
  }
}
