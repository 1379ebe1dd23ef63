// joist/net/resolve.hpp: names of hosts, and connections to them.
//
//   joist::net::stream s = joist::net::connect("example.org", 443, 5s);
//
// Promises
//   names are looked up by the system (getaddrinfo(3)) on a thread that no other process waits for
//   the limit holds also where the system is slow: the caller goes on, and what it finds later is dropped
//   to a name with several addresses the first that answers wins: each has a start of 250 ms before the next (RFC 8305)
//
// See also: stream.hpp, endpoint.hpp.
#pragma once

#include <joist/net/stream.hpp>

#include <cstdint>
#include <string>
#include <system_error>
#include <vector>

namespace joist::inline v0::net {

enum class resolve_errc {
  not_found = 1,  ///< there is no such name, or it has no address
  try_again,      ///< no name server answered
  failed,         ///< it cannot be looked up
};
[[nodiscard]] const std::error_category& resolve_category() noexcept;
[[nodiscard]] std::error_code make_error_code(resolve_errc e) noexcept;

/// The addresses of a host, the best first, with that port. Addresses as text are themselves. Errors: resolve_errc,
/// std::errc::timed_out.     [process]
[[nodiscard]] io_result<std::vector<endpoint>> try_resolve(std::string host, std::uint16_t port,
                                                           joist::detail::deadline limit = infinity);
[[nodiscard]] std::vector<endpoint> resolve(std::string host, std::uint16_t port, joist::detail::deadline limit = infinity);

/// Where none answers, the error of the last that was tried.     [process]
[[nodiscard]] io_result<stream> try_connect(std::string host, std::uint16_t port, joist::detail::deadline limit = infinity);
[[nodiscard]] stream connect(std::string host, std::uint16_t port, joist::detail::deadline limit = infinity);

}  // namespace joist::inline v0::net

template <>
struct std::is_error_code_enum<joist::net::resolve_errc> : std::true_type {};
