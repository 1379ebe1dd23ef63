// otp/children.hpp: what supervisors of all kinds do with a child, refuse, and say in the log.
#pragma once

#include <joist/exit_reason.hpp>
#include <joist/log.hpp>
#include <joist/otp/supervisor.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace joist::inline v0::otp {

using child_result = result<started_child, supervisor_error>;
using plain_result = result<void, supervisor_error>;

[[nodiscard]] failure<supervisor_error> refused(supervisor_error::kind why, pid process = {});
/// bad_spec.
[[nodiscard]] failure<supervisor_error> refused(std::string problem);
[[nodiscard]] failure<supervisor_error> not_started(start_error why);
/// The same for start_child, which reports what failed by itself.     [the supervisor]
[[nodiscard]] failure<supervisor_error> not_started(start_error why, const child_spec& spec);

/// What is wrong with the period of a restart window, if anything is.
[[nodiscard]] std::optional<std::string> check_period(std::chrono::milliseconds period);

/// Whether a child of this type that ended for `reason` is started again.
[[nodiscard]] bool starts_again(restart_type type, const exit_reason& reason) noexcept;

/// Whether its end is worth a report: it failed, or should not have ended.
[[nodiscard]] bool is_reported(restart_type type, const exit_reason& reason) noexcept;

[[nodiscard]] shutdown_policy policy_of(const child_spec& spec);

/// A child that is being stopped: monitored before it is unlinked, so that one that has unlinked itself is waited for all
/// the same.
struct stopping_child {
  pid process;
  ref watch;
  std::optional<exit_reason> ended;  // it was gone before: its exit told the reason, its monitor knows only noproc
};
/// Only its monitor tells of its end from now on; it was not told to end yet. Its `exited` may be there, if it had.
///     [the supervisor]
[[nodiscard]] stopping_child begin_to_stop(pid process);
void tell_to_stop(pid process, const shutdown_policy& policy);
/// Why it ended, as its monitor and its exit tell.
[[nodiscard]] exit_reason end_of(const stopping_child& child, exit_reason told);

/// Stops the process of a child and returns why it ended.     [the supervisor]
exit_reason stop_child(pid process, const shutdown_policy& policy);
/// The same, and reports an end that was another than it should.     [the supervisor]
void stop_child(pid process, const child_spec& spec);
/// Reports the end of a child that was stopped, unless it is as it should be.
void report_stopped(const exit_reason& reason, const child_spec& spec, pid process);
/// That this child was started again once too often: one of `restarts`.
void tell_too_many_restarts(const child_spec& spec, std::size_t restarts);
/// That a child runs; `restarts`: within the period, 0 when it was not started again. `reported`: to the log, too.
void tell_started(const child_spec& spec, pid process, std::size_t restarts, std::optional<log_level> reported);

/// Runs a start function; what it throws is what it is to a server's start: ignored, refused, the error of a start_failed;
/// else a failed start. One that ignores has no process.     [the supervisor]
result<started_child, start_error> run_start(const start_function& start);

/// For get_childspec: to copy a start function is to copy the user's arguments. Nothing, and a report, where that fails.
///     [the supervisor]
[[nodiscard]] std::optional<child_spec> copy_for_caller(const child_spec& spec, pid process);

/// Registers the name of a supervisor that says it itself, in its init. Throws a start_error when it is taken.
void take_name(const std::string& name);

/// `context`: start_error, child_terminated, shutdown_error, shutdown, get_childspec_error.
void report_child(std::string_view context, const exit_reason& reason, const child_spec& spec, pid process);

/// Starts a supervisor of class Server, labelled by its module, or by what it is.     [process]
template <class Ref, class Server, class Module>
result<Ref, start_error> start_by_module(std::string name, Module module, std::string_view what_it_is) {
  server_options o;
  o.name = std::move(name);
  const std::string label{module.name.empty() ? what_it_is : std::string_view{module.name}};  // the module is moved away
  o.process.label = label;
  return detail::ref_as<Ref>(detail::start_server<Server>(detail::start_mode::link, o, std::move(module)));
}

}  // namespace joist::inline v0::otp
