// dist/incoming.hpp: what has come and is not read yet: one part of a message, at most. Pure.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <span>
#include <string_view>
#include <vector>

namespace joist::inline v0::dist::detail {

class incoming {
 public:
  static constexpr std::size_t least_room = 64 << 10;

  /// Where what comes next is put; then came() says how much that was.
  [[nodiscard]] std::span<std::byte> room() {
    if (begin_ == end_) forget();
    if (begin_ > 0 && bytes_.size() - end_ < least_room) {
      std::memmove(bytes_.data(), bytes_.data() + begin_, end_ - begin_);
      end_ -= begin_;
      begin_ = 0;
    }
    // Twice as much, so that a large message is moved a few times and not with each of its parts.
    if (bytes_.size() - end_ < least_room) bytes_.resize(std::max(2 * bytes_.size(), end_ + least_room));
    return std::span{bytes_}.subspan(end_);
  }
  void came(std::size_t bytes) noexcept { end_ += bytes; }

  [[nodiscard]] std::string_view unread() const noexcept {
    return {reinterpret_cast<const char*>(bytes_.data()) + begin_, end_ - begin_};
  }
  void drop(std::size_t bytes) noexcept { begin_ += bytes; }
  /// Everything; what a large message has needed is given back.
  void forget() noexcept {
    begin_ = end_ = 0;
    if (bytes_.size() > 4 * least_room) bytes_ = {};
  }

 private:
  std::vector<std::byte> bytes_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
};

}  // namespace joist::inline v0::dist::detail
