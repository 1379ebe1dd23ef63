// dist/secure.hpp: TLS on a connection, where this library has it: secured.cpp with joist::tls, unsecured.cpp without.
#pragma once

#include <joist/clock.hpp>
#include <joist/net/stream.hpp>
#include <joist/result.hpp>
#include <joist/tls/context.hpp>

#include <optional>
#include <string>

namespace joist::inline v0::dist::detail {

/// What secured connections are made with. Nothing: TLS is neither asked for, nor there. Throws errc::bad_argument where it
/// is asked for and not there.     [any thread]
[[nodiscard]] std::optional<tls::client_context> context_of(std::optional<tls::client_context> given, bool is_needed);
/// Why not, in words.     [process]
[[nodiscard]] result<void, std::string> secure(net::stream& server, const std::optional<tls::client_context>& with,
                                               const std::string& host, joist::detail::deadline limit);

}  // namespace joist::inline v0::dist::detail
