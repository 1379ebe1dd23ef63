// joist/simulate.hpp: the same program on one thread, in virtual time, with every choice taken from a seed.
//
// Promises
//   the same seed gives the same run: which process goes next, where a process is interrupted, what time it is, the order
//     of containers of pids and references. Pids and references of a world mean nothing outside of it
//   time costs nothing: when every process waits, the clock jumps to the next timer
//   a world in which nothing can run any more is reported with the processes that wait and what is in their mailboxes
//     (errc::deadlock)
//   a run can be told step by step, and is the same one: simulate_options::trace
//
// Interruptions happen at runtime calls (send, receive, spawn, checkpoint ...): what a process does between two of
// them is one step. Guide: docs/guides/testing.md.
#pragma once

#include <joist/detail/spawn.hpp>
#include <joist/exit_reason.hpp>
#include <joist/log.hpp>
#include <joist/process.hpp>

#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace joist::inline v0 {

struct simulate_options {
  std::size_t process_limit = std::size_t{1} << 16;  ///< most processes alive at a time; beyond it spawn throws
  std::size_t slots = 64;                            ///< few: so that stacks are copied, and that is tested too
  std::uint64_t step_limit = 50'000'000;             ///< switches after which a run is given up as endless
  log_sink log = silent_sink();                      ///< takes what is logged, crash reports too
  joist::memory_limit memory_limit = {};             ///< as in runtime_options
  /// The run ends, and has failed, when a process crashes that nobody is linked to or monitors: a crash that a program does
  /// not notice. Crash: what the log reports as one, exit(p, exit_reason::kill) included. Off: such an end is nobody's
  /// failure.
  bool fail_on_crash = false;
  /// Is given a line for each switch, spawn, send, receive, exit signal and end: virtual time in seconds, who (pid, and
  /// label or name), and the type of a message. As for log, it must not call Joist, and what it throws is ignored.
  std::function<void(std::string_view line)> trace = {};
};

/// What ended a run with fail_on_crash.
struct unheard_crash {
  pid process;
  std::string label;  ///< or its name
  exit_reason reason;
};

struct simulate_report {
  std::uint64_t seed = 0;
  exit_reason reason;                  ///< why the first process ended; or that of the crash
  std::uint64_t steps = 0;             ///< times a process was resumed
  std::uint64_t fingerprint = 0;       ///< of all choices: equal runs have equal ones
  std::chrono::nanoseconds elapsed{};  ///< virtual time
  std::optional<unheard_crash> crash = {};
};

namespace detail {
simulate_report run_simulation(std::uint64_t seed, closure_ptr first, const simulate_options& options);
using one_run = std::function<simulate_report(std::uint64_t seed, const simulate_options& options)>;
void explore(std::uint64_t runs, simulate_options options, const one_run& one);
}  // namespace detail

/// Runs `first` as the first process of a simulated world; all other processes are ended when it ends. Throws
/// errc::deadlock when nothing can go on, with a list of who waits.     [a thread that runs no process]
template <class First>
simulate_report simulate(std::uint64_t seed, First&& first, const simulate_options& options = {}) {
  return detail::run_simulation(seed, detail::make_closure(std::forward<First>(first)), options);
}

/// A run of for_each_schedule went wrong. The message holds the reason, the seed and how to replay it.
class schedule_failed : public std::runtime_error {
 public:
  schedule_failed(std::uint64_t seed, const std::string& what) : std::runtime_error{what}, seed_{seed} {}
  [[nodiscard]] std::uint64_t seed() const noexcept { return seed_; }

 private:
  std::uint64_t seed_;
};

/// Runs `first`, or `first(seed)` where it takes that for choices of its own, under `runs` different seeds; throws
/// schedule_failed for the first one in which it does not end normally. With JOIST_SEED=n in the environment only seed n is
/// run: that is the replay, and with JOIST_TRACE=1 too each of its steps is told on standard error, where options.trace is
/// empty. Throws errc::bad_argument when JOIST_SEED is no number.     [a thread that runs no process; else errc::bad_wait]
template <class First>
void for_each_schedule(std::uint64_t runs, First first, const simulate_options& options = {}) {
  detail::explore(runs, options, [&](std::uint64_t seed, const simulate_options& of_run) {
    if constexpr (std::invocable<First&, std::uint64_t>) {
      return simulate(
          seed, [first, seed]() mutable { first(seed); }, of_run);
    } else {
      return simulate(seed, first, of_run);
    }
  });
}

}  // namespace joist::inline v0
