// web/websocket/encoder.hpp: messages and control frames, as bytes for the connection. RFC 6455, sections 5 and 6. Pure.
//
// A client masks with a key that nobody can guess, a new one for each frame; a server does not mask. A header alone, for
// payloads that are written from where they lie, is encode() of frame.hpp.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "web/websocket/close_code.hpp"
#include "web/websocket/compression.hpp"
#include "web/websocket/frame.hpp"

namespace joist::inline v0::web::ws {

/// One frame: `header`, of as many bytes as the payload has.     [any thread]
void append_frame(std::string& out, frame_header header, std::string_view payload);

/// A message of one frame: text, which is UTF-8, or binary.     [any thread]
void append_message(std::string& out, opcode type, std::string_view payload, std::optional<mask_key> masked = {});
/// The same, compressed. Without context takeover, one that would not become smaller goes as it is.     [any thread]
void append_message(std::string& out, opcode type, std::string_view payload, deflater& compress,
                    std::optional<mask_key> masked = {});

/// A ping, or the pong that answers it. Throws errc::bad_argument for more than 125 bytes.     [any thread]
void append_ping(std::string& out, std::string_view payload = {}, std::optional<mask_key> masked = {});
void append_pong(std::string& out, std::string_view payload, std::optional<mask_key> masked = {});
/// What format_close makes of code and reason, and throws.     [any thread]
void append_close(std::string& out, close_code code, std::string_view reason = {}, std::optional<mask_key> masked = {});

}  // namespace joist::inline v0::web::ws
