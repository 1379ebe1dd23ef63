// joist/web/router.hpp: which handler answers which request.
//
//   joist::web::router routes;
//   routes.get("/", [](const joist::web::request&) { return joist::web::text("home"); });
//   routes.get("/hello/:name", [](const joist::web::request& in) {
//     return joist::web::text("hello " + std::string{in.param("name")});
//   });
//   routes.scope("/api", {require_token}, [](joist::web::router& api) { api.post("/users", create_user); });
//   routes.get("/files/*path", send_from_disk);
//
// Promises
//   a text goes before `:param`, and that before `*rest`, segment by segment, in whatever order they were added
//   two routes that would answer the same are refused when the second is added, with both named
//   HEAD is answered by GET, OPTIONS by what there is, another method by 405 with Allow; what no route takes, by 404
//   an http_error that a handler throws is answered by its status page
//
// Routes are added before anything is served; from then on any number of processes may ask. Copies are the same router.
// A slash at the end of a path, and several in a row, count for nothing.
// See also: request.hpp (param), response.hpp, static_files.hpp.
#pragma once

#include <joist/web/request.hpp>
#include <joist/web/response.hpp>

#include <concepts>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace joist::inline v0::web {

/// Answers a request. A router is one, too.
using handler = std::function<response(request&)>;
/// What a plug calls to have the request answered by what stands behind it.
using next_handler = std::function<response(request&)>;
/// Stands in front of handlers: answers itself, or calls `next`, and may change request and answer on the way.
using plug = std::function<response(request&, const next_handler& next)>;

/// Plugs in front of a handler: the first of them sees the request first, the answer last.     [start-up]
[[nodiscard]] handler pipeline(std::vector<plug> plugs, handler behind);

namespace http {
class route_tree;
/// Meant as a handler, and none.
template <class H>
concept no_handler = !std::convertible_to<H, handler> || !std::copy_constructible<std::decay_t<H>>;
}  // namespace http

class router {
 public:
  router();

  /// A handler for a method and a pattern. The pattern begins with a slash; its segments are texts as they are decoded,
  /// `:name` for any one, or, at the end, `*name` for all that follow (perhaps none). Throws errc::bad_argument for another
  /// pattern, and where a route for the same is there.     [start-up]
  void add(std::string_view method, std::string_view pattern, handler h);

  void get(std::string_view pattern, handler h) { add("GET", pattern, std::move(h)); }
  void post(std::string_view pattern, handler h) { add("POST", pattern, std::move(h)); }
  void put(std::string_view pattern, handler h) { add("PUT", pattern, std::move(h)); }
  void patch(std::string_view pattern, handler h) { add("PATCH", pattern, std::move(h)); }
  // Not `delete`, which is a word of C++.
  void del(std::string_view pattern, handler h) { add("DELETE", pattern, std::move(h)); }

  // Anything else is refused in words, where it is written.
  template <http::no_handler H>
  void add(std::string_view, std::string_view, H&&) {
    static_assert(
        !http::no_handler<H>,
        "joist: a handler is callable as joist::web::response(const joist::web::request&), and can be copied: return "
        "joist::web::text(...), joist::web::json(...) or the like, and share what cannot be copied by a "
        "std::shared_ptr");
  }
  template <http::no_handler H>
  void get(std::string_view pattern, H&& h) {
    add("GET", pattern, std::forward<H>(h));
  }
  template <http::no_handler H>
  void post(std::string_view pattern, H&& h) {
    add("POST", pattern, std::forward<H>(h));
  }
  template <http::no_handler H>
  void put(std::string_view pattern, H&& h) {
    add("PUT", pattern, std::forward<H>(h));
  }
  template <http::no_handler H>
  void patch(std::string_view pattern, H&& h) {
    add("PATCH", pattern, std::forward<H>(h));
  }
  template <http::no_handler H>
  void del(std::string_view pattern, H&& h) {
    add("DELETE", pattern, std::forward<H>(h));
  }

  /// In `routes`, patterns go on behind the prefix, and the plugs stand in front of each handler. A prefix may have params.
  /// [start-up]
  void scope(std::string_view prefix, std::vector<plug> plugs, const std::function<void(router&)>& routes) const;
  void scope(std::string_view prefix, const std::function<void(router&)>& routes) const { scope(prefix, {}, routes); }

  /// Finds the handler, and has it answer.     [process]
  [[nodiscard]] response operator()(request& in) const;

  /// `GET /hello/:name` for each route, in the order they were added.     [any thread]
  [[nodiscard]] std::vector<std::string> routes() const;

 private:
  router(std::shared_ptr<http::route_tree> tree, std::string prefix, std::vector<plug> plugs);

  std::shared_ptr<http::route_tree> tree_;
  std::string prefix_;
  std::vector<plug> plugs_;  // the outermost first
};

}  // namespace joist::inline v0::web
