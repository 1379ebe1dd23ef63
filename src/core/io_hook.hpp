// core/io_hook.hpp: who looks for what happens outside of the program while workers have nothing to run, and how a process
// waits for it. The room net implements it with sockets.
//
// One worker at a time sits in the poller's seat: a worker without work takes it, if it is free, and sleeps there
// instead of in its bed; a busy one looks in passing. What has happened becomes signals, which wake processes as any signal
// does.
//
// Who looks, when
//   a worker without work         sleeps in the seat, until something happens, a timer is due, or it is woken (unpark)
//   a worker that runs processes  every 64 switches, without waiting
//   the watcher                   finds the seat empty while workers sleep: wakes one, which then sits down
//
// Invariants
//   H1  whoever sleeps in the seat is registered as a sleeper (idle.hpp) and is woken as one: its parker interrupts the hook
//   H2  who gathers holds the seat until it has delivered: what gather() keeps is touched by one worker at a time
#pragma once

#include <joist/clock.hpp>
#include <joist/detail/node.hpp>
#include <joist/pid.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>

namespace joist::inline v0::detail {
class scheduler;
}

namespace joist::inline v0::core {

struct worker;

class io_hook {
 public:
  io_hook() = default;
  io_hook(const io_hook&) = delete;
  io_hook& operator=(const io_hook&) = delete;
  virtual ~io_hook() = default;

  /// Waits for something to happen, until `until` (nanoseconds of joist::clock; 0: only looks) or interrupt(). How much has
  /// happened.     [worker stack, in the seat]
  virtual std::size_t gather(std::int64_t until) noexcept = 0;
  /// Sends the signals of what was gathered.     [worker stack, in the seat]
  virtual void deliver() noexcept = 0;
  /// Ends the gather() that waits, or the next one.     [any thread]
  virtual void interrupt() noexcept = 0;
};

/// The hook of a runtime, once there is one, and who polls it.
class io_seat {
 public:
  /// Null as long as nobody has installed one.     [any thread]
  [[nodiscard]] io_hook* hook() const noexcept { return hook_.load(std::memory_order_acquire); }
  /// The one there is, else what `make` gives, from now on until the runtime is gone.     [any thread]
  template <class Make>
  io_hook& install(Make&& make) {
    const std::scoped_lock lock{mutex_};
    if (owned_ == nullptr) {
      owned_ = make();
      // release: what the hook is made of. Pairs with hook().
      hook_.store(owned_.get(), std::memory_order_release);
    }
    return *owned_;
  }

  /// The hook, and the seat with it; null where there is none, or somebody sits there.     [worker]
  [[nodiscard]] io_hook* sit_down() noexcept {
    io_hook* h = hook();
    if (h == nullptr || taken_.load(std::memory_order_relaxed)) return nullptr;
    // acquire: what the last one did with the hook. Pairs with stand_up().
    return taken_.exchange(true, std::memory_order_acquire) ? nullptr : h;
  }
  void stand_up() noexcept { taken_.store(false, std::memory_order_release); }
  /// Somebody ought to look.     [any thread]
  [[nodiscard]] bool is_deserted() const noexcept { return hook() != nullptr && !taken_.load(std::memory_order_relaxed); }

 private:
  std::atomic<io_hook*> hook_{nullptr};
  std::atomic<bool> taken_{false};
  std::mutex mutex_;  // guards owned_ while it is made
  std::unique_ptr<io_hook> owned_;
};

/// A wait of the running process that a signal from outside ends: an event's, or the time limit's.
///   outside_wait wait{"read"};
///   wait.begin(limit);  leave wait.wake_up() where the event will find it;  wait.sleep();  take it back if it is still
///   there
/// sleep() ends what begin() began; it may begin again. One at a time in a process. When the process is being ended, sleep()
/// returns as after an event; leave() unwinds then.
class outside_wait {
 public:
  /// Throws errc::not_a_process and errc::bad_wait naming `call`. Costs a reduction.     [process]
  explicit outside_wait(const char* call);
  outside_wait(const outside_wait&) = delete;
  outside_wait& operator=(const outside_wait&) = delete;
  ~outside_wait() {
    if (token_ != 0) end();
  }

  /// False: `limit` is over, or the process is being ended: leave().     [process]
  [[nodiscard]] bool begin(const detail::deadline& limit);
  /// A signal that ends this wait, for deliver() by any thread. Throws std::bad_alloc.     [process]
  [[nodiscard]] detail::node_ptr wake_up() const;
  /// Sends it. For threads that are not workers; does nothing when the process, or its runtime, is gone.     [any thread]
  static void wake(pid waiter, detail::node_ptr wake_up) noexcept;
  /// Until the signal, the limit, or the end of the process.     [process]
  void sleep();
  /// Does not return in a process that is being ended, unless it cleans up.     [process]
  void leave();

 private:
  void end() noexcept;

  std::uint64_t token_ = 0;  // 0: not begun
  bool timed_ = false;
};

}  // namespace joist::inline v0::core
