#include <joist/tls/stream.hpp>

#include "dist/secure.hpp"

namespace joist::inline v0::dist::detail {

std::optional<tls::client_context> context_of(std::optional<tls::client_context> given, bool is_needed) {
  if (!given && is_needed) given.emplace();
  return given;
}

result<void, std::string> secure(net::stream& server, const std::optional<tls::client_context>& with,
                                 const std::string& host, joist::detail::deadline limit) {
  if (!with) return failure{std::string{"the server asks for TLS: give it a tls::client_context, or a url that says so"}};
  auto done = tls::try_connect(server, *with, host, limit);
  if (!done) return failure{std::move(done).error().text};
  return {};
}

}  // namespace joist::inline v0::dist::detail
