#include <joist/error.hpp>

#include "dist/secure.hpp"

namespace joist::inline v0::dist::detail {

std::optional<tls::client_context> context_of(std::optional<tls::client_context> given, bool is_needed) {
  if (!given && !is_needed) return std::nullopt;
  throw error{errc::bad_argument, "dist: TLS needs a library that is built with JOIST_TLS=ON"};
}

result<void, std::string> secure(net::stream&, const std::optional<tls::client_context>&, const std::string&,
                                 joist::detail::deadline) {
  return failure{std::string{"the server asks for TLS, which needs a library that is built with JOIST_TLS=ON"}};
}

}  // namespace joist::inline v0::dist::detail
