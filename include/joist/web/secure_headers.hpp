// joist/web/secure_headers.hpp: a plug that tells browsers what pages of ours may not be used for. Phoenix:
// put_secure_browser_headers.
//
//   const joist::web::handler all = joist::web::pipeline({joist::web::secure_headers()}, routes);
//
// Promises
//   what a handler has set itself stays; what is empty in the options is not sent
//   Strict-Transport-Security is sent only to who asked over TLS, and only where it was wished for: browsers keep it for
//     long, and a host that goes back to plain HTTP is gone for them
//
// In a pipeline it is in all answers, also those of the router (404, 405), but the 500 of a crash. See also: router.hpp.
#pragma once

#include <joist/web/router.hpp>

#include <chrono>
#include <optional>
#include <string>

namespace joist::inline v0::web {

/// That browsers shall use TLS alone from now on. RFC 6797.
struct hsts {
  std::chrono::seconds max_age = std::chrono::hours{24 * 365};  ///< 0: no longer
  bool include_subdomains = false;
  bool preload = false;  ///< that lists in browsers may have it: with subdomains, for a year at least
};

struct secure_headers_options {
  /// Who may show our pages in his (frame-ancestors; X-Frame-Options is its past), and what their addresses are relative to.
  /// Scripts are left to you: `default-src 'self'` keeps out those that are not yours.
  std::string content_security_policy = "base-uri 'self'; frame-ancestors 'self';";
  std::string referrer_policy = "strict-origin-when-cross-origin";  ///< other sites hear of our host, not of our paths
  std::string content_type_options = "nosniff";                     ///< a text is no script, whatever it looks like
  std::string permitted_cross_domain_policies = "none";             ///< for what Flash was, and PDF is
  std::optional<hsts> strict_transport_security{};
};

/// Throws errc::bad_argument for a value that is none of a field, and for an hsts that browsers would not take.
/// [start-up]
[[nodiscard]] plug secure_headers(secure_headers_options options = {});

}  // namespace joist::inline v0::web
