// web/client/connect.hpp: the one place where connections to servers are opened.
#pragma once

#include <joist/net/stream.hpp>
#include <joist/web/client_response.hpp>
#include <joist/web/url.hpp>

namespace joist::inline v0::web::http {

/// Looks the host up, connects, and agrees on TLS where the URL is secure. The text of the error is what follows behind the
/// request's name.     [process]
[[nodiscard]] result<net::stream, client_error> open_connection(const url& to, joist::detail::deadline limit);

}  // namespace joist::inline v0::web::http
