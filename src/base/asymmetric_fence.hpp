// base/asymmetric_fence.hpp: a fence that costs its frequent side nothing.
//
// Two threads that each write one word and then read the other's need a full fence in both, or both may read the old value.
// Where one side does it a million times a second and the other once in a while, heavy() makes the fence for both: when it
// returns, every other thread of the program has passed a full fence, and light() need only keep the compiler from
// moving things. Linux: membarrier(2), MEMBARRIER_CMD_PRIVATE_EXPEDITED. Where the kernel has none, or a sandbox refuses
// it, light() is a real fence.
#pragma once

#include <atomic>

namespace joist::inline v0::base {

namespace detail {
// Hidden: no detour by a table of addresses.
[[gnu::visibility("hidden")]] extern std::atomic<bool> light_is_real;  // set once, before the first thread that could care
}

/// Asks the kernel; before other threads use the fences.     [start-up]
void prepare_asymmetric_fences() noexcept;

[[gnu::always_inline]] inline void light_fence() noexcept {
  std::atomic_signal_fence(std::memory_order_seq_cst);
  if (detail::light_is_real.load(std::memory_order_relaxed)) [[unlikely]]
    std::atomic_thread_fence(std::memory_order_seq_cst);
}

/// Some microseconds: interrupts the other processors that run this program.     [any thread]
void heavy_fence() noexcept;

}  // namespace joist::inline v0::base
