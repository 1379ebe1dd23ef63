// joist/blocking.hpp: code that blocks its thread, or computes for long.
//
// Promises
//   blocking(f) calls f on the caller's own stack: f may use its locals, throw, and call anything of Joist
//   meanwhile another thread does the worker's work: nobody waits for f but its caller. When f itself waits, or gives way in
//     a call of Joist, what is left of it runs on a worker again, and the watcher looks after that
//   a process that is ended while it is in f is dead to all others after runtime_options::kill_after at the latest; its
//     stack is unwound when f returns
//
// Without it such code does no harm either: after runtime_options::stuck_after the watcher hands the worker's work to
// another thread, and logs a warning. Which tool for which code: docs/guides/blocking.md.
// After OTP's dirty schedulers, Go's entersyscall.
#pragma once

#include <type_traits>
#include <utility>

namespace joist::inline v0 {

namespace detail {

/// The thread between the two is not a worker.
void begin_blocking();
/// Goes on with a worker; the caller may have been ended meanwhile, and is then unwound.
void end_blocking();
/// As end_blocking, where an exception leaves f.
void abort_blocking() noexcept;

struct blocking_scope {
  blocking_scope() { begin_blocking(); }
  blocking_scope(const blocking_scope&) = delete;
  blocking_scope& operator=(const blocking_scope&) = delete;
  ~blocking_scope() {
    if (!over) abort_blocking();
  }
  void end() {
    over = true;
    end_blocking();
  }
  bool over = false;
};

}  // namespace detail

/// Calls f while another thread does the work of the caller's worker, and returns its result, which can be moved. For system
/// calls that may take long, foreign libraries, waiting for other threads. Costs two hand-overs between threads, some ten
/// microseconds. When all of runtime_options::spare_threads are in use, the caller waits for one before f is called; when
/// there are none at all, f blocks its worker. On a thread that runs no process, and in simulate, just f(). Throws
/// errc::bad_wait in a receive guard.     [any thread]
template <class F>
std::invoke_result_t<F&> blocking(F&& f) {
  detail::blocking_scope away;
  if constexpr (std::is_void_v<std::invoke_result_t<F&>>) {
    f();
    away.end();
  } else if constexpr (std::is_reference_v<std::invoke_result_t<F&>>) {
    auto&& result = f();
    away.end();
    return static_cast<std::invoke_result_t<F&>>(result);
  } else {
    auto result = f();
    away.end();
    return result;
  }
}

}  // namespace joist::inline v0
