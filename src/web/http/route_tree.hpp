// web/http/route_tree.hpp: the routes as a tree, a level for each segment. Pure, but for the handlers it keeps.
//
// A route for the method of a request is looked for depth first: the text of the segment, then a param, then the rest. No
// node is visited twice for one request: how long it takes is bounded by the tree, not by what a client sends. Nothing is
// allocated but the params.
#pragma once

#include <joist/web/router.hpp>

#include <cstddef>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace joist::inline v0::web::http {

struct route {
  std::string method;
  std::string pattern;
  std::vector<std::string> names;  // of the params, from the left
  handler answer;
};

class route_tree {
 public:
  route_tree();
  ~route_tree();
  route_tree(const route_tree&) = delete;
  route_tree& operator=(const route_tree&) = delete;

  /// Throws errc::bad_argument: see router::add.
  void add(std::string_view method, std::string_view pattern, handler answer);
  /// The route for this method, or null.
  [[nodiscard]] const route* find(std::string_view method, const request& in) const;
  /// Puts what the pattern names into the request.
  static void bind(const route& r, request& in);
  /// The methods of all routes that take the path: sorted, each once.
  [[nodiscard]] std::vector<std::string_view> methods(const request& in) const;
  [[nodiscard]] const std::vector<std::unique_ptr<route>>& routes() const noexcept { return routes_; }

 private:
  struct node;
  template <class Visit>
  static bool visit(const node& at, const request& in, std::size_t depth, const Visit& visit_routes);

  std::unique_ptr<node> root_;
  std::vector<std::unique_ptr<route>> routes_;
};

}  // namespace joist::inline v0::web::http
