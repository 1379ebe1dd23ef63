// joist/otp/supervisor.hpp: a process whose work is to start others, to start them again when they end, and to stop them in
// order: what lets a system heal itself.
//
//   auto top = joist::start_supervisor({.strategy = joist::supervision::rest_for_one},
//                                      {joist::child<store>("store"), joist::child<cache>("cache")});
// or as a class, whose init says what it supervises:
//   struct shop {
//     static joist::supervisor_init init(int shelves) {
//       return {{.intensity = 3}, {joist::child<store>("store", shelves)}};
//     }
//   };
//   auto top = joist::start_supervisor<shop>(12);
//
// Promises
//   children start in the order given, and stop in the reverse order
//   more than `intensity` restarts within `period`, and the supervisor stops its children and exits with shutdown: its own
//     supervisor decides what comes next
//   while a child keeps failing to start again, the supervisor goes on answering, and may be stopped
//   what exits with `shutdown` does so to be stopped: a child that does not end in time is killed
//
// Example: examples/09_supervisor. See also: child_spec.hpp. OTP: supervisor.
#pragma once

#include <joist/detail/kept_argument.hpp>
#include <joist/otp/child_spec.hpp>
#include <joist/otp/server_ref.hpp>
#include <joist/result.hpp>

#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace joist::inline v0 {

/// Who is started again when a child ends.
enum class supervision : std::uint8_t {
  one_for_one,   ///< it alone
  one_for_all,   ///< all are stopped, and started again
  rest_for_one,  ///< it, and those that were started after it
};

struct supervisor_options {
  std::string name = {};
  supervision strategy = supervision::one_for_one;
  std::uint32_t intensity = 1;             ///< most restarts within `period`
  std::chrono::milliseconds period{5000};  ///< more than zero
  joist::auto_shutdown auto_shutdown = joist::auto_shutdown::never;
  bool log_progress = false;  ///< report each child that has started: those of init at level info, later ones at debug
};

struct supervisor_init {
  supervisor_options options;
  std::vector<child_spec> children;
};

/// In the exit reason of a supervisor whose start failed: exit_reason::shutdown_with(failed_to_start{...}).
struct failed_to_start {
  std::string id;
  exit_reason reason;
  friend bool operator==(const failed_to_start&, const failed_to_start&) = default;
};

/// Why a supervisor does not do what it was asked.
struct supervisor_error {
  enum class kind : std::uint8_t {
    already_started,  ///< the child runs: `process`
    already_present,  ///< the spec is there, the child does not run
    running,          ///< it would have to be stopped first
    restarting,       ///< it is being started again
    not_found,
    start_failed,  ///< with `start`
    bad_spec,      ///< with `text`
    max_children,  ///< dynamic supervisors: no more
  };
  kind what = kind::not_found;
  pid process = {};
  start_error start = {};
  std::string text = {};
  /// A sentence: what was not done, why, and what would do it.
  [[nodiscard]] std::string to_string() const;
};

struct child_info {
  std::string id;
  pid process;              ///< nobody: it does not run
  bool restarting = false;  ///< its start failed, and is tried again
  child_type type = child_type::worker;
  restart_type restart = restart_type::permanent;
};

struct child_counts {
  std::size_t specs = 0;
  std::size_t active = 0;
  std::size_t supervisors = 0;  ///< of the specs, whether they run or not
  std::size_t workers = 0;
};

/// The address of a supervisor. Calls wait until it has time, for ever: a supervisor answers. Without one they exit with
/// noproc.
class supervisor_ref {
 public:
  supervisor_ref() = default;
  explicit supervisor_ref(pid process) noexcept : process_{process} {}
  [[nodiscard]] pid process() const noexcept { return process_; }
  operator pid() const noexcept { return process_; }

  /// Starts a child behind all others, and keeps its spec.     [process]
  result<started_child, supervisor_error> start_child(child_spec spec) const;
  /// Stops a child; its spec stays, but for that of a temporary one. Does not count as an end.     [process]
  result<void, supervisor_error> terminate_child(std::string_view id) const;
  /// Starts a child that does not run.     [process]
  result<started_child, supervisor_error> restart_child(std::string_view id) const;
  /// Forgets the spec of a child that does not run.     [process]
  result<void, supervisor_error> delete_child(std::string_view id) const;

  /// The newest first.     [process]
  [[nodiscard]] std::vector<child_info> which_children() const;
  [[nodiscard]] std::optional<child_info> which_child(std::string_view id) const;
  [[nodiscard]] child_counts count_children() const;
  /// A copy: nothing, and a report, where an argument of its start cannot be copied just then.     [process]
  [[nodiscard]] std::optional<child_spec> get_childspec(std::string_view id) const;
  /// The class whose init it runs; empty for one that was given a list.     [process]
  [[nodiscard]] std::string module() const;

  /// Stops the children, and then itself: server_ref::stop.     [process]
  void stop(exit_reason reason = exit_reason::normal, detail::deadline limit = infinity) const;

  friend constexpr bool operator==(const supervisor_ref&, const supervisor_ref&) noexcept = default;

 private:
  pid process_;
};

namespace detail {
struct supervisor_module {
  std::string name;
  std::function<supervisor_init()> init;  // called in the supervisor's process
};
result<supervisor_ref, start_error> start_supervisor(std::string name, supervisor_module module);

/// What is kept of a class with init(arguments...), and its arguments: a function that calls it.
template <class Module, class Init, class... Arguments>
[[nodiscard]] std::function<Init()> calls_init(Arguments... arguments) {
  require_copied<Arguments...>();
  static_assert(
      requires(const kept_argument<Arguments>&... a) {
        { Module::init(a...) } -> std::convertible_to<Init>;
      },
      "joist: a class that says what it supervises has a public static init that takes these arguments (text that is "
      "lent as a std::string): `static joist::supervisor_init init(...)`, or of a dynamic supervisor `static "
      "joist::dynamic_supervisor_options init(...)`");
  return [... kept = kept_argument<Arguments>(std::move(arguments))]() -> Init { return Module::init(kept...); };
}
}  // namespace detail

/// Starts a supervisor with these children, linked to the caller. Bad options and specs, and a child that does not start,
/// are failed starts.     [process]
result<supervisor_ref, start_error> try_start_supervisor(supervisor_options options, std::vector<child_spec> children);
/// The same, and throws start_failed.     [process]
supervisor_ref start_supervisor(supervisor_options options, std::vector<child_spec> children);

/// A supervisor by a class: Module::init(arguments...) is called in its process, and returns a supervisor_init, or throws
/// start_ignored.     [process]
template <class Module, class... Arguments>
result<supervisor_ref, start_error> try_start_supervisor(Arguments... arguments) {
  return detail::start_supervisor(
      {}, {type_name(typeid(Module)), detail::calls_init<Module, supervisor_init>(std::move(arguments)...)});
}
template <class Module, class... Arguments>
supervisor_ref start_supervisor(Arguments... arguments) {
  return detail::started_or_throw(try_start_supervisor<Module>(std::move(arguments)...));
}

/// A supervisor as a child, permanent, and stopped without a limit.
[[nodiscard]] child_spec child_supervisor(std::string id, supervisor_options options, std::vector<child_spec> children);
template <class Module, class... Arguments>
[[nodiscard]] child_spec child_supervisor(std::string id, Arguments... arguments) {
  return detail::supervisor_child(std::move(id),
                                  [init = detail::calls_init<Module, supervisor_init>(std::move(arguments)...)] {
                                    return detail::child_of(detail::start_supervisor({}, {type_name(typeid(Module)), init}));
                                  });
}

}  // namespace joist::inline v0

template <>
struct fmt::formatter<joist::failed_to_start> : fmt::formatter<std::string_view> {
  template <class Context>
  auto format(const joist::failed_to_start& f, Context& context) const {
    return fmt::format_to(context.out(), "failed to start child \"{}\": {}", f.id, f.reason);
  }
};
