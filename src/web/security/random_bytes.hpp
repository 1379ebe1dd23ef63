// web/security/random_bytes.hpp: bytes that nobody can guess: for keys of masks, nonces, secrets.
#pragma once

#include <cstddef>
#include <span>

namespace joist::inline v0::web::security {

/// From the system's source. Throws std::system_error where the system has none.     [any thread]
void fill_randomly(std::span<std::byte> bytes);

}  // namespace joist::inline v0::web::security
