// net/pieces.hpp: what is left of several pieces that are written one after the other: pure.
#pragma once

#include <cstddef>
#include <span>

namespace joist::inline v0::net::detail {

class unwritten {
 public:
  explicit unwritten(std::span<const std::span<const std::byte>> pieces) noexcept : pieces_{pieces} { drop(0); }

  [[nodiscard]] bool empty() const noexcept { return pieces_.empty(); }
  /// How many pieces.
  [[nodiscard]] std::size_t count() const noexcept { return pieces_.size(); }
  /// The first is not empty.
  [[nodiscard]] std::span<const std::byte> operator[](std::size_t i) const noexcept {
    return i == 0 ? pieces_[0].subspan(offset_) : pieces_[i];
  }
  void drop(std::size_t bytes) noexcept {
    offset_ += bytes;
    while (!pieces_.empty() && offset_ >= pieces_.front().size()) {
      offset_ -= pieces_.front().size();
      pieces_ = pieces_.subspan(1);
    }
  }

 private:
  std::span<const std::span<const std::byte>> pieces_;
  std::size_t offset_ = 0;  // in the first
};

}  // namespace joist::inline v0::net::detail
