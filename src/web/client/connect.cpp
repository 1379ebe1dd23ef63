#include "web/client/connect.hpp"

#include <joist/blocking.hpp>
#include <joist/net/resolve.hpp>
#include <joist/tls/stream.hpp>

#include <fmt/format.h>

#include <mutex>
#include <utility>

namespace joist::inline v0::web::http {
namespace {

using kind = client_error::kind;

client_error why_not(const url& to, std::error_code why) {
  if (why == std::errc::timed_out)
    return {kind::timed_out, "no connection within times.connect: is the host reachable?", why};
  if (why.category() == net::resolve_category())
    return {kind::resolve, fmt::format("{}: {}", to.host(), why.message()), why};
  return {kind::connect, fmt::format("expected a server at {}, got: {}", to.authority(), why.message()), why};
}

client_error why_not(const tls::handshake_error& why) {
  return {why.kind == tls::failure_kind::timed_out ? kind::timed_out : kind::tls, "TLS: " + why.text, {}};
}

// Whom the system trusts, for all clients: many files are read for it, once.
result<tls::client_context, std::string> system_trust() {
  static std::mutex mutex;  // which nobody holds while he waits
  static std::optional<tls::client_context> kept;
  {
    const std::scoped_lock lock{mutex};
    if (kept) return *kept;
  }
  auto made = blocking([] { return tls::client_context::try_make({.alpn = {"http/1.1"}}); });
  const std::scoped_lock lock{mutex};
  if (made && !kept) kept = *made;
  return made;
}

}  // namespace

result<net::stream, client_error> open_connection(const url& to, const std::optional<tls::client_context>& trust,
                                                  joist::detail::deadline limit) {
  limit = limit.fixed();
  auto made = net::try_connect(to.host(), to.port(), limit);
  if (!made) return failure{why_not(to, made.error())};
  made->set_no_delay(true);
  if (!to.is_secure()) return *std::move(made);
  auto context = trust ? result<tls::client_context, std::string>{*trust} : system_trust();
  if (!context) return failure{client_error{kind::tls, context.error(), {}}};
  if (auto secured = tls::try_connect(*made, *context, to.host(), limit); !secured) return failure{why_not(secured.error())};
  return *std::move(made);
}

}  // namespace joist::inline v0::web::http
