// tls/wire_bio.hpp: where OpenSSL gets its bytes from and leaves them: a layer, which has a socket within its calls.
#pragma once

#include "tls/openssl.hpp"

namespace joist::inline v0::tls::detail {

class secure_layer;

/// For SSL_set_bio. The layer outlives it. Throws std::bad_alloc.     [any thread]
[[nodiscard]] BIO* make_wire_bio(secure_layer& on);

}  // namespace joist::inline v0::tls::detail
