// core/run_queue.hpp: a worker's own first-in first-out queue; others may steal half of it.
//
// A ring of 256. The owner adds at tail; owner and thieves take at head, by compare-and-swap. After Go's runq (proc.go)
// and Tokio's queue.rs.
//
// Invariants
//   Q1  tail - head <= 256; entries in [head, tail) are processes nobody else may run
//   Q2  a process taken is the taker's: head moves only by the exchange that succeeds
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>

#include "core/process_control.hpp"

namespace joist::inline v0::core {

class run_queue {
 public:
  static constexpr std::uint32_t size = 256;

  /// False when full.     [owner]
  [[nodiscard]] bool push(process_control* p) noexcept {
    const std::uint32_t tail = tail_.load(std::memory_order_relaxed);
    // acquire: a thief has read the place before it moved head past it.
    if (tail - head_.load(std::memory_order_acquire) == size) return false;
    ring_[tail % size].store(p, std::memory_order_relaxed);
    // release: the place above, and the process. Pairs with steal().
    tail_.store(tail + 1, std::memory_order_release);
    return true;
  }

  /// The oldest, or null: as pop(), for others.     [any thread]
  [[nodiscard]] process_control* take() noexcept {
    std::uint32_t head = head_.load(std::memory_order_acquire);
    // acquire on tail: the places below it, and the processes. Pairs with push().
    while (head != tail_.load(std::memory_order_acquire)) {
      process_control* oldest = ring_[head % size].load(std::memory_order_relaxed);
      if (head_.compare_exchange_weak(head, head + 1, std::memory_order_acq_rel, std::memory_order_acquire)) return oldest;
    }
    return nullptr;
  }

  /// The oldest, or null.     [owner]
  [[nodiscard]] process_control* pop() noexcept {
    std::uint32_t head = head_.load(std::memory_order_acquire);
    for (;;) {
      if (head == tail_.load(std::memory_order_relaxed)) return nullptr;
      process_control* oldest = ring_[head % size].load(std::memory_order_relaxed);
      // release: we have read the place; acquire for the retry. Pairs with push() and steal().
      if (head_.compare_exchange_weak(head, head + 1, std::memory_order_acq_rel, std::memory_order_acquire)) return oldest;
    }
  }

  /// Moves the older half to `mine`, as far as there is room, but for one, which it returns; or null.     [mine's owner]
  [[nodiscard]] process_control* steal_into(run_queue& mine) noexcept {
    std::uint32_t head = head_.load(std::memory_order_acquire);
    for (;;) {
      // acquire: the places below tail, and the processes. Pairs with push().
      const std::uint32_t waiting = tail_.load(std::memory_order_acquire) - head;
      if (waiting == 0) return nullptr;
      const std::uint32_t half = waiting - waiting / 2;
      if (half > size / 2) {  // head was stale
        head = head_.load(std::memory_order_acquire);
        continue;
      }
      const std::uint32_t tail = mine.tail_.load(std::memory_order_relaxed);
      // Q1, for mine. acquire: as in push().
      const std::uint32_t share = std::min(half, size - (tail - mine.head_.load(std::memory_order_acquire)));
      if (share == 0) return nullptr;
      for (std::uint32_t i = 0; i < share; ++i) {
        mine.ring_[(tail + i) % size].store(ring_[(head + i) % size].load(std::memory_order_relaxed),
                                            std::memory_order_relaxed);
      }
      if (head_.compare_exchange_weak(head, head + share, std::memory_order_acq_rel, std::memory_order_acquire)) {
        // The last one is returned, the others become visible to further thieves.
        mine.tail_.store(tail + share - 1, std::memory_order_release);
        return mine.ring_[(tail + share - 1) % size].load(std::memory_order_relaxed);
      }
    }
  }

  /// About now.     [any thread]
  [[nodiscard]] std::uint32_t waiting() const noexcept {
    const std::uint32_t head = head_.load(std::memory_order_acquire);  // first: tail is never below an earlier head
    return tail_.load(std::memory_order_acquire) - head;
  }

  [[nodiscard]] bool empty() const noexcept {
    return head_.load(std::memory_order_acquire) == tail_.load(std::memory_order_acquire);
  }

 private:
  alignas(64) std::atomic<std::uint32_t> head_{0};  // owner and thieves
  alignas(64) std::atomic<std::uint32_t> tail_{0};  // owner
  alignas(64) std::array<std::atomic<process_control*>, size> ring_{};
};

}  // namespace joist::inline v0::core
