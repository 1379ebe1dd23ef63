// web/security/base64url.hpp: bytes as letters, digits, - and _, without padding: RFC 4648, 5. Pure.
//
// Each value has one text: what has bits that say nothing, and are not 0, is refused. Else the last letter of a token could
// be changed, and it would be the same.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace joist::inline v0::web::security {

[[nodiscard]] std::string to_base64url(std::string_view bytes);
/// Nothing, for what to_base64url does not write.
[[nodiscard]] std::optional<std::string> from_base64url(std::string_view text);
/// As browsers write it: with + and / in the place of - and _, and padding (RFC 4648, 4).
[[nodiscard]] std::optional<std::string> from_base64(std::string_view text);

}  // namespace joist::inline v0::web::security
