// dist/backoff.hpp: pauses between attempts, each twice as long as the last, and shortened by chance. Pure.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

#include "base/random.hpp"

namespace joist::inline v0::dist::detail {

class backoff {
 public:
  using milliseconds = std::chrono::milliseconds;
  backoff(milliseconds first, milliseconds longest, std::uint64_t seed) noexcept
      : first_{std::min(first, longest)}, longest_{longest}, next_{first_}, dice_{seed} {}

  /// Between a half and the whole of what it is now.
  [[nodiscard]] milliseconds next() noexcept {
    const milliseconds whole = next_;
    next_ = std::min(2 * next_, longest_);
    constexpr std::int64_t most = std::int64_t{1} << 30;
    const auto half = static_cast<std::uint32_t>(std::min<std::int64_t>(whole.count() / 2, most));
    return whole - milliseconds{dice_.below(half + 1)};
  }
  void reset() noexcept { next_ = first_; }

 private:
  milliseconds first_;
  milliseconds longest_;
  milliseconds next_;
  base::random dice_;
};

}  // namespace joist::inline v0::dist::detail
