// core/idle.hpp: who sleeps, who looks for work, and why no work is left lying while all sleep.
//
// A worker without work first searches, then registers as a sleeper, looks once more, and parks.
//   pusher:   push work          sleeper:  register (sleepers + 1), searchers - 1
//             fence                        fence
//             read searchers, sleepers     read all queues; when one has work: unregister, search again
//
// Proof that nothing is left. All four steps are seq_cst (fences). If the sleeper's read misses the work, its fence comes
// before the pusher's, so the pusher sees it registered. If the pusher then sees a searcher and wakes nobody,
// that searcher has yet to decrement `searchers`, so its own look at the queues comes after the push. If the pusher
// sees neither searcher nor sleeper, all workers are running processes and will look when those leave. A woken
// worker counts as a searcher from the waking on, and one that finds work while it is the last searcher wakes another: so
// several pushes that each saw "one searches" are served one after the other.
// The run-next place is not part of this: its worker looks there itself before it searches.
//
// After Go's proc.go ("Worker thread parking/unparking") and Tokio's idle.rs.
#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <vector>

namespace joist::inline v0::core {

struct worker;

class idle_workers {
 public:
  /// Work was pushed where any worker finds it: wakes one if nobody searches.     [any thread]
  void notify() noexcept;
  /// At most half of the workers search at a time.     [worker]
  [[nodiscard]] bool begin_search(std::size_t workers) noexcept;
  /// Found something: another may be needed.     [searching worker]
  void found() noexcept;
  /// Woken, and there was nothing left to find.     [searching worker]
  void found_nothing() noexcept;
  /// Registers as a sleeper; the caller must look at all queues after this, then park or cancel_sleep().     [worker]
  void prepare_sleep(worker& w, bool searching);
  /// Work turned up after all: takes the registration back, and searches.     [worker]
  void cancel_sleep(worker& w);
  /// After park(): whether somebody woke us, and so made us a searcher. Else the registration is taken back.     [worker]
  [[nodiscard]] bool was_woken(worker& w);
  /// Wakes `w` if it sleeps: an earlier timer, a stop.     [any thread]
  void wake(worker& w);
  void wake_all();

 private:
  bool remove(worker& w);

  alignas(64) std::atomic<std::uint32_t> searchers_{0};
  std::atomic<std::uint32_t> sleepers_{0};
  std::mutex mutex_;
  std::vector<worker*> asleep_;
};

}  // namespace joist::inline v0::core
