// fiber/stack_pool.hpp: where fibers get their slots from.
//
// Slots lie in one reserved range. Three quarters are exclusive, the last quarter is shared by those who come when all
// exclusive ones are in use. A slot never changes its kind, so who has an exclusive one needs no lock. Which slot for a
// new fiber (its first run, so that one that ends before it waits uses a hot stack again and again):
//   1  an exclusive one this worker got back last (hot in the cache)
//   2  an exclusive one that nobody has had, or that other workers got back
//   3  a shared one: the worker fills a run of `batch` neighbours of one slot, then takes the least used of a few
//      picked at random (power of choices: Mitzenmacher 2001). Processes made together share a slot, so those that
//      are woken together find its pages in the cache.
// Own stacks are never shared; they come from maps of 16 and are kept for reuse.
//
// Below each stack lies a guard, of a quarter of its size and at most 64 KiB: MADV_GUARD_INSTALL where the kernel has it
// (Linux 6.13: no further mapping), else mprotect while the process is far from vm.max_map_count, then none: `unguarded`
// counts those.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "base/random.hpp"
#include "fiber/slot.hpp"

namespace joist::inline v0::fiber {

/// A worker's own share of the pool; only that worker touches it.
struct slot_cache {
  static constexpr std::uint32_t batch = 32;
  static constexpr std::size_t most_warm = 16;
  std::vector<slot*> warm;    // exclusive ones that nobody has, with pages behind them, last used at the back
  std::vector<slot*> vacant;  // the same, beyond most_warm
  slot* filling = nullptr;    // the shared slot that new fibers get now
  std::uint32_t room = 0;     // how many more
  base::random dice{1};
};

class stack_pool {
 public:
  /// `slot_bytes`: a power of two, at least 16 KiB. Throws std::bad_alloc.
  stack_pool(std::size_t slots, std::size_t slot_bytes);
  ~stack_pool();
  stack_pool(const stack_pool&) = delete;
  stack_pool& operator=(const stack_pool&) = delete;

  /// Gives `f` a slot for life.     [worker]
  void assign(fiber& f, slot_cache& mine);
  /// Gives `f` a stack of `bytes` that nobody shares. Throws std::bad_alloc.     [any thread]
  void assign_own(fiber& f, std::size_t bytes);
  /// Takes the slot of a fiber that has ended, or waits without frames; its holder released it.     [worker]
  void give_back(fiber& f, slot_cache& mine) noexcept;
  /// Whether a slot that is given back next is used soon: its pages are not worth giving back.     [worker]
  [[nodiscard]] static bool stays_warm(const slot& s, const slot_cache& mine) noexcept {
    return s.kind == slot_kind::shared || mine.warm.size() < slot_cache::most_warm;
  }
  /// Takes the own stack of a fiber out of use for good: somebody may still write to it.     [worker]
  void retire_own(fiber& f) noexcept;

  /// A worker that parks keeps none of the vacant ones for itself.     [worker]
  void give_up(slot_cache& mine) noexcept;

  [[nodiscard]] std::size_t slots_made() const noexcept;
  [[nodiscard]] std::size_t slot_limit() const noexcept { return limit_; }
  [[nodiscard]] std::size_t slot_bytes() const noexcept { return slot_bytes_; }
  [[nodiscard]] std::size_t own_stacks() const noexcept { return own_in_use_.load(std::memory_order_relaxed); }
  [[nodiscard]] static bool guards_by_madvise() noexcept;

 private:
  slot* take_exclusive(slot_cache& mine);
  slot* take_vacant();
  slot* take_shared(slot_cache& mine);
  void map_own_stacks(std::size_t usable);

  const std::size_t limit_;
  const std::size_t exclusive_;  // the first ones
  const std::size_t slot_bytes_;
  std::byte* range_ = nullptr;
  std::unique_ptr<slot[]> slots_;
  std::atomic<std::size_t> made_{0};  // exclusive ones that have been used
  std::once_flag guard_shared_;
  std::atomic<bool> sharing_{false};

  std::mutex mutex_;  // guards all below; rank: innermost
  std::vector<slot*> vacant_;
  std::atomic<std::size_t> vacancies_{0};  // its size: a hint for those without the mutex
  std::vector<slot*> own_free_;
  std::vector<std::pair<std::byte*, std::size_t>> own_maps_;
  std::vector<std::unique_ptr<slot>> own_slots_;
  std::atomic<std::size_t> own_in_use_{0};
};

}  // namespace joist::inline v0::fiber
