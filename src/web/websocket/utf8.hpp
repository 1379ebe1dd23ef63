// web/websocket/utf8.hpp: whether bytes that come in pieces are UTF-8. RFC 3629. Pure.
//
// Promises
//   a piece is refused as soon as it holds a byte that no text could go on with
//   one byte of state; ASCII goes by words
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace joist::inline v0::web::ws {

class utf8_check {
 public:
  /// Takes the next piece. False: no text begins like that, whatever follows; and it stays so.     [any thread]
  [[nodiscard]] bool add(std::string_view piece) noexcept;
  /// Whether what has come is a whole text: the last character is complete.     [any thread]
  [[nodiscard]] bool complete() const noexcept;

 private:
  std::uint8_t state_ = 0;  // a place in the words of the table: utf8.cpp
};

/// Whether it is UTF-8 as a whole.     [any thread]
[[nodiscard]] bool is_utf8(std::string_view text) noexcept;
/// How many bytes of its beginning are whole characters of UTF-8.     [any thread]
[[nodiscard]] std::size_t utf8_prefix(std::string_view text) noexcept;

}  // namespace joist::inline v0::web::ws
