// joist/preempt.hpp: code that gives way in its loops, and sections of it that must not.
//
// joist_preemptible(target), in CMake, compiles a target so that every loop and every call in it counts against the
// process's reductions, and others have their turn when they are used up: endless loops harm nobody, as on the BEAM. So a
// process may be interrupted, and may go on on another thread, at nearly every line of such a target: a section that holds
// a lock of the program's, or thread_local state, is put into a no_preempt scope.
//
// Promises
//   within a no_preempt scope a process gives way to nobody and stays on its thread, whatever it calls
//   waiting there is refused (errc::bad_wait), also by yield() and blocking()
//
// See also: process.hpp (checkpoint), blocking.hpp, docs/guides/blocking.md.
#pragma once

namespace joist::inline v0 {

/// While one lives, its process is not interrupted for others; the turn it has missed comes at the end of the outermost one.
/// On a thread that runs no process it does nothing. For microseconds: after runtime_options::stuck_after the others
/// are served by another thread.     [any thread]
class no_preempt {
 public:
  no_preempt() noexcept;
  no_preempt(const no_preempt&) = delete;
  no_preempt& operator=(const no_preempt&) = delete;
  /// May let others run.
  ~no_preempt();
};

}  // namespace joist::inline v0
