// web/http/input.hpp: what has come on a connection and is not used yet: one block, as large as it has to be. Pure.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <span>
#include <utility>

#include "base/pool.hpp"

namespace joist::inline v0::web::http {

class input {
 public:
  /// The block has so many bytes at first: enough for most heads, and of a size that the pool keeps.
  explicit input(std::size_t first_bytes = base::largest_pooled_bytes) noexcept : next_bytes_{first_bytes} {}
  input(input&& other) noexcept { swap(other); }
  input& operator=(input&& other) noexcept {
    swap(other);
    return *this;
  }
  input(const input&) = delete;
  input& operator=(const input&) = delete;
  ~input() {
    if (block_ != nullptr) base::pool_release_uncounted(block_, bytes_);
  }

  [[nodiscard]] std::span<const std::byte> unread() const noexcept { return {block_ + begin_, end_ - begin_}; }
  [[nodiscard]] bool empty() const noexcept { return begin_ == end_; }
  void use(std::size_t count) noexcept { begin_ += count; }
  /// Room behind what is unread, which moves to the front. Larger after each time that all of it was used, for a peer that
  /// sends much is read in large pieces.
  [[nodiscard]] std::span<std::byte> room() {
    if (end_ - begin_ == bytes_ || (next_bytes_ > bytes_ && empty())) {
      grow();
    } else if (begin_ > 0) {
      std::memmove(block_, block_ + begin_, end_ - begin_);
      end_ -= begin_;
      begin_ = 0;
    }
    return {block_ + end_, bytes_ - end_};
  }
  /// So much of the room has been filled.
  void came(std::size_t count) noexcept {
    end_ += count;
    if (end_ == bytes_ && bytes_ < most_grown_bytes) next_bytes_ = 2 * bytes_;
  }

 private:
  static constexpr std::size_t most_grown_bytes = std::size_t{64} * 1024;  // by itself; what is unread may take more

  void grow() {
    const std::size_t unread_bytes = end_ - begin_, bytes = std::max(next_bytes_, 2 * unread_bytes);
    auto* const larger = static_cast<std::byte*>(base::pool_allocate_uncounted(bytes));
    if (block_ != nullptr) {
      std::memcpy(larger, block_ + begin_, unread_bytes);
      base::pool_release_uncounted(block_, bytes_);
    }
    block_ = larger;
    bytes_ = bytes;
    begin_ = 0;
    end_ = unread_bytes;
  }
  void swap(input& other) noexcept {
    std::swap(block_, other.block_);
    std::swap(bytes_, other.bytes_);
    std::swap(next_bytes_, other.next_bytes_);
    std::swap(begin_, other.begin_);
    std::swap(end_, other.end_);
  }

  std::byte* block_ = nullptr;
  std::size_t bytes_ = 0;
  std::size_t next_bytes_ = 0;  // of the block that is made next, at least
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
};

}  // namespace joist::inline v0::web::http
