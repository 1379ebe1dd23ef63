// core/fault.hpp: a process's own fault ends the process and not the program (joist/fault.hpp says which).
//
// A signal is ours when it is the thread's own doing (a fault, or its abort), and the thread is a worker of a runtime that
// contains faults, in a process, on the stack of that process. Then:
//
//   the fault                                what happens                        where
//     arithmetic, null, bus, illegal           throws joist::fault               from the handler, on the fault stack
//     nobody can unwind it                     std::terminate, see below
//     stack overflow, abort                    the stack is given up             from the handler
//   std::terminate in a process                the stack is given up             on the process's stack or the fault stack
//   wild access (unless contained), a fault    report, then the handler before   the program stops as it would
//     where locks are held, in the runtime,      us or the default action
//     in a handler, outside of a process
//   a signal that others sent, or of a         the handler before us
//     thread that is no such worker
//
// Throwing from a handler: the unwinder walks through the kernel's frame, which the C library marks as a signal's, to the
// faulting instruction; landing pads run on the process's stack, and the fault stack is free from then on, for the kernel
// decides by the stack pointer whether it is in use.
//
// Invariants
//   P1  what a fault interrupts holds no lock that others need: frames of the C library that hold one, and sections of the
//       runtime marked `uncontained`, are not contained
//   P2  who is in the fault stack does not wait and does not fault: a fault there stops the program
#pragma once

#include <joist/fault.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "base/sanitizer.hpp"
#include "core/process_control.hpp"

namespace joist::inline v0::core {

/// Not under sanitizers, whose reports are worth more, nor where the C library is part of the program: then nobody can
/// tell whether a fault interrupts malloc.     [any thread]
[[nodiscard]] bool can_contain_faults() noexcept;
[[nodiscard]] const char* why_not_contained() noexcept;

/// A runtime's share in the handlers, which are the program's: the first installs them, the last puts back what was there,
/// but for signals that others have taken since. In checks of isolation each runtime has one (fiber/isolation.hpp).
class fault_handlers {
 public:
  fault_handlers() = default;
  ~fault_handlers() { release(); }
  fault_handlers(const fault_handlers&) = delete;
  fault_handlers& operator=(const fault_handlers&) = delete;
  /// With `questions`, also for the watcher's: whereabouts.hpp.
  void hold(bool questions);
  void release() noexcept;

 private:
  std::atomic<bool> held_{false};
};

/// The stack on which the calling thread's handlers run, while it lives: a process's own may be used up.
class fault_stack {
 public:
  explicit fault_stack(bool wanted) noexcept;
  ~fault_stack();
  fault_stack(const fault_stack&) = delete;
  fault_stack& operator=(const fault_stack&) = delete;

 private:
  void* map_ = nullptr;
  std::size_t bytes_ = 0;
};

/// A fault of the process stops the program meanwhile (P1).
using uncontained = section<&process_control::uncontained>;

/// The exit reason that a fault becomes.
[[nodiscard]] exit_reason reason_of(const fault& f);

}  // namespace joist::inline v0::core
