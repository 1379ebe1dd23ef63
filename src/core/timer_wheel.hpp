// core/timer_wheel.hpp: timers of one worker: start, cancel and fire in constant time. Pure: no clock, no lock.
//
// Eight levels of 64 slots; one tick is 65.536 us. A timer lies at the level of the highest group of six bits in which
// its tick differs from the current one, and falls to lower levels as time comes near (Varghese, Lauck, "Hashed and
// hierarchical timing wheels", 1987). One bit per slot tells where timers are, so that empty slots cost nothing.
//
// Invariants
//   V1  a timer fires when the tick after its deadline has been reached: never early
//   V2  timers of different ticks fire in the order of their ticks
//   V3  a timer is in one slot list and in one target list, or free
#pragma once

#include <joist/detail/node.hpp>
#include <joist/detail/spawn.hpp>
#include <joist/pid.hpp>
#include <joist/timer.hpp>

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace joist::inline v0::core {

/// What few timers need.
struct timer_extras {
  std::string name;                                // the receiver, looked up when it fires
  std::int64_t period = 0;                         // more than 0: starts again
  std::unique_ptr<detail::message_source> source;  // makes the message of a period
  detail::closure_ptr body;                        // to be spawned
};

enum class timer_state : std::uint8_t {
  free,
  reserved,   // has a reference, is not in the wheel
  running,    // in the wheel
  firing,     // out of the wheel, its message is being delivered
  cancelled,  // while firing: an interval that is not to start again
};

struct timer {
  timer* next = nullptr;        // in its slot, or the free list
  timer** link = nullptr;       // what points to it in its slot
  timer* fired_next = nullptr;  // in the chain that advance() gave out
  timer* next_of_target = nullptr;
  timer** link_of_target = nullptr;
  std::int64_t deadline = 0;
  std::uint64_t tick = 0;
  std::uint32_t index = 0;
  std::uint32_t generation = 1;
  pid target;
  detail::node* message = nullptr;
  timer_extras* extras = nullptr;
  timer_state state = timer_state::free;
  bool counted = false;  // in the target's count of timers
};

class timer_wheel {
 public:
  static constexpr int tick_bits = 16;
  static constexpr int generation_bits = 24;  // of those that references carry
  static constexpr std::uint32_t generation_mask = (1U << generation_bits) - 1;

  timer_wheel();
  ~timer_wheel();
  timer_wheel(const timer_wheel&) = delete;
  timer_wheel& operator=(const timer_wheel&) = delete;

  /// A timer to fill in, reserved. Throws std::bad_alloc.
  [[nodiscard]] timer& make();
  /// Starts it. Its deadline, in nanoseconds, is set.
  void start(timer& t) noexcept;
  /// The timer of an index and generation, unless it is free.
  [[nodiscard]] timer* find(std::uint32_t index, std::uint32_t generation) noexcept;
  /// Takes a running one out of the wheel: reserved again.
  void stop(timer& t) noexcept;
  /// Makes it free, with a new generation.
  void drop(timer& t) noexcept;

  /// Moves to `now` and takes out what is due, now firing: at most `most` timers, chained by fired_next, in order of ticks.
  [[nodiscard]] timer* advance(std::int64_t now, std::size_t most) noexcept;
  /// Takes out the timers that aim at `target`, chained by next.
  [[nodiscard]] timer* take_all_of(pid target) noexcept;
  /// Nanoseconds at which advance() has something to do (perhaps only moving timers down); INT64_MAX for never.
  [[nodiscard]] std::int64_t next_due() const noexcept;
  [[nodiscard]] std::size_t size() const noexcept { return running_; }

 private:
  static constexpr int levels = 8;
  static constexpr int slot_bits = 6;
  static constexpr std::uint64_t slots = 1U << slot_bits;
  static constexpr std::size_t chunk = 256;

  struct event {
    std::uint64_t tick;
    int level;
    std::uint64_t slot;
  };

  [[nodiscard]] static std::uint64_t tick_of(std::int64_t deadline) noexcept;
  void place(timer& t) noexcept;
  void unlink(timer& t) noexcept;
  [[nodiscard]] bool next_event(event& found) const noexcept;
  [[nodiscard]] timer*& bucket_of(pid target) noexcept;
  void link_target(timer& t) noexcept;
  void grow_buckets();

  std::array<std::array<timer*, slots>, levels> wheel_{};
  std::array<std::uint64_t, levels> occupied_{};
  timer* due_ = nullptr;  // reached, not yet taken out
  timer** due_tail_ = &due_;
  std::uint64_t current_ = 0;
  std::size_t running_ = 0;
  timer* free_ = nullptr;
  std::vector<std::unique_ptr<timer[]>> chunks_;
  std::vector<timer*> buckets_;
};

}  // namespace joist::inline v0::core
