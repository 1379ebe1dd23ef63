// core/injected_queue.hpp: processes that any worker may take: from other threads, from full run queues, and all of
// the priorities other than normal. No order is promised.
#pragma once

#include <concurrentqueue/concurrentqueue.h>

#include <atomic>
#include <cstddef>

#include "core/process_control.hpp"

namespace joist::inline v0::core {

class injected_queue {
 public:
  void push(process_control* p) {
    queue_.enqueue(p);
    // seq_cst, after the enqueue: a worker about to sleep reads the count; see idle.hpp. The count may be above what a
    // dequeue finds at that moment, never below what has been pushed and not taken.
    count_.fetch_add(1, std::memory_order_seq_cst);
  }

  [[nodiscard]] process_control* pop() {
    if (empty()) return nullptr;
    process_control* taken = nullptr;
    if (!queue_.try_dequeue(taken)) return nullptr;
    count_.fetch_sub(1, std::memory_order_relaxed);
    return taken;
  }

  [[nodiscard]] bool empty() const noexcept { return count_.load(std::memory_order_seq_cst) <= 0; }

 private:
  moodycamel::ConcurrentQueue<process_control*> queue_;
  alignas(64) std::atomic<std::ptrdiff_t> count_{0};
};

}  // namespace joist::inline v0::core
