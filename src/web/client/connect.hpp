// web/client/connect.hpp: the one place where connections to servers are opened, of HTTP and of WebSockets.
#pragma once

#include <joist/net/stream.hpp>
#include <joist/tls/context.hpp>
#include <joist/web/client_response.hpp>
#include <joist/web/url.hpp>

#include <optional>

namespace joist::inline v0::web::http {

/// Looks the host up, connects, and agrees on TLS where the URL is secure: with whom the context trusts, or the system. The
/// text of the error is what follows behind the request's name.     [process]
[[nodiscard]] result<net::stream, client_error> open_connection(const url& to,
                                                                const std::optional<tls::client_context>& trust,
                                                                joist::detail::deadline limit);

}  // namespace joist::inline v0::web::http
