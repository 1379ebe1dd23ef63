// web/websocket/close_code.hpp: why a WebSocket is closed, as a number and a text in a close frame. RFC 6455, 7.4. Pure.
//
//   code                       on the wire
//     1000 to 1003, 1007 to 1014   yes: registered
//     1005, 1006, 1015             never: what an end tells its own program, of a close without a code, or without a frame
//     3000 to 4999                 yes: of frameworks and of applications
//     others                       never: not registered
#pragma once

#include <joist/result.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace joist::inline v0::web::ws {

enum class close_code : std::uint16_t {
  normal = 1000,
  going_away = 1001,
  protocol_error = 1002,
  unsupported_data = 1003,
  no_status = 1005,  // a close frame without a code
  abnormal = 1006,   // no close frame at all
  invalid_payload = 1007,
  policy_violation = 1008,
  message_too_big = 1009,
  missing_extension = 1010,
  internal_error = 1011,
  service_restart = 1012,
  try_again_later = 1013,
  bad_gateway = 1014,
  tls_failed = 1015
};

/// Why bytes are refused: the code that the peer is closed with, and a sentence of static storage.
struct refusal {
  close_code code{};
  std::string_view sentence;
};

/// What a close frame says.
struct close_reason {
  close_code code = close_code::no_status;
  std::string_view text;
};

inline constexpr std::size_t most_control_bytes = 125;
inline constexpr std::size_t most_reason_bytes = most_control_bytes - 2;

/// The payload of a close frame.
struct close_payload {
  std::array<char, most_control_bytes> bytes;
  std::size_t size = 0;

  [[nodiscard]] std::string_view view() const noexcept { return {bytes.data(), size}; }
};

/// Whether a close frame may hold it.     [any thread]
[[nodiscard]] bool travels(close_code code) noexcept;
/// What the payload of a close frame says; the text is a view of it.     [any thread]
[[nodiscard]] result<close_reason, refusal> parse_close(std::string_view payload) noexcept;
/// The payload that says so: nothing, of no_status. The text is cut where it is too long, or no longer UTF-8, between two
/// characters. Throws errc::bad_argument where the code does not travel.     [any thread]
[[nodiscard]] close_payload format_close(close_code code, std::string_view text = {});

}  // namespace joist::inline v0::web::ws
