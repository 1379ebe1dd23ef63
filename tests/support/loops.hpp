// tests/support/loops.hpp: loops without a call of the runtime, in a target that joist_preemptible() compiles.
#pragma once

#include <atomic>
#include <cstdint>

namespace support {

/// Loops until released; `turns` says how far it got.
void loop_until(const std::atomic<bool>& released, std::atomic<std::uint64_t>& turns);

/// As loop_until; it is over for all when one has got to the goal.
void race(std::uint64_t goal, std::atomic<bool>& over, std::atomic<std::uint64_t>& turns);

/// As loop_until, in a frame that has something to destroy: sets `destroyed` when it is left.
void loop_with_cleanup(const std::atomic<bool>& released, std::atomic<bool>& destroyed);

/// By recursion: calls are counted too.
std::uint64_t fibonacci(unsigned n);

/// n rounds within one no_preempt; the process's worker must not change meanwhile.
bool stays_on_its_thread(std::uint64_t n);

struct numbered {
  int number;
};

/// Receives numbered messages in preemptible code; the sum of those that came out of order, or wrong.
int receive_in_order(int count);

}  // namespace support
