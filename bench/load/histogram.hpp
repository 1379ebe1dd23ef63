// bench/load/histogram.hpp: counts of times, with their percentiles: as HdrHistogram keeps them, within 1.6 % of each value,
// in fixed memory.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace load {

class histogram {
 public:
  /// Nanoseconds.
  void add(std::uint64_t value) noexcept {
    ++counts_[place_of(value)];
    ++total_;
    most_ = std::max(most_, value);
  }
  void add(const histogram& other) noexcept {
    for (std::size_t i = 0; i < counts_.size(); ++i) counts_[i] += other.counts_[i];
    total_ += other.total_;
    most_ = std::max(most_, other.most_);
  }
  [[nodiscard]] std::uint64_t count() const noexcept { return total_; }
  [[nodiscard]] std::uint64_t most() const noexcept { return most_; }
  /// So much that `share` of all values are not more: 0.5 is the median.
  [[nodiscard]] std::uint64_t at(double share) const noexcept {
    const auto wanted = static_cast<std::uint64_t>(share * static_cast<double>(total_));
    std::uint64_t seen = 0;
    for (std::size_t i = 0; i < counts_.size(); ++i) {
      seen += counts_[i];
      if (seen > wanted) return std::min(upper_of(i), most_);
    }
    return most_;
  }

 private:
  // Values below 128 have a place each; of each doubling beyond, 64 places.
  static constexpr int fine_bits = 6;
  static constexpr std::size_t fine = std::size_t{1} << fine_bits;

  static std::size_t place_of(std::uint64_t value) noexcept {
    if (value < 2 * fine) return value;
    const int shift = static_cast<int>(std::bit_width(value)) - 1 - fine_bits;
    return static_cast<std::size_t>(shift) * fine + (value >> shift);
  }
  static std::uint64_t upper_of(std::size_t place) noexcept {
    if (place < 2 * fine) return place;
    const std::size_t shift = place / fine - 1;
    return (((place % fine) + fine + 1) << shift) - 1;
  }

  std::array<std::uint64_t, 59 * fine> counts_{};
  std::uint64_t total_ = 0;
  std::uint64_t most_ = 0;
};

}  // namespace load
