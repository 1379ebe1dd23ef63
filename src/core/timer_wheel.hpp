// core/timer_wheel.hpp: timers of one worker: start, cancel and fire in constant time. Pure: no clock, no lock.
//
// Eight levels of 64 slots; one tick is 65.536 us. A timer lies at the level of the highest group of six bits in which
// its tick differs from the current one, and falls to lower levels as time comes near (Varghese, Lauck, "Hashed and
// hierarchical timing wheels", 1987). One bit per slot tells where entries are, so that empty slots cost nothing.
//
// Slots hold entries (timer_entries.hpp), not timers: falling moves sixteen bytes and looks at no timer. Cancelling looks
// at no slot: the entry stays, stale, until its tick comes, or until stale ones are more than the others: then all are
// swept out, which costs each cancel two looks at most. What a timer holds is dropped at once.
//
// Refused: slots as linked lists of timers. A million of them cost four cache misses each, one after the other.
//
// Invariants
//   V1  a timer fires when the tick after its deadline has been reached: never early
//   V2  timers of different ticks fire in the order of their ticks
//   V3  a running timer has one entry of its generation; it is in one target list, unless it is private, or free
//   V4  no two timers have the same index and generation: one that has had all generations is used no more (64 bytes for
//       each 16 million timers)
#pragma once

#include <joist/detail/node.hpp>
#include <joist/detail/spawn.hpp>
#include <joist/pid.hpp>
#include <joist/timer.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/timer_entries.hpp"

namespace joist::inline v0::core {

/// What few timers need.
struct timer_extras {
  timer_extras* next = nullptr;                    // of those to be destroyed
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

struct alignas(64) timer {
  timer* next = nullptr;   // of its target, or free
  timer** link = nullptr;  // what points to it in its target's list
  std::int64_t deadline = 0;
  pid target;
  detail::node* message = nullptr;
  timer_extras* extras = nullptr;
  std::uint32_t index = 0;
  std::uint32_t generation = 1;
  timer_state state = timer_state::free;
  bool counted = false;     // in the target's count of timers
  bool is_private = false;  // its target waits for it and drops it: not to be found by target
};
static_assert(sizeof(timer) == 64, "one cache line: all that firing looks at");

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
  /// Starts it. Its deadline, in nanoseconds, and its target are set. Throws std::bad_alloc: it is still reserved.
  void start(timer& t);
  /// The timer of an index and generation, unless it is free.
  [[nodiscard]] timer* find(std::uint32_t index, std::uint32_t generation) noexcept;
  /// Takes a running one out of the wheel. It is reserved, and to be dropped.
  void stop(timer& t) noexcept;
  /// Makes it free, with a new generation.
  void drop(timer& t) noexcept;

  /// Moves to `now` and takes out what is due, now firing, in order of ticks: as many as `out` has room for.
  [[nodiscard]] std::size_t advance(std::int64_t now, std::span<timer*> out) noexcept;
  /// Takes out timers that aim at `target`, at most `most`, chained by next.
  [[nodiscard]] timer* take_some_of(pid target, std::size_t most) noexcept;
  /// Nanoseconds at which advance() has something to do (perhaps only moving entries down); INT64_MAX for never.
  [[nodiscard]] std::int64_t next_due() const noexcept;
  [[nodiscard]] std::size_t size() const noexcept { return running_; }
  /// Also those of cancelled timers.
  [[nodiscard]] std::size_t entries() const noexcept { return blocks_.entries(); }
  [[nodiscard]] static std::uint64_t tick_of(std::int64_t deadline) noexcept;

 private:
  static constexpr int levels = 8;
  static constexpr int slot_bits = 6;
  static constexpr std::uint64_t slots = 1U << slot_bits;
  static constexpr std::uint32_t chunk = 256;
  static constexpr std::size_t chunk_bytes = chunk * sizeof(timer);

  struct event {
    std::uint64_t tick;
    int level;
    std::uint64_t slot;
  };

  [[nodiscard]] timer& at(std::uint32_t index) noexcept { return chunks_[index / chunk][index % chunk]; }
  void make_chunk();
  [[nodiscard]] bool is_stale(const timer_entry& e) noexcept;
  void place(const timer_entry& e) noexcept;
  void move_down(const event& e) noexcept;
  void sweep() noexcept;
  void fetch_timer(std::uint32_t ahead) noexcept;
  void fetch_neighbours(std::uint32_t ahead) noexcept;
  void link_target(timer& t) noexcept;
  void unlink_target(timer& t) noexcept;
  [[nodiscard]] bool next_event(event& found) const noexcept;
  [[nodiscard]] timer*& bucket_of(pid target) noexcept;
  void grow_buckets();

  std::array<std::array<timer_entries, slots>, levels> wheel_{};
  std::array<std::uint64_t, levels> occupied_{};
  timer_entries due_;  // reached, not yet taken out
  timer_block_store blocks_{levels * slots + 1};
  std::uint64_t current_ = 0;
  std::size_t running_ = 0;
  std::size_t stale_ = 0;  // entries of timers that were stopped
  timer* free_ = nullptr;
  std::vector<timer*> chunks_;
  std::byte* fresh_ = nullptr;  // memory for further chunks
  std::size_t fresh_chunks_ = 0;
  std::vector<std::pair<std::byte*, std::size_t>> regions_;
  std::vector<timer*> buckets_;
};

}  // namespace joist::inline v0::core
