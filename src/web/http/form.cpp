#include <joist/web/form.hpp>
#include <joist/web/percent.hpp>

#include "web/http/characters.hpp"

namespace joist::inline v0::web {
namespace {

std::string decoded(std::string_view text) {
  std::string all;
  all.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool two_more = text[i] == '%' && text.size() - i > 2;
    const int high = two_more ? http::hex_value(text[i + 1]) : -1;
    const int low = two_more ? http::hex_value(text[i + 2]) : -1;
    if (high >= 0 && low >= 0) {
      all += static_cast<char>(high * 16 + low);
      i += 2;
    } else {
      all += text[i] == '+' ? ' ' : text[i];
    }
  }
  return all;
}

}  // namespace

std::optional<std::string_view> form_values::find(std::string_view name) const noexcept {
  for (const auto& [n, value] : all_) {
    if (n == name) return value;
  }
  return std::nullopt;
}

std::string_view form_values::get(std::string_view name, std::string_view otherwise) const noexcept {
  return find(name).value_or(otherwise);
}

std::vector<std::string_view> form_values::all(std::string_view name) const {
  std::vector<std::string_view> values;
  for (const auto& [n, value] : all_) {
    if (n == name) values.push_back(value);
  }
  return values;
}

form_values& form_values::add(std::string name, std::string value) {
  all_.emplace_back(std::move(name), std::move(value));
  return *this;
}

std::string form_values::to_string() const {
  std::string text;
  for (const auto& [name, value] : all_) {
    if (!text.empty()) text += '&';
    text.append(percent_encode(name)).append("=").append(percent_encode(value));
  }
  return text;
}

form_values parse_form(std::string_view text, std::size_t most) {
  form_values form;
  while (!text.empty() && form.size() < most) {
    const auto end = std::min(text.find('&'), text.size());
    const std::string_view pair = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (pair.empty()) continue;
    const auto equals = std::min(pair.find('='), pair.size());
    form.add(decoded(pair.substr(0, equals)), decoded(pair.substr(std::min(equals + 1, pair.size()))));
  }
  return form;
}

}  // namespace joist::inline v0::web
