// net/accepting.hpp: what listeners are made of: a socket with a line of connections, and taking one out of it without
// waiting.
#pragma once

#include <joist/net/stream.hpp>
#include <system_error>

namespace joist::inline v0::net::detail {

/// On the socket that was handed down, where there is one of the name in `options`; else on one of its own. [process]
[[nodiscard]] result<descriptor, std::error_code> open_door(const endpoint& at, const listen_options& options);

struct accepted {
  int number;
  endpoint from;
};
/// The next one that has not broken off. resource_unavailable_try_again: there is none.     [any thread]
[[nodiscard]] result<accepted, std::error_code> accept_now(int listener);
/// The system has no descriptors, or no memory, for another: later it may.
[[nodiscard]] bool is_exhaustion(const std::error_code& why) noexcept;

}  // namespace joist::inline v0::net::detail
