// web/client/redirect.hpp: where a redirect leads, and what is asked there. RFC 9110, 15.4. Pure.
//
//   status     method             body
//   301, 302   POST becomes GET   goes with it; else kept
//   303        becomes GET, but   left out
//              for HEAD
//   307, 308   kept               kept
//
// To another origin go neither Authorization nor Cookie: they were meant for the first one. A Host of the caller's neither.
#pragma once

#include <joist/web/client.hpp>
#include <joist/web/url.hpp>

#include <optional>
#include <string_view>

namespace joist::inline v0::web::http {

[[nodiscard]] bool is_redirect(int status, const fields& f) noexcept;
/// The error: what is wrong with it.     [any thread]
[[nodiscard]] result<url, client_error> redirect_target(const url& from, std::string_view location);
/// Makes the request the one that is asked next. The error: it cannot be.     [any thread]
[[nodiscard]] std::optional<client_error> redirect(client_request& request, int status, const url& from, const url& to);

}  // namespace joist::inline v0::web::http
