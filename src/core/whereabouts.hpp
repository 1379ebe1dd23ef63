// core/whereabouts.hpp: where a thread is that does not come back from a process, for the watcher's warning.
//
// Of a thread that waits in a system call the kernel tells which, and the place of its stack (/proc/pid/syscall); nothing
// changes there while it waits, and the return addresses on it are looked up from outside. Of a thread that computes it
// tells nothing. Where runtime_options::stuck_backtraces asks for it, such a thread is interrupted by a signal, whose
// handler copies its registers and the innermost part of its stack, and does nothing else: to unwind there would take locks
// that the interrupted code may hold, and would fault in code without tables.
//
//   who asks                                     the thread, in its handler
//     worker.asked := question                     question := asked.exchange(null); none: not for us
//     tgkill                                       copies, if it is still in the same process
//     waits until answered, at most 50 ms          answered := true, unpark
//     asked.exchange(null): still there: no answer
//     else it is being answered: waits for that, a copy of 32 KiB
//
// Invariant
//   A1  a question's copies are touched by the thread between its exchange and `answered`, by who asks outside of that
#pragma once

#include <signal.h>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>

#include "core/parker.hpp"

namespace joist::inline v0::core {

struct worker;

/// Where the stack of the process ends that a thread runs.
struct stack_range {
  std::uintptr_t bottom = 0, top = 0;
};

/// The innermost part of a stack.
struct stack_copy {
  std::uintptr_t pc = 0;
  std::size_t count = 0;
  std::array<std::uintptr_t, 4096> words{};
};

/// What who looks after a worker asks its thread.
struct question {
  std::uint64_t switches = 0;  // of the worker: not answered after another
  stack_range stack;
  stack_copy copy;
  std::atomic<bool> answered{false};
  parker asks;
};

/// Lines for a log, each begun by a line feed: the system call that `w`'s thread waits in and where it was called, or where
/// it computes; `body` is where the process began. Takes no lock but the kernel's. `q` lives as long as the thread does.
/// [the watcher]
[[nodiscard]] std::string whereabouts(worker& w, std::uint64_t switches, stack_range stack, const void* body, question& q);

/// The signal; a real-time one that nothing else uses.
[[nodiscard]] int question_signal() noexcept;
/// Its handler.
void on_question(int signal, siginfo_t* info, void* context) noexcept;

}  // namespace joist::inline v0::core
