// web/http/characters.hpp: which bytes the grammar of HTTP allows where, and comparisons that know no case. RFC 9110, 5.6.
// Pure.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <type_traits>

namespace joist::inline v0::web::http {

[[nodiscard]] constexpr char lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }
[[nodiscard]] constexpr bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }
[[nodiscard]] constexpr bool is_alpha(char c) noexcept { return lower(c) >= 'a' && lower(c) <= 'z'; }
/// What an URI never needs to encode: RFC 3986, 2.3.
[[nodiscard]] constexpr bool is_unreserved(char c) noexcept {
  return is_alpha(c) || is_digit(c) || c == '-' || c == '.' || c == '_' || c == '~';
}
/// For each byte, whether it is one of a kind: what is looked up for every byte of every request.
using byte_set = std::array<bool, 256>;
inline constexpr byte_set token_chars = [] {
  byte_set all{};
  for (int c = 0; c < 128; ++c)
    all[static_cast<std::size_t>(c)] = is_alpha(static_cast<char>(c)) || is_digit(static_cast<char>(c));
  for (const char c : std::string_view{"!#$%&'*+-.^_`|~"}) all[static_cast<unsigned char>(c)] = true;
  return all;
}();
/// Visible, blank or tab, or of another encoding than ASCII: no control character.
inline constexpr byte_set text_chars = [] {
  byte_set all{};
  for (std::size_t c = 0x20; c < all.size(); ++c) all[c] = c != 0x7f;
  all['\t'] = true;
  return all;
}();
[[nodiscard]] constexpr bool is_token_char(char c) noexcept { return token_chars[static_cast<unsigned char>(c)]; }
[[nodiscard]] constexpr bool is_text_char(char c) noexcept { return text_chars[static_cast<unsigned char>(c)]; }
[[nodiscard]] constexpr bool is_token(std::string_view text) noexcept {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return is_token_char(c); });
}
/// How many bytes there are before the first that is_text_char refuses. Eight at a time: heads are looked at byte for byte.
[[nodiscard]] constexpr std::size_t text_length(std::string_view text) noexcept {
  std::size_t at = 0;
  if (!std::is_constant_evaluated()) {
    constexpr std::uint64_t ones = 0x0101010101010101, highs = 0x8080808080808080;
    for (std::uint64_t eight = 0; text.size() - at >= sizeof eight; at += sizeof eight) {
      std::memcpy(&eight, text.data() + at, sizeof eight);
      const std::uint64_t below_blank = (eight - 0x20 * ones) & ~eight;
      const std::uint64_t delete_char = ((eight ^ 0x7f * ones) - ones) & ~(eight ^ 0x7f * ones);
      if (((below_blank | delete_char) & highs) != 0) break;  // perhaps only a tab
    }
  }
  while (at < text.size() && is_text_char(text[at])) ++at;
  return at;
}
[[nodiscard]] constexpr bool is_text(std::string_view text) noexcept { return text_length(text) == text.size(); }
/// The value of a hexadecimal digit, or -1.
[[nodiscard]] constexpr int hex_value(char c) noexcept {
  if (is_digit(c)) return c - '0';
  return lower(c) >= 'a' && lower(c) <= 'f' ? lower(c) - 'a' + 10 : -1;
}

[[nodiscard]] constexpr bool same_word(std::string_view a, std::string_view b) noexcept {
  return a.size() == b.size() &&
         std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) { return lower(x) == lower(y); });
}
/// Without blanks and tabs at its ends.
[[nodiscard]] constexpr std::string_view trimmed(std::string_view text) noexcept {
  const auto blank = [](char c) { return c == ' ' || c == '\t'; };
  while (!text.empty() && blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && blank(text.back())) text.remove_suffix(1);
  return text;
}

/// Takes what stands before the next separator, without blanks around, off the front of `rest`.
[[nodiscard]] constexpr std::string_view take_until(char separator, std::string_view& rest) noexcept {
  const auto at = std::min(rest.find(separator), rest.size());
  const std::string_view part = trimmed(rest.substr(0, at));
  rest.remove_prefix(std::min(at + 1, rest.size()));
  return part;
}

/// Calls f with each element of a list that commas part, empty ones left out: RFC 9110, 5.6.1. Not for lists with quotes.
template <class F>
constexpr void for_each_element(std::string_view list, F f) {
  while (!list.empty()) {
    if (const std::string_view element = take_until(',', list); !element.empty()) f(element);
  }
}

}  // namespace joist::inline v0::web::http
