#include <joist/web/router.hpp>

#include <joist/error.hpp>
#include <joist/web/http_error.hpp>

#include <fmt/format.h>

#include <algorithm>

#include "web/http/route_tree.hpp"

namespace joist::inline v0::web {
namespace {

// What clients may ask for here, for Allow: GET brings HEAD, and OPTIONS is always answered.
std::string allowed(std::vector<std::string_view> methods) {
  const auto has = [&methods](std::string_view m) { return std::find(methods.begin(), methods.end(), m) != methods.end(); };
  if (has("GET") && !has("HEAD")) methods.push_back("HEAD");
  if (!has("OPTIONS")) methods.push_back("OPTIONS");
  std::sort(methods.begin(), methods.end());
  return fmt::format("{}", fmt::join(methods, ", "));
}

response answer_without_route(const http::route_tree& tree, const request& in) {
  const bool asks = in.method() == "OPTIONS";
  if (asks && in.path() == "*") return no_content();
  auto methods = tree.methods(in);
  if (methods.empty()) return status_page(404);
  return (asks ? no_content() : status_page(405)).with_field("Allow", allowed(std::move(methods)));
}

}  // namespace

handler pipeline(std::vector<plug> plugs, handler behind) {
  for (auto p = plugs.rbegin(); p != plugs.rend(); ++p) {
    behind = [front = std::move(*p), next = std::move(behind)](request& in) { return front(in, next); };
  }
  return behind;
}

router::router() : tree_{std::make_shared<http::route_tree>()} {}
router::router(std::shared_ptr<http::route_tree> tree, std::string prefix, std::vector<plug> plugs)
    : tree_{std::move(tree)}, prefix_{std::move(prefix)}, plugs_{std::move(plugs)} {}

void router::add(std::string_view method, std::string_view pattern, handler h) {
  if (!pattern.empty() && !pattern.starts_with('/'))
    throw error{errc::bad_argument,
                fmt::format("router: expected a pattern that begins with a slash, got {} {}", method, pattern)};
  std::string whole = prefix_;
  whole.append(pattern);
  if (h) h = pipeline(plugs_, std::move(h));
  tree_->add(method, whole, std::move(h));
}

void router::scope(std::string_view prefix, std::vector<plug> plugs, const std::function<void(router&)>& routes) const {
  if (!prefix.empty() && !prefix.starts_with('/'))
    throw error{errc::bad_argument,
                fmt::format("router::scope: expected a prefix that begins with a slash, got {}", prefix)};
  while (prefix.ends_with('/')) prefix.remove_suffix(1);
  std::vector<plug> all = plugs_;
  for (plug& p : plugs) {
    if (!p)
      throw error{errc::bad_argument, fmt::format("router::scope: expected plugs, got an empty function, at {}", prefix)};
    all.push_back(std::move(p));
  }
  router inner{tree_, std::string{prefix_}.append(prefix), std::move(all)};
  routes(inner);
}

response router::operator()(request& in) const {
  const http::route* found = tree_->find(in.method(), in);
  if (found == nullptr && in.method() == "HEAD") found = tree_->find("GET", in);
  try {
    if (found == nullptr) return answer_without_route(*tree_, in);
    http::route_tree::bind(*found, in);
    return found->answer(in);
  } catch (const http_error& e) {
    return status_page(e);
  }
}

std::vector<std::string> router::routes() const {
  std::vector<std::string> all;
  for (const auto& r : tree_->routes()) all.push_back(r->method + " " + r->pattern);
  return all;
}

}  // namespace joist::inline v0::web
