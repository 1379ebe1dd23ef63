#include "web/websocket/close_code.hpp"

#include <joist/error.hpp>

#include <fmt/format.h>

#include <algorithm>

#include "web/websocket/utf8.hpp"

namespace joist::inline v0::web::ws {

bool travels(close_code code) noexcept {
  const auto number = static_cast<std::uint16_t>(code);
  if (number >= 3000) return number <= 4999;
  return (number >= 1000 && number <= 1003) || (number >= 1007 && number <= 1014);
}

result<close_reason, refusal> parse_close(std::string_view payload) noexcept {
  if (payload.empty()) return close_reason{};
  if (payload.size() == 1) return failure{refusal{close_code::protocol_error, "a close frame holds half a code"}};
  const auto high = static_cast<unsigned char>(payload[0]);
  const auto low = static_cast<unsigned char>(payload[1]);
  const close_reason said{static_cast<close_code>(high << 8 | low), payload.substr(2)};
  if (!travels(said.code))
    return failure{refusal{close_code::protocol_error, "a close frame holds a code that is never sent"}};
  if (!is_utf8(said.text)) return failure{refusal{close_code::invalid_payload, "the reason in a close frame is not UTF-8"}};
  return said;
}

close_payload format_close(close_code code, std::string_view text) {
  close_payload payload;
  if (code == close_code::no_status) return payload;
  if (!travels(code))
    throw error{errc::bad_argument,
                fmt::format("close: expected a code of 1000 to 1003, 1007 to 1014 or 3000 to 4999, got {}",
                            static_cast<std::uint16_t>(code))};
  const std::string_view kept = text.substr(0, utf8_prefix(text.substr(0, most_reason_bytes)));
  payload.bytes[0] = static_cast<char>(static_cast<std::uint16_t>(code) >> 8);
  payload.bytes[1] = static_cast<char>(static_cast<std::uint16_t>(code) & 0xff);
  std::copy(kept.begin(), kept.end(), payload.bytes.begin() + 2);
  payload.size = 2 + kept.size();
  return payload;
}

}  // namespace joist::inline v0::web::ws
