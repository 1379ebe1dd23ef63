#include <joist/web/cookie.hpp>

#include <joist/error.hpp>

#include <chrono>

#include "support/catch.hpp"

using joist::web::cookie;
using joist::web::same_site;
using namespace std::chrono_literals;

TEST_CASE("cookie: what is not asked for is what is safe") {
  CHECK(cookie{.name = "a", .value = "1"}.to_string() == "a=1; Path=/; HttpOnly; SameSite=Lax");
  CHECK(
      cookie{.name = "__Host-s", .value = "x", .max_age = 1h, .secure = true, .same_site = same_site::strict}.to_string() ==
      "__Host-s=x; Path=/; Max-Age=3600; Secure; HttpOnly; SameSite=Strict");
  CHECK(cookie{.name = "a",
               .path = "/x y",
               .domain = "example.org",
               .secure = true,
               .http_only = false,
               .same_site = same_site::none}
            .to_string() == "a=; Path=/x y; Domain=example.org; Secure; SameSite=None");
  CHECK(joist::web::expired_cookie("a").to_string() == "a=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax");
}

TEST_CASE("cookie: expired_cookie takes away what a prefix of its name ties to TLS") {
  CHECK(joist::web::expired_cookie("__Host-s").to_string() ==
        "__Host-s=; Path=/; Max-Age=0; Secure; HttpOnly; SameSite=Lax");
  CHECK(joist::web::expired_cookie("__Secure-s", "/x").to_string() ==
        "__Secure-s=; Path=/x; Max-Age=0; Secure; HttpOnly; SameSite=Lax");
}

TEST_CASE("cookie: what a browser would not keep as it is meant is refused") {
  for (const cookie& c :
       {cookie{.name = ""}, cookie{.name = "a=b"}, cookie{.name = "a", .value = "x;y"}, cookie{.name = "a", .value = "x y"},
        cookie{.name = "a", .value = "\"x\""}, cookie{.name = "a", .value = "x\r\ny"},
        cookie{.name = "a", .path = "/;Secure"}, cookie{.name = "a", .path = "x"}, cookie{.name = "a", .domain = "a;b"},
        cookie{.name = "a", .same_site = same_site::none}, cookie{.name = "__Secure-a"},
        cookie{.name = "__Host-a", .path = "/x", .secure = true}}) {
    CHECK_THROWS_AS(c.to_string(), joist::error);
  }
}
