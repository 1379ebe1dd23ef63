#include <joist/web/router.hpp>

#include <joist/error.hpp>
#include <joist/web/http_error.hpp>

#include <random>
#include <string>
#include <vector>

#include "support/catch.hpp"

namespace web = joist::web;
using web::request;
using web::response;
using web::router;

namespace {

response ask(const router& routes, std::string method, std::string target) {
  request in{{.method = std::move(method), .target = std::move(target)}};
  return routes(in);
}
std::string get(const router& routes, std::string target) {
  return std::string{ask(routes, "GET", std::move(target)).text()};
}

// A handler that says who it is.
web::handler says(std::string who) {
  return [who = std::move(who)](const request&) { return web::text(who); };
}
web::handler shows(std::string who, std::string param) {
  return [who = std::move(who), param = std::move(param)](const request& in) {
    return web::text(std::string{who}.append("=").append(in.param(param)));
  };
}

std::string refusal_of(const std::function<void()>& f) {
  try {
    f();
  } catch (const joist::error& e) {
    CHECK(e.code() == joist::errc::bad_argument);
    return e.what();
  }
  return "no refusal";
}

}  // namespace

TEST_CASE("router: texts go before params, and params before the rest, in whatever order they were added") {
  router routes;
  routes.get("/*all", shows("rest", "all"));
  routes.get("/users/:id", shows("user", "id"));
  routes.get("/users/new", says("new"));
  routes.get("/users/:id/posts/:post", shows("post", "post"));
  routes.get("/users/new/drafts", says("drafts"));
  CHECK(get(routes, "/users/new") == "new");
  CHECK(get(routes, "/users/7") == "user=7");
  CHECK(get(routes, "/users/new/posts/3") == "post=3");  // the text led nowhere
  CHECK(get(routes, "/users/new/drafts") == "drafts");
  CHECK(get(routes, "/users/7/posts") == "rest=users/7/posts");
  CHECK(get(routes, "/") == "rest=");
}

TEST_CASE("router: a rest may be empty, and is the path as it is decoded") {
  router routes;
  routes.get("/files/*path", shows("file", "path"));
  CHECK(get(routes, "/files") == "file=");
  CHECK(get(routes, "/files/") == "file=");
  CHECK(get(routes, "/files/a/b%20c.txt") == "file=a/b c.txt");
  CHECK(ask(routes, "GET", "/file").status == 404);
}

TEST_CASE("router: slashes at the end, and several in a row, count for nothing") {
  router routes;
  routes.get("/", says("home"));
  routes.get("/a/b/", says("ab"));
  CHECK(get(routes, "/") == "home");
  CHECK(get(routes, "//") == "home");
  CHECK(get(routes, "/a/b") == "ab");
  CHECK(get(routes, "//a//b//") == "ab");
}

TEST_CASE("router: what is encoded in a segment is no border, and params are decoded") {
  router routes;
  routes.get("/a/:x", shows("x", "x"));
  routes.get("/caf\xc3\xa9", says("cafe"));
  CHECK(get(routes, "/a/b%2Fc") == "x=b/c");
  CHECK(get(routes, "/caf%C3%A9") == "cafe");
}

TEST_CASE("router: HEAD is answered by GET, unless it has a route of its own") {
  router routes;
  routes.get("/a", says("get"));
  routes.get("/b", says("get"));
  routes.add("HEAD", "/b", says("head"));
  CHECK(ask(routes, "HEAD", "/a").text() == "get");
  CHECK(ask(routes, "HEAD", "/b").text() == "head");
}

TEST_CASE("router: another method is answered by 405 with Allow, and OPTIONS by 204 with it") {
  router routes;
  routes.get("/a/:id", says("get"));
  routes.put("/a/7", says("put"));
  routes.del("/a/*rest", says("delete"));
  const response refused = ask(routes, "POST", "/a/7");
  CHECK(refused.status == 405);
  CHECK(refused.fields.get("Allow") == "DELETE, GET, HEAD, OPTIONS, PUT");
  CHECK(ask(routes, "POST", "/a/8").fields.get("Allow") == "DELETE, GET, HEAD, OPTIONS");
  CHECK(ask(routes, "OPTIONS", "/a/8").status == 204);
  CHECK(ask(routes, "OPTIONS", "/a/8").fields.get("Allow") == "DELETE, GET, HEAD, OPTIONS");
  CHECK(ask(routes, "OPTIONS", "*").status == 204);
  CHECK(ask(routes, "OPTIONS", "/none").status == 404);
  CHECK(ask(routes, "GET", "/none").status == 404);
  // The route of another method does not hide a wider one of this.
  CHECK(ask(routes, "GET", "/a/7").text() == "get");
  CHECK(ask(routes, "DELETE", "/a/7").text() == "delete");
  CHECK(ask(routes, "get", "/a/7").status == 405);
}

TEST_CASE("router: two routes for the same are refused, with both named") {
  router routes;
  routes.get("/users/:id", says("1"));
  const std::string refusal = refusal_of([&] { routes.get("/users/:name/", says("2")); });
  CHECK(refusal.find("GET /users/:name/") != std::string::npos);
  CHECK(refusal.find("GET /users/:id") != std::string::npos);
  routes.post("/users/:name", says("another method"));
  routes.get("/f/*a", says("rest"));
  CHECK_THROWS_AS(routes.get("/f/*b", says("rest")), joist::error);
  CHECK(routes.routes() == std::vector<std::string>{"GET /users/:id", "POST /users/:name", "GET /f/*a"});
}

TEST_CASE("router: a pattern that cannot be meant is refused") {
  router routes;
  for (const char* pattern : {"users", "/a/:", "/a/*", "/*rest/a", "/:a/:a", "/:a/*a", ":a"}) {
    INFO(pattern);
    CHECK(refusal_of([&] { routes.get(pattern, says("x")); }).find(pattern) != std::string::npos);
  }
  CHECK_THROWS_AS(routes.add("G T", "/a", says("x")), joist::error);
  CHECK_THROWS_AS(routes.get("/a", web::handler{}), joist::error);
  CHECK_THROWS_AS(routes.scope("api", [](router&) {}), joist::error);
  CHECK_THROWS_AS(routes.scope("/api", {web::plug{}}, [](router&) {}), joist::error);
}

TEST_CASE("router: plugs of scopes stand in front of their handlers, the outer ones first") {
  const auto mark = [](std::string name) {
    return [name](request& in, const web::next_handler& next) {
      in.fields().add("Seen", name);
      response out = next(in);
      out.fields.add("Seen", name);
      return out;
    };
  };
  router routes;
  routes.get("/plain", [](const request& in) { return web::text(in.fields().joined("Seen")); });
  routes.scope("/api/:version", {mark("a"), mark("b")}, [&](router& api) {
    api.get("", [](const request& in) { return web::text(std::string{in.param("version")}); });
    api.scope("/v/", {mark("c")}, [](router& inner) {
      inner.post("/users/:id", [](request& in) {
        return web::text(in.fields().joined("Seen").append(" ").append(in.param("version")).append(in.param("id")));
      });
    });
  });
  CHECK(get(routes, "/plain").empty());
  CHECK(get(routes, "/api/1") == "1");
  const response out = ask(routes, "POST", "/api/1/v/users/2");
  CHECK(out.text() == "a, b, c 12");
  CHECK(out.fields.joined("Seen") == "c, b, a");
  CHECK(ask(routes, "GET", "/api/1/v/users/2").fields.count("Seen") == 0);
}

TEST_CASE("router: a plug may answer itself, and the handler hears nothing") {
  bool called = false;
  router routes;
  const web::plug require_token = [](request& in, const web::next_handler& next) {
    return in.field("Authorization").empty() ? web::status_page(401) : next(in);
  };
  routes.scope("/", {require_token}, [&](router& guarded) {
    guarded.get("/secret", [&](const request&) {
      called = true;
      return web::text("secret");
    });
  });
  CHECK(ask(routes, "GET", "/secret").status == 401);
  CHECK_FALSE(called);
  request in{{.target = "/secret", .fields = {{"Authorization", "x"}}}};
  CHECK(routes(in).text() == "secret");
}

TEST_CASE("router: a pipeline stands in front of all of a router") {
  router routes;
  routes.get("/a", says("a"));
  const web::handler all = web::pipeline({[](request& in, const web::next_handler& next) {
                                           response out = next(in);
                                           return std::move(out).with_field("Status-Seen", std::to_string(out.status));
                                         }},
                                         routes);
  request in{{.target = "/none"}};
  CHECK(all(in).fields.get("Status-Seen") == "404");
}

TEST_CASE("router: an http_error is answered by its status, and its sentence stays here") {
  router routes;
  routes.get("/a", [](const request&) -> response { throw web::http_error{410, "secret details"}; });
  const response out = ask(routes, "GET", "/a");
  CHECK(out.status == 410);
  CHECK(out.text() == "410 Gone\n");
}

TEST_CASE("router: finds what a search through all patterns finds") {
  std::mt19937 random{11};
  const auto below = [&random](unsigned n) { return static_cast<unsigned>(random() % n); };
  const std::vector<std::string> words{"a", "b", ":x", ":y"};
  for (int round = 0; round < 200; ++round) {
    router routes;
    std::vector<std::vector<std::string>> patterns;
    for (int i = 0; i < 12; ++i) {
      std::vector<std::string> segments;
      std::string pattern;
      for (unsigned depth = below(4), k = 0; k < depth; ++k) {
        segments.push_back(words[below(3)]);
        if (segments.back() == ":x") segments.back() += std::to_string(k);
        pattern += "/" + segments.back();
      }
      if (below(4) == 0) segments.emplace_back("*r"), pattern += "/*r";
      if (pattern.empty()) pattern = "/";
      try {
        routes.get(pattern, says(pattern));
        patterns.push_back(segments);
      } catch (const joist::error&) {
      }
    }
    for (int i = 0; i < 30; ++i) {
      std::vector<std::string> path;
      std::string target;
      for (unsigned depth = below(5), k = 0; k < depth; ++k) {
        path.emplace_back(1, static_cast<char>('a' + below(3)));
        target += "/" + path.back();
      }
      if (target.empty()) target = "/";
      // Ranks per segment: 0 a text, 1 a param, 2 the rest (or the end, before a rest that is empty).
      std::string best;
      std::string best_rank(10, '9');
      for (const auto& segments : patterns) {
        std::string rank;
        bool fits = true;
        const bool has_rest = !segments.empty() && segments.back() == "*r";
        const std::size_t fixed = segments.size() - (has_rest ? 1 : 0);
        if (path.size() < fixed || (!has_rest && path.size() != fixed)) continue;
        for (std::size_t k = 0; k < fixed && fits; ++k) {
          const bool param = segments[k].front() == ':';
          fits = param || segments[k] == path[k];
          rank += param ? '1' : '0';
        }
        if (has_rest) rank += '2';
        if (!fits || rank >= best_rank) continue;
        best_rank = rank;
        best.clear();
        for (const auto& s : segments) best += "/" + s;
        if (best.empty()) best = "/";
      }
      const response out = ask(routes, "GET", target);
      INFO(target);
      CHECK(out.text() == (best.empty() ? "404 Not Found\n" : best));
    }
  }
}
