// web/websocket/mask.hpp: the payload of a client is combined with a key of four bytes, so that no byte of it is what the
// client's script chose. RFC 6455, 5.3. Masking twice gives the payload back. Pure.
#pragma once

#include <array>
#include <cstdint>
#include <span>

namespace joist::inline v0::web::ws {

using mask_key = std::array<unsigned char, 4>;

/// Masks, or unmasks, in place. `offset`: how many bytes of the payload came before these.     [any thread]
void mask(std::span<char> bytes, mask_key key, std::uint64_t offset = 0) noexcept;

}  // namespace joist::inline v0::web::ws
