#include "core/claim.hpp"

#include "core/scheduler.hpp"

namespace joist::inline v0::core {

[[gnu::noinline, gnu::cold]] void await_claim(process_control& p) noexcept {
  do {
    p.inside.store(false, std::memory_order_release);
    { const std::scoped_lock until_done{this_worker()->home.claim_mutex}; }
    p.inside.store(true, std::memory_order_relaxed);
    base::light_fence();
  } while (p.claimed.load(std::memory_order_acquire));
}

}  // namespace joist::inline v0::core
