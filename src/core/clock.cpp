#include <joist/clock.hpp>

#include <chrono>

#include "core/simulation.hpp"
#include "core/worker.hpp"

namespace joist::inline v0 {

clock::time_point clock::now() noexcept {
  const core::worker* w = core::this_worker();
  if (w != nullptr && w->simulated != nullptr) return time_point{duration{w->simulated->now()}};
  return time_point{std::chrono::duration_cast<duration>(std::chrono::steady_clock::now().time_since_epoch())};
}

}  // namespace joist::inline v0
