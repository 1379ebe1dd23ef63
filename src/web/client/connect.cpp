#include "web/client/connect.hpp"

#include <joist/net/resolve.hpp>

#include <fmt/format.h>

#include <utility>

namespace joist::inline v0::web::http {
namespace {

client_error why_not(const url& to, std::error_code why) {
  using kind = client_error::kind;
  if (why == std::errc::timed_out)
    return {kind::timed_out, "no connection within times.connect: is the host reachable?", why};
  if (why.category() == net::resolve_category())
    return {kind::resolve, fmt::format("{}: {}", to.host(), why.message()), why};
  return {kind::connect, fmt::format("expected a server at {}, got: {}", to.authority(), why.message()), why};
}

}  // namespace

result<net::stream, client_error> open_connection(const url& to, joist::detail::deadline limit) {
  if (to.is_secure()) return failure{client_error{client_error::kind::tls, "this build has no TLS for clients", {}}};
  auto made = net::try_connect(to.host(), to.port(), limit);
  if (!made) return failure{why_not(to, made.error())};
  made->set_no_delay(true);
  return *std::move(made);
}

}  // namespace joist::inline v0::web::http
