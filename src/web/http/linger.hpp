// web/http/linger.hpp: how a connection is closed by the server while its client may still be sending.
#pragma once

#include <joist/net/stream.hpp>

namespace joist::inline v0::web::http {

/// What is unread when a connection is closed makes the system break it off, and what was said last may be lost with it: the
/// client has a second to read, and a second more for each 256 KiB that it goes on sending, 16 MiB at most. (nginx as a
/// proxy answers 502, whatever we said, where it cannot send a body on to its end.) RFC 9112, 9.6.     [process]
void linger(net::stream& peer);

}  // namespace joist::inline v0::web::http
