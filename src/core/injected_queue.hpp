// core/injected_queue.hpp: processes that any worker may take: from other threads, from full run queues, and all of
// the priorities other than normal.
//
// What one thread has pushed comes in its order; the threads have turns, so that one which pushes a hundred at a time (a
// full run queue) does not keep the single ones of others waiting for ever, as it does where the fullest is served.
#pragma once

#include <concurrentqueue/concurrentqueue.h>

#include <atomic>
#include <cstddef>

#include "core/process_control.hpp"

namespace joist::inline v0::core {

class injected_queue {
  struct traits : moodycamel::ConcurrentQueueDefaultTraits {
    static const std::uint32_t EXPLICIT_CONSUMER_CONSUMPTION_QUOTA_BEFORE_ROTATE =
        4;  // of each thread's, one after the other
  };
  using queue = moodycamel::ConcurrentQueue<process_control*, traits>;

 public:
  /// Whose turn it is, for one worker.
  class turn {
   public:
    explicit turn(injected_queue& of) : token_{of.queue_} {}

   private:
    friend class injected_queue;
    queue::consumer_token_t token_;
  };

  void push(process_control* p) {
    // Before the enqueue, so that it is never below what lies in the queue: a worker about to sleep reads it (idle.hpp).
    // seq_cst for that; it also publishes the process to the pop() that counts it off.
    count_.fetch_add(1, std::memory_order_seq_cst);
    queue_.enqueue(p);
  }

  [[nodiscard]] process_control* pop(turn& t) {
    if (empty()) return nullptr;
    process_control* taken = nullptr;
    if (!queue_.try_dequeue(t.token_, taken)) return nullptr;
    // acquire: the process, as its pusher left it. The queue orders this by fences, which ThreadSanitizer does not see.
    count_.fetch_sub(1, std::memory_order_acq_rel);
    return taken;
  }

  /// About now.     [any thread]
  [[nodiscard]] std::size_t waiting() const noexcept {
    return static_cast<std::size_t>(std::max<std::ptrdiff_t>(0, count_.load(std::memory_order_relaxed)));
  }
  [[nodiscard]] bool empty() const noexcept { return count_.load(std::memory_order_seq_cst) <= 0; }

 private:
  queue queue_;
  alignas(64) std::atomic<std::ptrdiff_t> count_{0};
};

}  // namespace joist::inline v0::core
