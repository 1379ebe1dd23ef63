// web/websocket/frame.hpp: the header of a frame, as a value and as 2 to 14 bytes. RFC 6455, 5.2. Pure.
//
//   byte 0   fin · rsv1 (compressed, RFC 7692) · rsv2 · rsv3 · opcode (4 bits)
//   byte 1   masked · length (7 bits): 126: two bytes of length follow, 127: eight
//   then     the length, big-endian, in the shortest of the three forms · the key of the mask, where masked
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "web/websocket/close_code.hpp"
#include "web/websocket/mask.hpp"

namespace joist::inline v0::web::ws {

/// Which end of the connection this one is.
enum class role : std::uint8_t { server, client };

enum class opcode : std::uint8_t { continuation = 0, text = 1, binary = 2, close = 8, ping = 9, pong = 10 };

[[nodiscard]] constexpr bool is_control(opcode op) noexcept { return op >= opcode::close; }

struct frame_header {
  opcode op = opcode::text;
  bool final = true;
  bool compressed = false;
  std::optional<mask_key> masked{};
  std::uint64_t payload_bytes = 0;

  friend bool operator==(const frame_header&, const frame_header&) = default;
};

inline constexpr std::size_t most_header_bytes = 14;

struct encoded_header {
  std::array<char, most_header_bytes> bytes;
  std::uint8_t size = 0;

  [[nodiscard]] std::string_view view() const noexcept { return {bytes.data(), size}; }
};

/// [any thread]
[[nodiscard]] encoded_header encode(const frame_header& header) noexcept;

/// What the one who reads headers goes by.
struct header_rules {
  role reader = role::server;
  bool compression = false;  // negotiated
};

struct header_reading {
  enum class verdict : std::uint8_t { incomplete, complete, refused };

  verdict what = verdict::incomplete;
  std::uint8_t header_bytes = 0;  // complete
  frame_header header;            // complete
  refusal why;                    // refused
};

/// Reads the header that `bytes` begin with. What the first bytes say is refused before the others come.     [any thread]
[[nodiscard]] header_reading read_header(std::string_view bytes, header_rules rules) noexcept;

}  // namespace joist::inline v0::web::ws
