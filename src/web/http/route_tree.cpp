#include "web/http/route_tree.hpp"

#include <joist/error.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <functional>

#include "web/http/characters.hpp"
#include "web/http/request_access.hpp"

namespace joist::inline v0::web::http {

struct route_tree::node {
  std::map<std::string, std::unique_ptr<node>, std::less<>> texts;
  std::unique_ptr<node> param;
  std::vector<const route*> here;  // routes that end at this segment
  std::vector<const route*> rest;  // routes whose `*rest` begins behind it
};

namespace {

[[noreturn]] void refuse(std::string_view method, std::string_view pattern, std::string_view why) {
  throw error{errc::bad_argument, fmt::format("router: expected a pattern such as /users/:id or /files/*path, got {} {}: {}",
                                              method, pattern, why)};
}

const route* find_method(const std::vector<const route*>& routes, std::string_view method) {
  const auto found = std::find_if(routes.begin(), routes.end(), [&](const route* r) { return r->method == method; });
  return found == routes.end() ? nullptr : *found;
}

}  // namespace

route_tree::route_tree() : root_{std::make_unique<node>()} {}
route_tree::~route_tree() = default;

void route_tree::add(std::string_view method, std::string_view pattern, handler answer) {
  if (!is_token(method)) refuse(method, pattern, "the method is no word");
  if (!answer) refuse(method, pattern, "there is no handler");
  if (!pattern.starts_with('/')) refuse(method, pattern, "it does not begin with a slash");
  auto r = std::make_unique<route>(route{std::string{method}, std::string{pattern}, {}, std::move(answer)});
  node* at = root_.get();
  std::vector<const route*>* end = nullptr;
  for (std::string_view left = pattern.substr(1); !left.empty();) {
    const auto slash = std::min(left.find('/'), left.size());
    const std::string_view segment = left.substr(0, slash);
    left.remove_prefix(std::min(slash + 1, left.size()));
    if (segment.empty()) continue;
    if (end != nullptr) refuse(method, pattern, "something stands behind the *rest");
    if (segment.front() != ':' && segment.front() != '*') {
      auto& below = at->texts[std::string{segment}];
      if (below == nullptr) below = std::make_unique<node>();
      at = below.get();
      continue;
    }
    const std::string name{segment.substr(1)};
    if (name.empty()) refuse(method, pattern, "a param has no name");
    if (std::find(r->names.begin(), r->names.end(), name) != r->names.end())
      refuse(method, pattern, "two params have one name");
    r->names.push_back(name);
    if (segment.front() == '*') {
      end = &at->rest;
    } else {
      if (at->param == nullptr) at->param = std::make_unique<node>();
      at = at->param.get();
    }
  }
  if (end == nullptr) end = &at->here;
  if (const route* other = find_method(*end, method))
    throw error{errc::bad_argument, fmt::format("router: expected one route for one path, got {} {}, where there is {} {}",
                                                method, pattern, other->method, other->pattern)};
  end->push_back(r.get());
  routes_.push_back(std::move(r));
}

// Calls visit_routes with the routes of each node that takes the path, the closest first, until it returns true.
template <class Visit>
bool route_tree::visit(const node& at, const request& in, std::size_t depth, const Visit& visit_routes) {
  if (depth == in.segment_count()) {
    if (visit_routes(at.here)) return true;
  } else {
    if (const auto text = at.texts.find(in.segment(depth)); text != at.texts.end()) {
      if (visit(*text->second, in, depth + 1, visit_routes)) return true;
    }
    if (at.param != nullptr && visit(*at.param, in, depth + 1, visit_routes)) return true;
  }
  return visit_routes(at.rest);
}

const route* route_tree::find(std::string_view method, const request& in) const {
  const route* found = nullptr;
  visit(*root_, in, 0, [&](const std::vector<const route*>& routes) {
    found = find_method(routes, method);
    return found != nullptr;
  });
  return found;
}

std::vector<std::string_view> route_tree::methods(const request& in) const {
  std::vector<std::string_view> all;
  visit(*root_, in, 0, [&](const std::vector<const route*>& routes) {
    for (const route* r : routes) all.push_back(r->method);
    return false;
  });
  std::sort(all.begin(), all.end());
  all.erase(std::unique(all.begin(), all.end()), all.end());
  return all;
}

void route_tree::bind(const route& r, request& in) {
  request_access::begin_route(in, r.pattern);
  std::size_t name = 0;
  std::size_t segment = 0;
  for (std::string_view left = r.pattern; name < r.names.size();) {
    const auto slash = std::min(left.find('/'), left.size());
    const char first = slash == 0 ? '\0' : left.front();
    if (first == ':') request_access::add_param(in, r.names[name++], segment);
    if (first == '*') request_access::add_rest(in, r.names[name++], segment);
    if (slash > 0) ++segment;
    left.remove_prefix(std::min(slash + 1, left.size()));
  }
}

}  // namespace joist::inline v0::web::http
