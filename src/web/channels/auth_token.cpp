// The token of a client: where each of its transports puts it.
#include <joist/web/socket.hpp>

#include <cstdint>

namespace joist::inline v0::web {
namespace {

// RFC 4648, 5, without padding.
std::optional<std::string> from_base64url(std::string_view text) {
  static constexpr std::string_view digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  std::string out;
  out.reserve(text.size() * 3 / 4);
  std::uint32_t bits = 0;
  unsigned count = 0;
  for (char c : text) {
    if (c == '+') c = '-';  // what btoa() makes, which the client calls
    if (c == '/') c = '_';
    const auto digit = digits.find(c);
    if (digit == std::string_view::npos) return std::nullopt;
    bits = bits << 6 | static_cast<std::uint32_t>(digit);
    if ((count += 6) < 8) continue;
    count -= 8;
    out += static_cast<char>(bits >> count & 0xff);
  }
  return out;
}

}  // namespace

std::optional<std::string> auth_token(const request& in) {
  if (const auto plain = in.fields().find("X-Phoenix-AuthToken")) return std::string{*plain};
  static constexpr std::string_view mark = "base64url.bearer.phx.";
  const std::string offered = in.fields().joined("Sec-WebSocket-Protocol");
  const auto at = offered.find(mark);
  if (at == std::string::npos) return std::nullopt;
  std::string_view rest{offered};
  rest.remove_prefix(at + mark.size());
  return from_base64url(rest.substr(0, rest.find_first_of(", ")));
}

}  // namespace joist::inline v0::web
