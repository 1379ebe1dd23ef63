#include "base/asymmetric_fence.hpp"

#include <linux/membarrier.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace joist::inline v0::base {

std::atomic<bool> detail::light_is_real{true};

void prepare_asymmetric_fences() noexcept {
  // Once for the program, and again in a child made by fork, which inherits it: asking twice does no harm.
  if (!detail::light_is_real.load(std::memory_order_relaxed)) return;
  if (::syscall(__NR_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0) != 0) return;
  if (::syscall(__NR_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0) != 0) return;
  detail::light_is_real.store(false, std::memory_order_seq_cst);
}

void heavy_fence() noexcept {
  std::atomic_thread_fence(std::memory_order_seq_cst);
  if (!detail::light_is_real.load(std::memory_order_relaxed))
    ::syscall(__NR_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0);
  std::atomic_thread_fence(std::memory_order_seq_cst);
}

}  // namespace joist::inline v0::base
