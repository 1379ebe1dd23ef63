// joist/otp/dynamic_supervisor.hpp: a supervisor whose children come and go while it runs: one for each session, job or
// connection. It begins with none; children need no ids, and are known by their processes.
//
//   auto sessions = joist::start_dynamic_supervisor({.max_children = 10'000});
//   auto started = sessions.start_child(joist::child<session>("session", user));
//
// What all children have in common is said once:
//   auto session_of = joist::child_template<session>(database);     // the first arguments
//   sessions.start_child(session_of(user));                         // and the last
//
// Promises
//   a child is started again with the arguments it was started with; of a temporary one nothing is kept
//   children that ignore their start are not kept, whatever their type
//   to start, to end and to find a child takes the same time among ten and among a hundred thousand
//   all are stopped at once, each within its own time
//   restarts, escalation, reports: as supervisor.hpp has them
//
// See also: supervisor.hpp, partition_supervisor.hpp. OTP: simple_one_for_one; Elixir: DynamicSupervisor.
#pragma once

#include <joist/otp/supervisor.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace joist::inline v0 {

struct dynamic_supervisor_options {
  std::string name = {};
  std::uint32_t intensity = 1;                                         ///< most restarts within `period`
  std::chrono::milliseconds period{5000};                              ///< more than zero
  std::size_t max_children = std::numeric_limits<std::size_t>::max();  ///< with those that are being started again
  bool log_progress = false;  ///< report each child that has started, at level debug
};

/// The address of a dynamic supervisor. Calls wait until it has time, for ever; without one they exit with noproc.
class dynamic_supervisor_ref {
 public:
  dynamic_supervisor_ref() = default;
  explicit dynamic_supervisor_ref(pid process) noexcept : process_{process} {}
  [[nodiscard]] pid process() const noexcept { return process_; }
  operator pid() const noexcept { return process_; }

  /// Starts a child. An empty id is fine, and one that others have; none may be significant. `max_children`: refused, and
  /// nothing was started.     [process]
  result<started_child, supervisor_error> start_child(child_spec spec) const;
  /// Stops a child and forgets it; also one that is being started again, by the process it had. One that has ended: nothing
  /// is done. not_found: it lives, and is not its child; where it is busy, the caller waits until it reaches a call of the
  /// runtime.     [process]
  result<void, supervisor_error> terminate_child(pid child) const;

  /// The newest first. One that is being started again has no process.     [process]
  [[nodiscard]] std::vector<child_info> which_children() const;
  [[nodiscard]] child_counts count_children() const;
  /// Of a temporary child without its start function, which is not kept. Else as supervisor_ref's.     [process]
  [[nodiscard]] std::optional<child_spec> get_childspec(pid child) const;
  /// The class whose init it runs; empty for one that was given options.     [process]
  [[nodiscard]] std::string module() const;

  /// Stops the children, and then itself: server_ref::stop.     [process]
  void stop(exit_reason reason = exit_reason::normal, detail::deadline limit = infinity) const;

  friend constexpr bool operator==(const dynamic_supervisor_ref&, const dynamic_supervisor_ref&) noexcept = default;

 private:
  pid process_;
};

namespace detail {
struct dynamic_supervisor_module {
  std::string name;
  std::function<dynamic_supervisor_options()> init;  // called in the supervisor's process
};
result<dynamic_supervisor_ref, start_error> start_dynamic_supervisor(std::string name, dynamic_supervisor_module module);
}  // namespace detail

/// Starts a supervisor without children, linked to the caller.     [process]
result<dynamic_supervisor_ref, start_error> try_start_dynamic_supervisor(dynamic_supervisor_options options);
/// The same, and throws start_failed.     [process]
dynamic_supervisor_ref start_dynamic_supervisor(dynamic_supervisor_options options = {});

/// By a class: Module::init(arguments...) is called in its process, and returns dynamic_supervisor_options, or throws
/// start_ignored.     [process]
template <class Module, class... Arguments>
result<dynamic_supervisor_ref, start_error> try_start_dynamic_supervisor(Arguments... arguments) {
  return detail::start_dynamic_supervisor(
      {}, {type_name(typeid(Module)), detail::calls_init<Module, dynamic_supervisor_options>(std::move(arguments)...)});
}
template <class Module, class... Arguments>
dynamic_supervisor_ref start_dynamic_supervisor(Arguments... arguments) {
  return detail::started_or_throw(try_start_dynamic_supervisor<Module>(std::move(arguments)...));
}

/// A dynamic supervisor as a child, permanent, and stopped without a limit.
[[nodiscard]] child_spec child_dynamic_supervisor(std::string id, dynamic_supervisor_options options = {});
template <class Module, class... Arguments>
[[nodiscard]] child_spec child_dynamic_supervisor(std::string id, Arguments... arguments) {
  return detail::supervisor_child(
      std::move(id), [init = detail::calls_init<Module, dynamic_supervisor_options>(std::move(arguments)...)] {
        return detail::child_of(detail::start_dynamic_supervisor({}, {type_name(typeid(Module)), init}));
      });
}

/// Makes specs of children that share their first arguments: f(rest...) is child<Server>(type, common..., rest...).
template <class Server, class... Common>
[[nodiscard]] auto child_template(Common... common) {
  detail::require_copied<Common...>();
  return [... common = detail::kept_argument<Common>(std::move(common))](auto... rest) {
    return child<Server>(type_name(typeid(Server)), common..., std::move(rest)...);
  };
}

}  // namespace joist::inline v0
