// web/http/input.hpp: what has come on a connection and is not used yet: one block, as large as it has to be. Pure.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <span>
#include <vector>

namespace joist::inline v0::web::http {

class input {
 public:
  /// The block has so many bytes at first.
  explicit input(std::size_t first_bytes = std::size_t{4} * 1024) noexcept : first_bytes_{first_bytes} {}

  [[nodiscard]] std::span<const std::byte> unread() const noexcept {
    return std::span{bytes_}.subspan(begin_, end_ - begin_);
  }
  [[nodiscard]] bool empty() const noexcept { return begin_ == end_; }
  void use(std::size_t count) noexcept { begin_ += count; }
  /// Room behind what is unread, which moves to the front.
  [[nodiscard]] std::span<std::byte> room() {
    if (begin_ > 0) {
      std::memmove(bytes_.data(), bytes_.data() + begin_, end_ - begin_);
      end_ -= begin_;
      begin_ = 0;
    }
    if (end_ == bytes_.size()) bytes_.resize(std::max(first_bytes_, 2 * bytes_.size()));
    return std::span{bytes_}.subspan(end_);
  }
  void came(std::size_t count) noexcept { end_ += count; }

 private:
  std::vector<std::byte> bytes_;
  std::size_t first_bytes_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
};

}  // namespace joist::inline v0::web::http
