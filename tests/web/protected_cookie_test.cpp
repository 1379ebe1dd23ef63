#include <joist/web/protected_cookie.hpp>

#include <joist/error.hpp>
#include <joist/web/request.hpp>

#include <string>

#include "support/catch.hpp"

namespace web = joist::web;
using web::protected_cookie;
using web::token_error;
using namespace std::chrono_literals;

namespace {

const std::string secret{"a-secret-of-the-tests-that-has-more-than-64-bytes-as-phoenix-asks-for-it"};

protected_cookie session(bool encrypted = false, std::string name = "session") {
  return protected_cookie{{.secrets = {secret}, .shape = {.name = std::move(name), .max_age = 24h}, .encrypted = encrypted}};
}
// What a browser sends that keeps these.
web::request sending(const std::string& cookies) {
  web::request in{{}};
  in.fields().set("Cookie", cookies);
  return in;
}
std::string sent(const web::cookie& c) { return c.name + "=" + c.value; }

}  // namespace

TEST_CASE("protected_cookie: what was made is read, also where it was sent to") {
  STATIC_REQUIRE(joist::sendable<protected_cookie>);
  for (const bool encrypted : {false, true}) {
    for (const std::string value : {"", "42", "a; b=\"c\"\r\n"}) {
      const web::cookie made = session(encrypted).make(value);
      CHECK(made.to_string().ends_with("; Path=/; Max-Age=86400; HttpOnly; SameSite=Lax"));
      CHECK(session(encrypted).read(sending("other=1; " + sent(made))).value() == value);
    }
  }
}

TEST_CASE("protected_cookie: what Plug puts there is read") {
  // put_resp_cookie(conn, "session", "42", sign: true, max_age: 1_000_000_000), and encrypt: true, of Plug with
  // plug_crypto 2.1.1
  CHECK(*session().read(sending(
            "session=SFMyNTY.g2gDbQAAAAI0Mm4GADabNCOiAWI7msoA._TwncGpot3HLpHvMqR7iFSxJW92KZCiJiB0ybkB6vLM")) == "42");
  CHECK(*session(true).read(
            sending("session=XCP.c6ipNRs1HIL6EvFinetigeb9aa6HKDHRh6pE6tkkcBkTgy40qHY9u7Nd_8cjDRycv4ToRTMPeqa9habg"
                    "o5t4RQ")) == "42");
}

TEST_CASE("protected_cookie: one that is missing, changed, another cookie's, or too old is refused") {
  const auto why = [](const protected_cookie& c, const std::string& cookies) { return c.read(sending(cookies)).error(); };
  for (const bool encrypted : {false, true}) {
    const protected_cookie mine = session(encrypted);
    const std::string value = mine.make("42").value;
    CHECK(why(mine, "other=1") == token_error::missing);
    CHECK(why(mine, "session=") == token_error::missing);
    CHECK(why(mine, "session=42") == token_error::invalid);
    CHECK(why(mine, "session=" + value.substr(1)) == token_error::invalid);
    CHECK(why(mine, sent(session(!encrypted).make("42"))) == token_error::invalid);
    CHECK(why(session(encrypted, "other"), "other=" + value) == token_error::invalid);
    const protected_cookie over{
        {.secrets = {secret}, .shape = {.name = "session"}, .encrypted = encrypted, .max_age = web::token_age{0s}}};
    CHECK(why(over, sent(over.make("42"))) == token_error::expired);
  }
}

TEST_CASE("protected_cookie: one that browsers would not keep is refused") {
  CHECK(sent(session().make(std::string(2900, 'x'))).size() <= 4096);
  CHECK_THROWS_AS(session().make(std::string(3100, 'x')), joist::error);
  CHECK_THROWS_AS(session(true).make(std::string(3100, 'x')), joist::error);
}

TEST_CASE("protected_cookie: a shape that browsers would not take is refused at the start") {
  CHECK_THROWS_AS(session(false, "a b"), joist::error);
  CHECK_THROWS_AS(session(false, "__Host-session"), joist::error);  // without secure
  CHECK_THROWS_AS((protected_cookie{{.secrets = {"short"}, .shape = {.name = "session"}}}), joist::error);
}

TEST_CASE("protected_cookie: is taken from the browser where it was put") {
  const protected_cookie c{{.secrets = {secret}, .shape = {.name = "session", .path = "/a", .domain = "example.org"}}};
  CHECK(c.expired().to_string() == "session=; Path=/a; Domain=example.org; Max-Age=0; HttpOnly; SameSite=Lax");
}
