#include "support/loops.hpp"

#include <joist/preempt.hpp>
#include <joist/process.hpp>
#include <joist/receive.hpp>

#include <pthread.h>

namespace support {

void loop_until(const std::atomic<bool>& released, std::atomic<std::uint64_t>& turns) {
  while (!released.load(std::memory_order_relaxed)) turns.fetch_add(1, std::memory_order_relaxed);
}

void race(std::uint64_t goal, std::atomic<bool>& over, std::atomic<std::uint64_t>& turns) {
  while (!over.load(std::memory_order_relaxed)) {
    if (turns.fetch_add(1, std::memory_order_relaxed) + 1 >= goal) over = true;
  }
}

namespace {

struct notes {
  std::atomic<bool>& at;
  ~notes() { at = true; }
};

}  // namespace

void loop_with_cleanup(const std::atomic<bool>& released, std::atomic<bool>& destroyed) {
  const notes local{destroyed};
  while (!released.load(std::memory_order_relaxed)) {
  }
  if (!destroyed) joist::checkpoint();  // may throw: so the frame has a table of what to destroy then
}

std::uint64_t fibonacci(unsigned n) { return n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2); }

int receive_in_order(int count) {
  int wrong = 0;
  for (int i = 0; i < count; ++i) {
    const numbered next = joist::receive<numbered>();
    if (next.number != i) ++wrong;
  }
  return wrong;
}

bool stays_on_its_thread(std::uint64_t n) {
  const joist::no_preempt here;
  const pthread_t before = ::pthread_self();
  bool same = true;
  for (std::uint64_t i = 0; i < n; ++i) same = same && ::pthread_equal(before, ::pthread_self()) != 0;
  return same;
}

}  // namespace support
