// core/timer_entries.hpp: the contents of a wheel's slot: first in, first out, in blocks of 31.
//
// An entry names a timer and repeats its tick, so that entries are moved to a lower level without a look at their
// timers: these lie anywhere in memory, and a look is a cache miss. A cancelled timer leaves its entry behind, stale: its
// generation is over.
//
// Invariant
//   B1  a store has a block for every 31 entries, one more for every list, and two for the lists that are just taken
//       from: entries can always be moved from list to list
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "base/assert.hpp"

namespace joist::inline v0::core {

struct timer_entry {
  std::uint64_t tick = 0;
  std::uint32_t index = 0;
  std::uint32_t generation = 0;
};

struct timer_block {
  static constexpr std::uint32_t capacity = 31;
  timer_block* next = nullptr;
  std::uint32_t begin = 0;
  std::uint32_t end = 0;
  std::array<timer_entry, capacity> entries;
};
static_assert(sizeof(timer_block) == 512);

/// Where the lists of one wheel have their blocks from.
class timer_block_store {
 public:
  explicit timer_block_store(std::size_t lists) : lists_{lists} {}

  /// Keeps B1 for one entry more. Throws std::bad_alloc with nothing changed.
  void reserve_one() {
    while ((entries_ + 1) / timer_block::capacity + lists_ + 3 > made_) make();
    ++entries_;
  }
  /// An entry is gone for good.
  void forget_one() noexcept { --entries_; }

  [[nodiscard]] std::size_t entries() const noexcept { return entries_; }

  [[nodiscard]] timer_block* take() noexcept {
    JOIST_ASSERT(free_ != nullptr, "B1: a wheel has blocks enough for all its entries, wherever they are");
    timer_block* b = std::exchange(free_, free_->next);
    b->next = nullptr;
    b->begin = b->end = 0;
    return b;
  }
  void give_back(timer_block* b) noexcept { b->next = std::exchange(free_, b); }

 private:
  void make() {
    constexpr std::size_t together = 128;  // 64 KiB
    chunks_.reserve(chunks_.size() + 1);
    chunks_.push_back(std::make_unique_for_overwrite<timer_block[]>(together));
    for (std::size_t i = together; i-- > 0;) give_back(&chunks_.back()[i]);
    made_ += together;
  }

  const std::size_t lists_;
  std::size_t entries_ = 0;
  std::size_t made_ = 0;
  timer_block* free_ = nullptr;
  std::vector<std::unique_ptr<timer_block[]>> chunks_;
};

class timer_entries {
 public:
  [[nodiscard]] bool empty() const noexcept { return first_ == nullptr; }

  /// B1: there is a block.
  void push(const timer_entry& e, timer_block_store& store) noexcept {
    if (last_ == nullptr || last_->end == timer_block::capacity) {
      timer_block* added = store.take();
      (last_ == nullptr ? first_ : last_->next) = added;
      last_ = added;
    }
    last_->entries[last_->end++] = e;
  }

  /// The oldest; there is one.
  [[nodiscard]] const timer_entry& front() const noexcept { return first_->entries[first_->begin]; }

  void pop(timer_block_store& store) noexcept {
    if (++first_->begin < first_->end) return;
    timer_block* emptied = first_;
    first_ = emptied->next;
    if (first_ == nullptr) last_ = nullptr;
    store.give_back(emptied);
  }

  /// Calls f with the entry after the first `skip`, less than a block, if there is one.
  template <class F>
  void peek(std::uint32_t skip, F&& f) const noexcept {
    const timer_block* b = first_;
    if (b == nullptr) return;
    std::uint32_t i = b->begin + skip;
    if (i >= b->end) {
      i -= b->end;
      b = b->next;
      if (b == nullptr || i >= b->end) return;
    }
    f(b->entries[i]);
  }

 private:
  timer_block* first_ = nullptr;
  timer_block* last_ = nullptr;
};

}  // namespace joist::inline v0::core
