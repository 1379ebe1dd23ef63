// otp/restart_window.hpp: how often something may be started again: at most `intensity` times within `period`. Pure.
#pragma once

#include <joist/clock.hpp>

#include <chrono>
#include <cstdint>
#include <deque>

namespace joist::inline v0::otp {

class restart_window {
 public:
  restart_window(std::uint32_t intensity, std::chrono::milliseconds period) : intensity_{intensity}, period_{period} {}

  /// Counts a restart at `now`. False: one too many.
  [[nodiscard]] bool add(clock::time_point now) {
    while (!restarts_.empty() && now - restarts_.front() > period_) restarts_.pop_front();
    restarts_.push_back(now);
    return restarts_.size() <= intensity_;
  }

  /// Of those that were added, the ones within the period before the last.
  [[nodiscard]] std::size_t restarts() const noexcept { return restarts_.size(); }

 private:
  std::uint32_t intensity_;
  std::chrono::milliseconds period_;
  std::deque<clock::time_point> restarts_;  // at most intensity + 1
};

}  // namespace joist::inline v0::otp
