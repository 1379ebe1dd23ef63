// net/descriptor.hpp: what a process does with a descriptor: owns it, and waits until it can go on.
#pragma once

#include <joist/clock.hpp>
#include <joist/net/detail/descriptor.hpp>
#include <joist/net/endpoint.hpp>
#include <joist/result.hpp>

#include <cerrno>
#include <cstdint>
#include <string_view>
#include <system_error>

#include "net/entry.hpp"

namespace joist::inline v0::net::detail {

using joist::detail::deadline;

/// What is open, owned by the calling process from now on: what another has been promised of it is taken back. Throws
/// errc::bad_argument naming `call` when it is closed. Costs the reductions of a call of the system.     [process]
[[nodiscard]] entry& use(const descriptor& d, const char* call);

/// Throws errc::bad_argument naming `call` for an endpoint that names nothing.     [any thread]
void check_address(const endpoint& e, const char* call);

/// Waits until `direction` may go on. Else why not: std::errc::timed_out; operation_canceled in a destructor of a process
/// that is being ended.     [the owner]
[[nodiscard]] std::error_code await(readiness& direction, const deadline& limit, const char* call);

/// The calling process is sent `message` when the direction changes; at once, if it may have done so already.     [the
/// owner]
void announce(readiness& direction, node_ptr message, bool at_once);
template <class Message>
void announce(readiness& direction, Message message, bool at_once) {
  if (!direction.is_armed()) announce(direction, joist::detail::make_node<Message>(std::move(message)), at_once);
}

[[nodiscard]] inline std::error_code last_error() noexcept { return {errno, std::system_category()}; }
[[nodiscard]] inline failure<std::error_code> failed(std::errc why) { return {std::make_error_code(why)}; }

/// Throws what an io_result says: "read: Connection reset by peer (127.0.0.1:80)".
[[noreturn]] void throw_error(std::error_code why, const char* call, std::string_view with);

/// Calls the system, again when it was interrupted, or when it would block: then after a wait. `attempt` returns less than 0
/// and sets errno, as the system does.     [the owner]
template <class Attempt>
[[nodiscard]] result<std::int64_t, std::error_code> attempt_until(readiness& direction, deadline limit, const char* call,
                                                                  Attempt&& attempt) {
  for (bool fixed = false;;) {
    direction.take();
    const std::int64_t done = attempt();
    if (done >= 0) return done;
    if (errno == EINTR) continue;
    if (errno != EAGAIN && errno != EWOULDBLOCK) return failure{last_error()};
    if (!fixed) limit = limit.fixed();
    fixed = true;
    if (const std::error_code why = await(direction, limit, call)) return failure{why};
  }
}

}  // namespace joist::inline v0::net::detail
