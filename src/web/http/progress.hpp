// web/http/progress.hpp: what readers of messages say of the bytes that they were given. Pure.
#pragma once

#include <cstdint>
#include <string_view>

namespace joist::inline v0::web::http {

enum class progress : std::uint8_t { need_more, head, body, done, refused };

/// What a refusal says that no bytes must ever cause: Beast and we read the same framing.
inline constexpr std::string_view two_readings{"the message has two readings"};

}  // namespace joist::inline v0::web::http
