// web/websocket/tokens.hpp: the words that header values are made of. RFC 9110, 5.6. Pure.
#pragma once

#include <algorithm>
#include <string_view>

namespace joist::inline v0::web::ws {

/// [any thread]
[[nodiscard]] constexpr bool is_token_char(char c) noexcept {
  const bool alphanumeric = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
  return alphanumeric || (c != '\0' && std::string_view{"!#$%&'*+-.^_`|~"}.find(c) != std::string_view::npos);
}

/// [any thread]
[[nodiscard]] constexpr bool is_token(std::string_view text) noexcept {
  return !text.empty() && std::all_of(text.begin(), text.end(), is_token_char);
}

[[nodiscard]] constexpr std::string_view trimmed(std::string_view text) noexcept {
  constexpr std::string_view spaces{" \t"};
  const auto first = text.find_first_not_of(spaces);
  return first == text.npos ? std::string_view{} : text.substr(first, text.find_last_not_of(spaces) - first + 1);
}

/// Whether they are the same, but for the case of ASCII letters.     [any thread]
[[nodiscard]] constexpr bool same_word(std::string_view a, std::string_view b) noexcept {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [&](char x, char y) { return lower(x) == lower(y); });
}

/// Calls f with each element of a list with commas, until it returns true; empty ones are left out. Whether it did.
///     [any thread]
template <class F>
constexpr bool any_element(std::string_view list, F f) {
  while (!list.empty()) {
    const auto comma = list.find(',');
    const std::string_view element = trimmed(list.substr(0, comma));
    if (!element.empty() && f(element)) return true;
    list = comma == list.npos ? std::string_view{} : list.substr(comma + 1);
  }
  return false;
}

/// Whether the list holds the word, in whatever case.     [any thread]
[[nodiscard]] constexpr bool has_word(std::string_view list, std::string_view word) {
  return any_element(list, [word](std::string_view element) { return same_word(element, word); });
}

}  // namespace joist::inline v0::web::ws
