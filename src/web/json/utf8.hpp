// web/json/utf8.hpp: one character after the other. RFC 3629. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace joist::inline v0::web::json {

/// Bytes of the character that `text` begins with; 0: of none, as it is cut off, too long, a surrogate, or beyond U+10FFFF.
[[nodiscard]] constexpr std::size_t character_bytes(std::string_view text) noexcept {
  const auto byte = [text](std::size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U; };
  const auto follows = [byte](std::size_t i, unsigned low = 0x80, unsigned high = 0xbf) {
    return byte(i) >= low && byte(i) <= high;
  };
  const unsigned first = byte(0);
  if (text.empty()) return 0;
  if (first < 0x80) return 1;
  if (first >= 0xc2 && first <= 0xdf) return follows(1) ? 2 : 0;
  if (first >= 0xe0 && first <= 0xef) {
    const unsigned low = first == 0xe0 ? 0xa0 : 0x80;
    const unsigned high = first == 0xed ? 0x9f : 0xbf;
    return follows(1, low, high) && follows(2) ? 3 : 0;
  }
  if (first >= 0xf0 && first <= 0xf4) {
    const unsigned low = first == 0xf0 ? 0x90 : 0x80;
    const unsigned high = first == 0xf4 ? 0x8f : 0xbf;
    return follows(1, low, high) && follows(2) && follows(3) ? 4 : 0;
  }
  return 0;
}

/// A code point up to U+10FFFF that is no surrogate.
inline void append_utf8(std::string& out, std::uint32_t code) {
  const auto add = [&out](std::uint32_t byte) { out += static_cast<char>(byte); };
  if (code < 0x80) {
    add(code);
  } else if (code < 0x800) {
    add(0xc0 | code >> 6U), add(0x80 | (code & 0x3f));
  } else if (code < 0x10000) {
    add(0xe0 | code >> 12U), add(0x80 | (code >> 6U & 0x3f)), add(0x80 | (code & 0x3f));
  } else {
    add(0xf0 | code >> 18U), add(0x80 | (code >> 12U & 0x3f)), add(0x80 | (code >> 6U & 0x3f)), add(0x80 | (code & 0x3f));
  }
}

}  // namespace joist::inline v0::web::json
