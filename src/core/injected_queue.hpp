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
    // Before the enqueue, so that it is never below what lies in the queue: a worker about to sleep reads it (idle.hpp).
    // seq_cst for that; it also publishes the process to the pop() that counts it off.
    count_.fetch_add(1, std::memory_order_seq_cst);
    queue_.enqueue(p);
  }

  [[nodiscard]] process_control* pop() {
    if (empty()) return nullptr;
    process_control* taken = nullptr;
    if (!queue_.try_dequeue(taken)) return nullptr;
    // acquire: the process, as its pusher left it. The queue orders this by fences, which ThreadSanitizer does not see.
    count_.fetch_sub(1, std::memory_order_acq_rel);
    return taken;
  }

  [[nodiscard]] bool empty() const noexcept { return count_.load(std::memory_order_seq_cst) <= 0; }

 private:
  moodycamel::ConcurrentQueue<process_control*> queue_;
  alignas(64) std::atomic<std::ptrdiff_t> count_{0};
};

}  // namespace joist::inline v0::core
