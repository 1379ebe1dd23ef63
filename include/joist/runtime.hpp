// joist/runtime.hpp: starting and stopping Joist, as a program or inside one.
//
// Promises
//   takes over nothing it was not asked for: no signal handler (contain_faults asks), no main thread, no allocator
//   stop() returns within its deadline whatever the processes do, and says what still runs
//   may be started and stopped as often as one likes; a pid of an earlier runtime names nobody in a later one
//
// Example: examples/05_embedding. See also: process.hpp, simulate.hpp (the same, on one thread and in virtual time).
#pragma once

#include <joist/clock.hpp>
#include <joist/detail/spawn.hpp>
#include <joist/error.hpp>
#include <joist/exit_reason.hpp>
#include <joist/fault.hpp>
#include <joist/info.hpp>
#include <joist/log.hpp>
#include <joist/pid.hpp>
#include <joist/process.hpp>
#include <joist/report.hpp>

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace joist::inline v0 {

struct runtime_options {
  std::size_t workers = 0;  ///< threads that run processes; 0: one per core the program may use
  std::size_t process_limit = std::size_t{1} << 20;
  std::size_t slots = 4096;                         ///< shared stacks; beyond that many processes they are shared
  std::size_t slot_bytes = std::size_t{256} << 10;  ///< address space of each; a power of two
  std::uint32_t reductions = 4000;                  ///< runtime calls a process may make before others have their turn
  log_sink log = {};                                ///< empty: spdlog_sink()
  log_level log_from = log_level::debug;            ///< what is less severe is not logged
  report_filter on_report = {};                     ///< sees each report before that: redacts it, or drops it
  bool crash_reports = true;                        ///< log a report for every abnormal end
  std::chrono::milliseconds stop_deadline{5000};    ///< of the destructor and of run()
  std::size_t spare_threads = 256;            ///< most threads beside the workers, for code that blocks or computes long
  std::chrono::milliseconds stuck_after{10};  ///< a process that runs so long while others wait is worked around
  std::chrono::milliseconds kill_after{100};  ///< an ended process that does not notice for so long is declared dead
  bool stuck_warnings = true;  ///< log a warning with the place it is in, at most once a second for the same code
  /// Those warnings show where code computes, by a signal (SIGRTMAX - 2) to its thread: with contain_faults. A system call
  /// that begins just then may end early, as by any signal; what waits in one is not interrupted, and shown without this.
  bool stuck_backtraces = false;
  joist::memory_limit memory_limit = {};  ///< of each process whose spawn_options give none
  /// Whether faults of processes end these and not the program: see fault.hpp. Unset: joist::run does, a runtime inside a
  /// program does not, for it takes handlers of signals.
  std::optional<bool> contain_faults = {};
  fault_policy faults = fault_policy::stop_at_wild_access;
};

/// What stop() found.
struct stop_report {
  struct straggler {
    pid process;
    std::string label;
    bool stuck_thread = false;  ///< its worker thread did not come back and was left behind
  };
  std::vector<straggler> still_running;
  [[nodiscard]] bool clean() const noexcept { return still_running.empty(); }
};

namespace detail {
class scheduler;
struct ask_state;
}  // namespace detail

/// A process ended before it gave the answer that ask() waited for.
class ask_failed : public std::runtime_error {
 public:
  explicit ask_failed(exit_reason reason);
  [[nodiscard]] const exit_reason& reason() const noexcept { return reason_; }

 private:
  exit_reason reason_;
};

/// A running system of processes.
class runtime {
 public:
  /// Starts the workers. They take no signals but those that a thread raises itself: handlers of the program run on its own
  /// threads. Throws errc::bad_argument, errc::out_of_memory.
  explicit runtime(runtime_options options = {});
  /// stop(options.stop_deadline). In one of its own processes, where exit() destroys what is static, it leaves its threads
  /// behind instead. In a child made by fork it does nothing: the threads are not there.
  ~runtime();
  runtime(const runtime&) = delete;
  runtime& operator=(const runtime&) = delete;

  /// Starts a process. Throws errc::not_running, errc::process_limit.     [any thread]
  template <class Body>
  pid spawn(Body&& body) {
    return spawn_closure(detail::make_closure(std::forward<Body>(body)), nullptr);
  }
  template <class Body>
  pid spawn(const spawn_options& options, Body&& body) {
    return spawn_closure(detail::make_closure(std::forward<Body>(body)), &options);
  }

  /// Runs `question` in a process of its own, blocks this thread until it ends, and returns its result: how threads
  /// of the program talk with processes. Throws ask_failed when the process crashed, was killed, exited before it had a
  /// result, took longer than `limit` (it is then killed), or when the runtime stops meanwhile. From a process:
  /// errc::bad_wait, for it would block a worker.     [any thread]
  template <class Question>
  auto ask(Question&& question, detail::deadline limit = infinity) {
    using answer = std::invoke_result_t<std::decay_t<Question>&>;
    static_assert(!std::is_reference_v<answer>, "joist: ask returns what the question returns, from another stack: a value");
    if constexpr (std::is_void_v<answer>) {
      ask_closure(detail::make_closure(std::forward<Question>(question)), limit);
    } else {
      // Shared: after a timeout the process may still write while this thread is gone.
      auto box = std::make_shared<std::optional<answer>>();
      ask_closure(detail::make_closure([box, q = std::forward<Question>(question)]() mutable { box->emplace(q()); }), limit);
      if (!box->has_value()) throw ask_failed{exit_reason::normal};  // the question called exit(normal)
      return std::move(**box);
    }
  }

  /// Ends all processes (exit signal shutdown, then kill), stops the workers and returns by `limit` at the latest.
  /// Calls after it find errc::not_running. A second stop waits for the first, and gives the same report. Not from a
  /// process: errc::bad_wait.     [any thread]
  stop_report stop(std::chrono::milliseconds limit);

  [[nodiscard]] bool running() const noexcept;
  [[nodiscard]] system_details info() const;

 private:
  pid spawn_closure(detail::closure_ptr body, const spawn_options* options);
  void ask_closure(detail::closure_ptr body, detail::deadline limit);

  std::shared_ptr<detail::scheduler> scheduler_;
  std::chrono::milliseconds stop_deadline_;
};

namespace detail {
int run_main(closure_ptr first, runtime_options options);
}

/// Starts a runtime, runs `first` as its first process, and stops when that ends. Returns what main() should:
/// 0 when it returned, or has itself exited with normal or shutdown; else 1, with the reason logged: also when another
/// process ended it by an exit signal shutdown, as a linked supervisor does that gives up. Who takes that for an end in
/// order traps exits, and returns.
template <class First>
int run(First&& first, runtime_options options = {}) {
  return detail::run_main(detail::make_closure(std::forward<First>(first)), std::move(options));
}

}  // namespace joist::inline v0
