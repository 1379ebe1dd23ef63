#include <joist/web/json.hpp>

#include <joist/web/media_type.hpp>

#include <fmt/format.h>

#include "web/http/characters.hpp"

namespace joist::inline v0::detail {

bool has_json_type(std::string_view content_type) noexcept {
  const std::string_view type = web::http::take_until(';', content_type);
  constexpr std::string_view suffix{"+json"};
  return web::http::same_word(type, "application/json") ||
         (type.size() > suffix.size() && web::http::same_word(type.substr(type.size() - suffix.size()), suffix));
}

void json_reader::add_error(std::string what) {
  if (errors_.size() < most_errors) errors_.push_back({pointer_, std::move(what)});
}

void json_reader::expected(std::string_view what, const web::json_value& got) {
  add_error(fmt::format("expected {}, got {}", what, got.kind()));
}

// RFC 6901, 3: ~ and / of a name are written as ~0 and ~1.
std::size_t json_reader::enter(std::string_view name) {
  const std::size_t before = pointer_.size();
  pointer_ += '/';
  for (const char c : name) {
    if (c == '~' || c == '/') {
      pointer_ += c == '~' ? "~0" : "~1";
    } else {
      pointer_ += c;
    }
  }
  return before;
}

std::size_t json_reader::enter(std::size_t index) { return enter(std::to_string(index)); }

}  // namespace joist::inline v0::detail

namespace joist::inline v0::web {

response json_errors(const std::vector<json_error>& errors, int status) {
  struct page {
    std::vector<json_error> errors;
  };
  return json(page{errors}).with_status(status);
}

}  // namespace joist::inline v0::web
