// web/websocket/accept_key.hpp: how a server proves that it has understood a WebSocket handshake. RFC 6455, 4.2.2. Pure.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace joist::inline v0::web::ws {

/// The value of Sec-WebSocket-Accept for that of Sec-WebSocket-Key.     [any thread]
[[nodiscard]] std::string accept_key(std::string_view key);
/// A value for Sec-WebSocket-Key: of 16 bytes that nobody can guess.     [any thread]
[[nodiscard]] std::string make_key(std::span<const std::byte, 16> nonce);
/// Whether it is what a client may send: 16 bytes in base64.     [any thread]
[[nodiscard]] bool is_key(std::string_view key) noexcept;

}  // namespace joist::inline v0::web::ws
