#include <joist/web/secure_headers.hpp>

#include <joist/error.hpp>

#include <string>
#include <utility>

#include "support/catch.hpp"

namespace web = joist::web;
using namespace std::chrono_literals;

namespace {

web::response answer(web::secure_headers_options options = {}, bool secure = false) {
  const web::handler all =
      web::pipeline({web::secure_headers(std::move(options))}, [](web::request&) { return web::text("x"); });
  web::request in{{.secure = secure}};
  return all(in);
}
std::string transport_security(const web::hsts& h, bool secure = true) {
  return std::string{answer({.strict_transport_security = h}, secure).fields.get("Strict-Transport-Security")};
}

}  // namespace

TEST_CASE("secure_headers: are those of Phoenix 1.8") {
  const web::response out = answer();
  CHECK(out.fields.get("Content-Security-Policy") == "base-uri 'self'; frame-ancestors 'self';");
  CHECK(out.fields.get("Referrer-Policy") == "strict-origin-when-cross-origin");
  CHECK(out.fields.get("X-Content-Type-Options") == "nosniff");
  CHECK(out.fields.get("X-Permitted-Cross-Domain-Policies") == "none");
  CHECK(out.fields.size() == 5);  // and Content-Type
}

TEST_CASE("secure_headers: values are replaced, or left out, by options and by handlers") {
  const web::response out = answer({.content_security_policy = "default-src 'self'", .permitted_cross_domain_policies = ""});
  CHECK(out.fields.get("Content-Security-Policy") == "default-src 'self'");
  CHECK_FALSE(out.fields.contains("X-Permitted-Cross-Domain-Policies"));
  CHECK(out.fields.contains("X-Content-Type-Options"));

  web::request in{{}};
  const web::response own =
      web::secure_headers()(in, [](web::request&) { return web::text("x").with_field("referrer-policy", "no-referrer"); });
  CHECK(own.fields.count("Referrer-Policy") == 1);
  CHECK(own.fields.get("Referrer-Policy") == "no-referrer");
}

TEST_CASE("secure_headers: in a pipeline they are in the pages of the router and of errors, too") {
  const web::handler all = web::pipeline({web::secure_headers()}, web::router{});
  web::request in{{.target = "/nowhere"}};
  const web::response out = all(in);
  CHECK(out.status == 404);
  CHECK(out.fields.get("X-Content-Type-Options") == "nosniff");
}

TEST_CASE("secure_headers: that TLS alone is to be used is said over TLS alone, and where it was wished for") {
  CHECK_FALSE(answer({}, true).fields.contains("Strict-Transport-Security"));
  CHECK(transport_security({}) == "max-age=31536000");
  CHECK(transport_security({}, false).empty());
  CHECK(transport_security({.max_age = 0s}) == "max-age=0");
  CHECK(transport_security({.max_age = 24h * 730, .include_subdomains = true, .preload = true}) ==
        "max-age=63072000; includeSubDomains; preload");
}

TEST_CASE("secure_headers: what browsers would not take, and what would break the header, is refused at the start") {
  CHECK_THROWS_AS(transport_security({.max_age = -1s}), joist::error);
  CHECK_THROWS_AS(transport_security({.preload = true}), joist::error);
  CHECK_THROWS_AS(transport_security({.max_age = 1h, .include_subdomains = true, .preload = true}), joist::error);
  CHECK_THROWS_AS(web::secure_headers({.referrer_policy = "a\r\nSet-Cookie: b=c"}), joist::error);
}
