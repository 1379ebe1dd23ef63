// web/channels/rate.hpp: how often a client may send: so many at once, and as many a second. Pure, but for the clock.
#pragma once

#include <joist/clock.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>

namespace joist::inline v0::web::channels {

class message_rate {
 public:
  /// 0: any.
  explicit message_rate(std::size_t per_second) noexcept
      : per_second_{static_cast<double>(per_second)}, left_{per_second_} {}

  [[nodiscard]] bool takes_one(clock::time_point now = clock::now()) noexcept {
    if (per_second_ <= 0) return true;
    const double seconds = std::chrono::duration<double>(now - at_).count();
    left_ = std::min(per_second_, left_ + seconds * per_second_);
    at_ = now;
    if (left_ < 1) return false;
    left_ -= 1;
    return true;
  }

 private:
  double per_second_;
  double left_;
  clock::time_point at_ = clock::now();
};

}  // namespace joist::inline v0::web::channels
