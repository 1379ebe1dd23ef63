// tls/refusal.hpp: why a handshake failed, for programs and for people.
#pragma once

#include <joist/tls/stream.hpp>

#include <string>
#include <string_view>
#include <system_error>

#include "tls/secure_layer.hpp"

namespace joist::inline v0::tls::detail {

/// `why`: what the last call gave. `peer`: whom it was with.
[[nodiscard]] handshake_error refusal_of(const secure_layer& failed, const std::error_code& why, std::string_view peer);
/// "not_tls".
[[nodiscard]] std::string_view name_of(failure_kind kind) noexcept;

}  // namespace joist::inline v0::tls::detail
