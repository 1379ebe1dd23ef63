#include <joist/web/csrf.hpp>

#include <joist/error.hpp>
#include <joist/web/form.hpp>

#include <string>
#include <utility>

#include "support/catch.hpp"

namespace web = joist::web;

namespace {

const std::string secret(64, 's');
const web::plug& forms() {
  static const web::plug made = web::csrf({.secrets = {secret}});
  return made;
}

// What a site answers: GET shows a page with its token, POST /login lets in, all else changes something.
web::response site(web::request& in) {
  if (in.method() == "GET" && in.path() == "/") return web::html(web::csrf_token(in));
  if (in.path() == "/login") web::renew_csrf_token(in);
  return web::text("done");
}
web::response ask(web::request_parts parts, const web::plug& front = forms()) {
  web::request in{std::move(parts)};
  return front(in, site);
}
// The Set-Cookie of an answer, as a browser sends it back.
std::string kept(const web::response& out) {
  const std::string_view set = out.fields.get("Set-Cookie");
  return std::string{set.substr(0, set.find(';'))};
}

// A page that a browser shows: its token, and the cookie that came with it.
struct page {
  std::string token;
  std::string cookie;
};
page shown(const web::plug& front = forms()) {
  const web::response out = ask({}, front);
  REQUIRE(out.status == 200);
  return {std::string{out.text()}, kept(out)};
}

web::response post_field(const std::string& cookie, const std::string& token, const std::string& method = "POST") {
  return ask({.method = method, .target = "/change", .fields = {{"Cookie", cookie}, {"X-CSRF-Token", token}}});
}
web::response post_form(const std::string& cookie, const std::string& token,
                        const std::string& type = "application/x-www-form-urlencoded; charset=utf-8") {
  return ask({.method = "POST",
              .target = "/change",
              .fields = {{"Cookie", cookie}, {"Content-Type", type}},
              .body = web::form_values{{"name", "ann"}, {"_csrf_token", token}}.to_string()});
}
bool has(const web::response& out, std::string_view words) { return out.why.find(words) != std::string::npos; }

}  // namespace

TEST_CASE("csrf: the token of a page passes, as a field and in a form, for as long as the cookie is there") {
  const page home = shown();
  CHECK(home.token.size() == 56);
  CHECK(home.cookie.starts_with("_csrf_token=SFMyNTY."));
  for (int i = 0; i < 3; ++i) {
    CHECK(post_field(home.cookie, home.token).text() == "done");
    CHECK(post_form(home.cookie, home.token).text() == "done");
  }
  for (const char* method : {"PUT", "PATCH", "DELETE"}) CHECK(post_field(home.cookie, home.token, method).status == 200);
}

TEST_CASE("csrf: GET, HEAD and OPTIONS pass without a token, and without a cookie where no page has asked for one") {
  for (const char* method : {"GET", "HEAD", "OPTIONS"}) {
    const web::response out = ask({.method = method, .target = "/change"});
    CHECK(out.text() == "done");
    CHECK_FALSE(out.fields.contains("Set-Cookie"));
    CHECK_FALSE(out.fields.contains("Cache-Control"));
  }
}

TEST_CASE("csrf: what comes without a token, or with one of another browser, is refused, and no handler hears of it") {
  const page home = shown(), other = shown();
  const auto refused = [](const web::response& out, std::string_view words) {
    CHECK(out.status == 403);
    CHECK(out.text() == "403 Forbidden\n");
    CAPTURE(out.why);
    return has(out, words);
  };
  CHECK(refused(post_field(home.cookie, ""),
                "expected a token in the field X-CSRF-Token, or as _csrf_token in a form, got none"));
  CHECK(refused(post_form(home.cookie, ""), "got none"));
  CHECK(refused(post_form(home.cookie, home.token, "text/plain"), "got none"));
  CHECK(refused(post_form(home.cookie, home.token, "multipart/form-data; boundary=x"), "got none"));
  CHECK(refused(post_field(home.cookie, other.token), "expected the token of the cookie _csrf_token, got another one"));
  CHECK(refused(post_form(home.cookie, other.token), "got another one"));
  CHECK(refused(post_field(home.cookie, home.token.substr(1)), "got another one"));
  CHECK(refused(post_field("", home.token), "expected the cookie _csrf_token of a page of ours: there is no token"));
  CHECK(refused(post_field("_csrf_token=" + home.token, home.token), "no secret of ours made the token"));
  for (const char* method : {"PUT", "PATCH", "DELETE", "TRACE", "get", "PURGE"})
    CHECK(refused(post_field(home.cookie, "", method), "got none"));
  CHECK(refused(ask({.method = "POST", .target = "/?_csrf_token=" + home.token, .fields = {{"Cookie", home.cookie}}}),
                "got none"));
}

TEST_CASE("csrf: a token looks different in each page, stays the same for the browser, and its cookie is set once") {
  const page home = shown();
  const web::response again = ask({.fields = {{"Cookie", home.cookie}}});
  CHECK(again.text().size() == 56);
  CHECK(again.text() != home.token);
  CHECK_FALSE(again.fields.contains("Set-Cookie"));
  CHECK(post_field(home.cookie, std::string{again.text()}).status == 200);
  CHECK(post_field(home.cookie, home.token).status == 200);
}

TEST_CASE("csrf: who logs in gets another token, and those of pages from before are refused") {
  const page before = shown();
  const web::response in =
      ask({.method = "POST", .target = "/login", .fields = {{"Cookie", before.cookie}, {"X-CSRF-Token", before.token}}});
  REQUIRE(in.fields.count("Set-Cookie") == 1);
  const std::string cookie = kept(in);
  CHECK(post_field(cookie, before.token).status == 403);
  const std::string token{ask({.fields = {{"Cookie", cookie}}}).text()};
  CHECK(post_field(cookie, token).status == 200);
}

TEST_CASE("csrf: a cookie that is not ours is replaced when a page asks for a token") {
  for (const char* cookie : {"_csrf_token=", "_csrf_token=x", "_csrf_token=SFMyNTY.g2gD.AAAA"}) {
    const web::response out = ask({.fields = {{"Cookie", cookie}}});
    CHECK(post_field(kept(out), std::string{out.text()}).status == 200);
  }
}

TEST_CASE("csrf: secrets change in front, and pages from before are taken") {
  const page before = shown();
  const web::plug after = web::csrf({.secrets = {std::string(64, 'n'), secret}});
  const web::response out = ask(
      {.method = "POST", .target = "/change", .fields = {{"Cookie", before.cookie}, {"X-CSRF-Token", before.token}}}, after);
  CHECK(out.status == 200);
  const web::plug without = web::csrf({.secrets = {std::string(64, 'n')}});
  CHECK(ask({.method = "POST", .target = "/change", .fields = {{"Cookie", before.cookie}, {"X-CSRF-Token", before.token}}},
            without)
            .status == 403);
}

TEST_CASE("csrf: its cookie has the shape that is asked for, and no script sees it") {
  CHECK(ask({}).fields.get("Set-Cookie").ends_with("; Path=/; HttpOnly; SameSite=Lax"));
  const web::plug secure = web::csrf({.secrets = {secret}, .cookie = {.name = "__Host-csrf", .secure = true}});
  const web::response out = ask({}, secure);
  CHECK(out.fields.get("Set-Cookie").starts_with("__Host-csrf=SFMyNTY."));
  CHECK(out.fields.get("Set-Cookie").ends_with("; Path=/; Secure; HttpOnly; SameSite=Lax"));
  CHECK_THROWS_AS(web::csrf({.secrets = {secret}, .cookie = {.name = "__Host-csrf"}}), joist::error);
  CHECK_THROWS_AS(web::csrf({.secrets = {"short"}}), joist::error);
}

TEST_CASE("csrf: a page with a token stays out of the caches of others, unless its handler says something else") {
  CHECK(ask({}).fields.get("Cache-Control") == "private, no-cache");
  web::request in{{}};
  const web::response out =
      forms()(in, [](web::request& r) { return web::html(web::csrf_token(r)).with_field("Cache-Control", "no-store"); });
  CHECK(out.fields.get("Cache-Control") == "no-store");
}

TEST_CASE("csrf: the body that was looked into is there for the handler") {
  const page home = shown();
  web::request in{{.method = "POST",
                   .fields = {{"Cookie", home.cookie}, {"Content-Type", "application/x-www-form-urlencoded"}},
                   .body = "name=ann&_csrf_token=" + home.token}};
  const web::response out =
      forms()(in, [](web::request& r) { return web::text(std::string{web::parse_form(r.body()).get("name")}); });
  CHECK(out.text() == "ann");
}

TEST_CASE("csrf_token: without the plug in front it is refused") {
  const web::request in{{}};
  CHECK_THROWS_AS(web::csrf_token(in), joist::error);
  CHECK_THROWS_AS(web::renew_csrf_token(in), joist::error);
}
