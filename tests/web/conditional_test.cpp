#include <joist/web/conditional.hpp>

#include <joist/error.hpp>
#include <joist/web/http_date.hpp>

#include <string>

#include "support/catch.hpp"

namespace web = joist::web;
using web::condition;
using web::etag;
using namespace std::chrono_literals;

namespace {

const std::chrono::sys_seconds noon = std::chrono::sys_days{std::chrono::year{2026} / 5 / 4} + 12h;

condition check(web::fields fields, const std::string& method = "GET",
                const web::validators& now = {.tag = etag{"v2"}, .modified = noon}) {
  return web::check_conditions(web::request{{.method = method, .fields = std::move(fields)}}, now);
}
std::string date(std::chrono::seconds from_noon) { return web::format_http_date(noon + from_noon); }

}  // namespace

TEST_CASE("etag: what to_string gives, parse takes, and nothing else") {
  for (const char* text : {"\"\"", "\"abc\"", "W/\"abc\"", "\"a,b\"", "\"\x80\""}) {
    INFO(text);
    CHECK(etag::parse(text)->to_string() == text);
  }
  for (const char* text : {"", "abc", "\"abc", "abc\"", "w/\"abc\"", "W/abc", "\"a\"b\"", "\"a b\"", "\"a\" ", "*", "W/"})
    CHECK_FALSE(etag::parse(text).has_value());
  CHECK_THROWS_AS((etag{"a\"b"}.to_string()), joist::error);
  CHECK_THROWS_AS((etag{"a\r\nb"}.to_string()), joist::error);
}

TEST_CASE("etag: the strong comparison wants two strong ones") {
  CHECK(web::same_strongly({"1"}, {"1"}));
  CHECK_FALSE(web::same_strongly({"1", true}, {"1"}));
  CHECK_FALSE(web::same_strongly({"1", true}, {"1", true}));
  CHECK(web::same_weakly({"1", true}, {"1"}));
  CHECK(web::same_weakly({"1", true}, {"1", true}));
  CHECK_FALSE(web::same_weakly({"1"}, {"2"}));
}

TEST_CASE("conditional: If-None-Match says what the client has") {
  CHECK(check({}) == condition::proceed);
  CHECK(check({{"If-None-Match", "\"v2\""}}) == condition::not_modified);
  CHECK(check({{"If-None-Match", "W/\"v2\""}}) == condition::not_modified);
  CHECK(check({{"If-None-Match", "\"v1\", \"a,b\" , W/\"v2\""}}) == condition::not_modified);
  CHECK(check({{"If-None-Match", "\"v1\""}, {"If-None-Match", "\"v2\""}}) == condition::not_modified);
  CHECK(check({{"If-None-Match", "\"v1\""}}) == condition::proceed);
  CHECK(check({{"If-None-Match", "v2"}}) == condition::proceed);
  CHECK(check({{"If-None-Match", "*"}}) == condition::not_modified);
  CHECK(check({{"If-None-Match", "\"v2\""}}, "HEAD") == condition::not_modified);
  CHECK(check({{"If-None-Match", "\"v2\""}}, "PUT") == condition::failed);
  CHECK(check({{"If-None-Match", "*"}}, "PUT", {.exists = false}) == condition::proceed);
}

TEST_CASE("conditional: If-Match says what a change is made to") {
  CHECK(check({{"If-Match", "\"v1\", \"v2\""}}, "PUT") == condition::proceed);
  CHECK(check({{"If-Match", "\"v1\""}}, "PUT") == condition::failed);
  CHECK(check({{"If-Match", "W/\"v2\""}}, "PUT") == condition::failed);
  CHECK(check({{"If-Match", "*"}}, "PUT") == condition::proceed);
  CHECK(check({{"If-Match", "*"}}, "PUT", {.exists = false}) == condition::failed);
  CHECK(check({{"If-Match", "\"v2\""}}, "PUT", {}) == condition::failed);
}

TEST_CASE("conditional: dates count where there is no tag, and where they are dates") {
  CHECK(check({{"If-Modified-Since", date(0s)}}) == condition::not_modified);
  CHECK(check({{"If-Modified-Since", date(-1s)}}) == condition::proceed);
  CHECK(check({{"If-Modified-Since", date(0s)}}, "POST") == condition::proceed);
  CHECK(check({{"If-Modified-Since", "noon"}}) == condition::proceed);
  CHECK(check({{"If-Unmodified-Since", date(0s)}}, "PUT") == condition::proceed);
  CHECK(check({{"If-Unmodified-Since", date(-1s)}}, "PUT") == condition::failed);
  CHECK(check({{"If-Unmodified-Since", "noon"}}, "PUT") == condition::proceed);
  CHECK(check({{"If-None-Match", "\"v1\""}, {"If-Modified-Since", date(0s)}}) == condition::proceed);
  CHECK(check({{"If-Match", "\"v2\""}, {"If-Unmodified-Since", date(-1s)}}, "PUT") == condition::proceed);
}

TEST_CASE("conditional: what comes first is decided first") {
  CHECK(check({{"If-Match", "\"v1\""}, {"If-None-Match", "\"v2\""}}) == condition::failed);
  CHECK(check({{"If-Match", "\"v2\""}, {"If-None-Match", "\"v2\""}}) == condition::not_modified);
  CHECK(check({{"If-Unmodified-Since", date(-1s)}, {"If-None-Match", "\"v2\""}}) == condition::failed);
}

TEST_CASE("conditional: answers with the validators, and the handler is not asked for what the client has") {
  const web::validators now{.tag = etag{"v2"}, .modified = noon};
  int asked = 0;
  const auto answer = [&] {
    ++asked;
    return web::text("x");
  };
  const web::request fresh{{}};
  const web::response whole = web::conditional(fresh, now, answer);
  CHECK(whole.status == 200);
  CHECK(whole.fields.get("ETag") == "\"v2\"");
  CHECK(whole.fields.get("Last-Modified") == "Mon, 04 May 2026 12:00:00 GMT");
  const web::request has{{.fields = {{"If-None-Match", "\"v2\""}}}};
  const web::response none = web::conditional(has, now, answer);
  CHECK(none.status == 304);
  CHECK(none.text().empty());
  CHECK(none.fields.get("ETag") == "\"v2\"");
  CHECK(asked == 1);
}
