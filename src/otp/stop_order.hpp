// otp/stop_order.hpp: that a program is to stop, as its thread of main tells who starts its applications: that one reads no
// messages meanwhile.
#pragma once

#include <joist/clock.hpp>
#include <joist/otp/application.hpp>

#include <atomic>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

namespace joist::inline v0::otp {

///     [any thread]
class stop_order {
 public:
  /// All is to have stopped by then.
  void give(detail::deadline until) noexcept { until_.store(until.resolve(), std::memory_order_relaxed); }
  /// Nobody has to look after that time any more: the stop has begun, or will, and keeps it.
  void heed() noexcept { heeded_.store(true, std::memory_order_relaxed); }

  [[nodiscard]] bool given() const noexcept { return until() != detail::deadline::never; }
  /// On joist::clock; `never` where none is given.
  [[nodiscard]] std::int64_t until() const noexcept { return until_.load(std::memory_order_relaxed); }
  [[nodiscard]] bool heeded() const noexcept { return heeded_.load(std::memory_order_relaxed); }

 private:
  // relaxed, both: each is all that is told.
  std::atomic<std::int64_t> until_{detail::deadline::never};
  std::atomic<bool> heeded_{false};
};

/// try_start_applications, which begins no further application once the order is given: those that run are stopped, and the
/// start is refused, with shutdown.     [process]
result<applications_ref, start_error> start_applications(std::vector<application> applications, application_options options,
                                                         std::shared_ptr<stop_order> order);

}  // namespace joist::inline v0::otp
