// otp/stop_child.hpp: how a supervisor stops a child of its own, and what it says of children in the log.
#pragma once

#include <joist/exit_reason.hpp>
#include <joist/otp/child_spec.hpp>

#include <string_view>

namespace joist::inline v0::otp {

[[nodiscard]] shutdown_policy policy_of(const child_spec& spec);

/// Stops the process of a child and returns why it ended. It is monitored before it is unlinked: one that has unlinked
/// itself is waited for all the same. No `exited` of it is left in the mailbox.     [the supervisor]
exit_reason stop_child(pid process, const shutdown_policy& policy);

/// Whether a child that was stopped ended as it should.
[[nodiscard]] bool stopped_as_told(const exit_reason& reason, const child_spec& spec);

/// Runs a start function; what it throws is a failed start.     [the supervisor]
result<started_child, start_error> run_start(const start_function& start);

/// `context`: start_error, child_terminated, shutdown_error, shutdown.
void report(std::string_view context, const exit_reason& reason, const child_spec& spec, pid process);

}  // namespace joist::inline v0::otp
