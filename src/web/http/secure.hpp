// web/http/secure.hpp: how a connection of HTTPS begins.
#pragma once

#include <joist/net/stream.hpp>
#include <joist/tls/context.hpp>

#include <chrono>

namespace joist::inline v0::web::http {

/// The server's half of the handshake. False: it failed, and the connection is to be closed. What speaks something else is
/// told what is spoken here, for it is mostly a browser that was given http:// for https://.     [process]
[[nodiscard]] bool secure(net::stream& peer, const tls::server_context& context, std::chrono::milliseconds limit);

}  // namespace joist::inline v0::web::http
