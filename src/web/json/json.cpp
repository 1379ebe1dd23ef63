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

// "on": a checkbox without a value of its own (WHATWG HTML, 4.10.5.3).
std::optional<bool> json_reader::bool_of_text(const web::json_value& from) const {
  const std::string* text = as_forms_ ? from.as_string() : nullptr;
  if (text == nullptr) return std::nullopt;
  if (*text == "true" || *text == "on" || *text == "1") return true;
  if (*text == "false" || *text == "off" || *text == "0" || text->empty()) return false;
  return std::nullopt;
}

std::optional<web::json_value> json_reader::number_of_text(const web::json_value& from) const {
  const std::string* text = as_forms_ ? from.as_string() : nullptr;
  if (text == nullptr) return std::nullopt;
  auto number = web::parse_json(*text);
  const bool is_number =
      number && (number->as_int64() != nullptr || number->as_uint64() != nullptr || number->as_double() != nullptr);
  return is_number ? std::optional{*std::move(number)} : std::nullopt;
}

bool json_reader::is_empty_field(const web::json_value& from) const noexcept {
  const std::string* text = as_forms_ ? from.as_string() : nullptr;
  return text != nullptr && text->empty();
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
