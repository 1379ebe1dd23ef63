// pubsub/length_fields.hpp: texts behind their lengths, as frames and what is in them have: the low byte of a length first.
// Pure.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace joist::inline v0::detail {

/// A text that is no longer than so many bytes of length can say.
inline void append_field(std::string& out, std::string_view text, unsigned length_bytes) {
  for (unsigned i = 0; i < length_bytes; ++i) out += static_cast<char>(text.size() >> 8 * i & 0xff);
  out += text;
}

/// The text that `rest` begins with; `rest` is then what is behind it. Nothing: it is cut off.
[[nodiscard]] inline std::optional<std::string_view> take_field(std::string_view& rest, unsigned length_bytes) noexcept {
  if (rest.size() < length_bytes) return std::nullopt;
  std::size_t size = 0;
  for (unsigned i = 0; i < length_bytes; ++i) size |= std::size_t{static_cast<unsigned char>(rest[i])} << 8 * i;
  const std::string_view behind = rest.substr(length_bytes);
  if (behind.size() < size) return std::nullopt;
  rest = behind.substr(size);
  return behind.substr(0, size);
}

}  // namespace joist::inline v0::detail
