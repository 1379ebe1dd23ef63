// core/watcher.hpp: a thread that looks after workers which have not switched for a while, and after processes that were
// ended and do not come back.
//
// It looks twice per stuck_after, and every 5 ms at least, while any worker that is on runs something, and sleeps while all
// rest.
//   worker leaves its rest: resting := false | look at asleep      watcher: asleep := true | look at all
// Both are seq_cst: either the watcher sees the worker, or the worker sees that it has to wake it.
//
// What it does
//   a worker owes a wake-up (worker.hpp) and has the same count of switches since the last look:
//       wakes another worker for it
//   nobody looks outside (io_hook.hpp), and a worker sleeps:
//       wakes it: it looks
//   a worker that is on has the same count of switches for stuck_after, and others wait:
//       relieves it (relief.hpp), and warns, once a second for the same code, with the place it is in (whereabouts.hpp)
//   a process in such a worker, or in a relieved one, was sent an exit signal, and has not come to the runtime for
//   kill_after:
//       acts for it (claim.hpp). If the signal ends it, links and monitors hear of it now: a zombie
#pragma once

#include <joist/pid.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <mutex>
#include <thread>
#include <unordered_map>
#include <vector>

#include "core/parker.hpp"
#include "core/whereabouts.hpp"

namespace joist::inline v0::detail {
class scheduler;
}

namespace joist::inline v0::core {

using detail::scheduler;
struct process_control;
struct worker;

class watcher {
 public:
  /// A worker has left its rest, or an exit signal went to a process that was awake and is marked as urgent.
  /// [any thread]
  void rouse() noexcept {
    if (asleep_.load(std::memory_order_seq_cst)) bed_.unpark();
  }
  void wake() noexcept { bed_.unpark(); }

  /// The life of its thread.
  void watch(scheduler& home);

  /// In the middle of signals that it sends for others: the table's grace waits for it (T2).     [any thread]
  [[nodiscard]] bool acts() const noexcept { return acting_.load(std::memory_order_seq_cst); }

  /// Whether a worker that it relieved has computed since the last look but one.     [any thread]
  [[nodiscard]] bool relieved_compute() const noexcept { return computing_.load(std::memory_order_relaxed); }

  std::thread thread;  // set at the start, joined or detached at the stop
  std::atomic<bool> left{false};

 private:
  struct sight {
    std::uint64_t switches = 0;
    std::int64_t since = 0;         // of the same count
    std::int64_t cpu_ns = 0;        // processor time of its thread, while it is relieved
    std::int64_t urgent_since = 0;  // an exit signal was seen pending; 0: none
  };

  /// Whether there is a reason to look again soon.
  bool look(scheduler& home, std::int64_t now);
  bool look_at(worker& w, sight& s, std::int64_t now);
  bool computes(const worker& w, sight& s);
  void relieve(worker& w, const sight& s, std::int64_t now);
  void warn(worker& w, process_control* p, const sight& s, std::int64_t now);
  bool act_for(worker& w, process_control& p);

  parker bed_;
  std::atomic<bool> asleep_{false};
  std::atomic<bool> acting_{false};
  std::atomic<bool> computing_{false};
  // -- its thread
  std::vector<sight> seen_;
  std::unordered_map<const void*, std::int64_t> warned_;
  question where_;
};

}  // namespace joist::inline v0::core
