// joist/web/csrf.hpp: a plug that refuses what pages of other sites have a browser send here. Plug: Plug.CSRFProtection.
//
//   routes.scope("/", {joist::web::csrf({.secrets = {secret}})}, [](joist::web::router& site) {
//     site.get("/", [](const joist::web::request& in) {
//       return joist::web::html(R"(<form method="post"><input type="hidden" name="_csrf_token" value=")" +
//                               joist::web::csrf_token(in) + R"("> ... </form>)");
//     });
//     site.post("/", ...);                             // is asked where the token came back
//   });
//
// Promises
//   GET, HEAD and OPTIONS pass; each other request needs the token of its cookie in the field X-CSRF-Token, or as
//     `_csrf_token` in a form (application/x-www-form-urlencoded): else 403, and response::why says what was missing
//   the token in a page looks different each time: who sees how long the page is, packed, learns nothing of it (BREACH)
//   a page with a token stays out of the caches of others, unless the handler says something else in Cache-Control
//
// The token lies in a signed cookie, which a page of another site can neither read nor make. Over TLS, have a cookie that
// not even other hosts of the same domain can set: `.cookie = {.name = "__Host-csrf", .secure = true}`. Who logs in gets
// another one: renew_csrf_token. Forms of multipart/form-data send it as the field: their bodies are not looked into.
// Example: examples/32_tokens. See also: protected_cookie.hpp; websocket.hpp (origins), for what is no form.
#pragma once

#include <joist/web/cookie.hpp>
#include <joist/web/router.hpp>

#include <string>
#include <vector>

namespace joist::inline v0::web {

struct csrf_options {
  std::vector<std::string> secrets;           ///< as of token_key
  web::cookie cookie{.name = "_csrf_token"};  ///< all but its value; no script has to see it
};

/// Throws errc::bad_argument for what protected_cookie refuses.     [start-up]
[[nodiscard]] plug csrf(csrf_options options);

/// 56 letters for a form, or for the meta tag that scripts read. Before the handler returns: the first time a cookie goes
/// along with its answer. Throws errc::bad_argument where no csrf() stands in front.     [process]
[[nodiscard]] std::string csrf_token(const request& in);
/// From now on it is another one, and the tokens in all open pages are refused. Throws as csrf_token.     [process]
void renew_csrf_token(const request& in);

}  // namespace joist::inline v0::web
