// web/http/linger.hpp: how a connection is closed by the server while its client may still be sending.
#pragma once

#include <joist/net/stream.hpp>

namespace joist::inline v0::web::http {

/// What is unread when a connection is closed makes the system break it off, and what was said last may be lost with it: the
/// client is given a moment to read. RFC 9112, 9.6.     [process]
void linger(net::stream& peer);

}  // namespace joist::inline v0::web::http
