#include <joist/web/percent.hpp>

#include "web/http/characters.hpp"

namespace joist::inline v0::web {

std::string percent_encode(std::string_view text) {
  constexpr std::string_view digits{"0123456789ABCDEF"};
  std::string all;
  all.reserve(text.size());
  for (const char c : text) {
    if (http::is_unreserved(c)) {
      all += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    all += '%';
    all += digits[byte >> 4U];
    all += digits[byte & 15U];
  }
  return all;
}

std::optional<std::string> percent_decode(std::string_view text) {
  std::string all;
  all.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      all += text[i];
      continue;
    }
    if (text.size() - i < 3) return std::nullopt;
    const int high = http::hex_value(text[i + 1]);
    const int low = http::hex_value(text[i + 2]);
    if (high < 0 || low < 0) return std::nullopt;
    all += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return all;
}

}  // namespace joist::inline v0::web
