// core/whereabouts.hpp: where a thread is that does not come back from a process, for the watcher's warning.
//
// A stack can be walked only by the thread it belongs to, so that thread is interrupted, by SIGURG, which nobody misses and
// by default does nothing (Go uses it for the same reasons). But a signal must not end a system call of code that is not
// ours: so it is sent only to a thread that computes, or waits for a lock without a limit of time, which goes on as if
// nothing had been. Of all other calls the kernel tells the place of the call, and that is what is shown.
//
//   who asks                                     the thread, in its handler
//     worker.asked := question                     question := asked.exchange(null); none: the handler before us
//     tgkill                                       walks its stack, if it is still in the same process
//     waits until answered, at most 50 ms          answered := true, unpark
//     asked.exchange(null): still there: no answer
//     else it is being answered: waits for that
//
// Invariant
//   A1  a question is touched by the thread between its exchange and `answered`, by who asks outside of that
#pragma once

#include <signal.h>

#include <atomic>
#include <cstdint>
#include <string>

#include "core/fault_frames.hpp"
#include "core/parker.hpp"

namespace joist::inline v0::core {

struct worker;

/// What who looks after a worker asks its thread.
struct question {
  std::uint64_t switches = 0;  // of the worker: not answered after another
  fault_frames frames;
  std::atomic<bool> answered{false};
  parker asks;
};

/// Lines for a log, each begun by a line feed: the backtrace of `w`'s thread, or the system call it waits in; empty when
/// neither is to be had. `q` lives as long as the thread does.     [the watcher]
[[nodiscard]] std::string whereabouts(worker& w, std::uint64_t switches, question& q);

/// The handler of SIGURG.
void on_question(int signal, siginfo_t* info, void* context) noexcept;

}  // namespace joist::inline v0::core
