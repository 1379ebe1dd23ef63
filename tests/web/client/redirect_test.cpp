#include "web/client/redirect.hpp"

#include <string>

#include "support/catch.hpp"

using joist::web::client_error;
using joist::web::client_request;
using joist::web::url;
using joist::web::http::redirect_target;

namespace {

const url here{"https://example.org/a/b"};

// Method, body and whether its type goes along.
std::string next(std::string method, int status, const url& to = url{"https://example.org/c"}) {
  client_request r{
      .method = std::move(method), .fields = {{"Content-Type", "t"}, {"Authorization", "secret"}}, .body = "body"};
  if (joist::web::http::redirect(r, status, here, to)) return "refused";
  return r.method + " " + std::get<std::string>(r.body) + (r.fields.contains("Content-Type") ? " type" : "") +
         (r.fields.contains("Authorization") ? " secret" : "");
}

}  // namespace

TEST_CASE("redirect: the method and the body go along, or not, as RFC 9110 has it") {
  for (const int status : {301, 302}) {
    CHECK(next("POST", status) == "GET  secret");
    CHECK(next("PUT", status) == "PUT body type secret");
    CHECK(next("HEAD", status) == "HEAD body type secret");
  }
  CHECK(next("POST", 303) == "GET  secret");
  CHECK(next("DELETE", 303) == "GET  secret");
  CHECK(next("HEAD", 303) == "HEAD body type secret");
  for (const int status : {307, 308}) CHECK(next("POST", status) == "POST body type secret");
}

TEST_CASE("redirect: what was meant for one origin does not go to another scheme, host or port") {
  for (const char* other : {"https://example.com/", "https://example.org:8443/", "https://www.example.org/"})
    CHECK(next("PUT", 307, url{other}) == "PUT body type");
  CHECK(next("PUT", 307, url{"https://EXAMPLE.org:443/"}) == "PUT body type secret");
}

TEST_CASE("redirect: a body that is written once cannot be written again") {
  client_request r{.method = "POST", .body = joist::web::streamed_body{[](joist::web::body_sink&) {}}};
  const auto refused = joist::web::http::redirect(r, 307, here, here);
  REQUIRE(refused);
  CHECK(refused->what == client_error::kind::bad_redirect);
  CHECK_FALSE(joist::web::http::redirect(r, 303, here, here));
  CHECK(r.method == "GET");
}

TEST_CASE("redirect: leads to what it names, but not from https to http, and to no other scheme") {
  CHECK(redirect_target(here, "c?d=e#f")->to_string() == "https://example.org/a/c?d=e");
  CHECK(redirect_target(here, "//other/")->to_string() == "https://other/");
  CHECK(redirect_target(url{"http://h/"}, "https://h/")->to_string() == "https://h/");
  for (const char* bad : {"http://example.org/", "wss://example.org/", "ws://x/", "ftp://x/", "https://a@b/", "https://x:0/",
                          "/a b", "javascript:alert(1)"}) {
    INFO(bad);
    const auto to = redirect_target(here, bad);
    CHECK_FALSE(to);
    CHECK(to.error().what == client_error::kind::bad_redirect);
  }
}

TEST_CASE("redirect: is one that has a Location") {
  using joist::web::http::is_redirect;
  for (const int status : {301, 302, 303, 307, 308}) {
    CHECK(is_redirect(status, {{"Location", "/"}}));
    CHECK_FALSE(is_redirect(status, {}));
  }
  for (const int status : {200, 300, 304, 305, 404}) CHECK_FALSE(is_redirect(status, {{"Location", "/"}}));
}
