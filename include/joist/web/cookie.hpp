// joist/web/cookie.hpp: what a browser keeps for us. RFC 6265, 4.1, with SameSite.
//
//   return joist::web::text("welcome").with_cookie({.name = "session", .value = token, .max_age = 24h, .secure = true});
//
// Promises
//   what is not asked for is what is safe: scripts do not see it, other sites' forms do not send it
//   values that would end the cookie early are refused (percent_encode makes them fit)
//
// See also: request.hpp (cookie), response.hpp (with_cookie).
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

namespace joist::inline v0::web {

enum class same_site : std::uint8_t { lax, strict, none };

struct cookie {
  std::string name;
  std::string value{};
  std::string path{"/"};
  std::string domain{};                            ///< empty: this host alone
  std::optional<std::chrono::seconds> max_age{};   ///< none: until the browser ends; 0: it goes now
  bool secure = false;                             ///< over TLS only
  bool http_only = true;                           ///< no script sees it
  web::same_site same_site = web::same_site::lax;  ///< none needs `secure`

  /// The value of Set-Cookie. Throws errc::bad_argument for what a browser would not keep as it is meant.     [any thread]
  [[nodiscard]] std::string to_string() const;
};

/// One that takes the cookie of that name from the browser: over TLS, where the name begins with __Host- or __Secure-.
/// [any thread]
[[nodiscard]] cookie expired_cookie(std::string name, std::string path = "/");

}  // namespace joist::inline v0::web
