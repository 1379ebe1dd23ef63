// joist/detail/ref_text.hpp: a short text of a client's, or none: 16 bytes, and no more memory up to 15 letters. Each joined
// channel keeps two.
#pragma once

#include <cstdint>
#include <cstring>
#include <memory>
#include <string_view>
#include <utility>

namespace joist::inline v0::detail {

class ref_text {
 public:
  ref_text() noexcept = default;  // none
  ref_text(std::string_view text) {
    if (text.size() < sizeof bytes_) {
      std::memcpy(bytes_, text.data(), text.size());
      bytes_[last] = static_cast<char>(text.size() + 1);
      return;
    }
    auto* kept = new long_text{static_cast<std::uint32_t>(text.size()), std::make_unique<char[]>(text.size())};
    std::memcpy(kept->text.get(), text.data(), text.size());
    std::memcpy(bytes_, &kept, sizeof kept);
    bytes_[last] = is_long;
  }
  ref_text(const ref_text& other) : ref_text{} {
    if (other) *this = ref_text{other.view()};
  }
  ref_text(ref_text&& other) noexcept { swap(other); }
  ref_text& operator=(ref_text other) noexcept {
    swap(other);
    return *this;
  }
  ~ref_text() {
    if (bytes_[last] == is_long) delete kept();
  }

  [[nodiscard]] explicit operator bool() const noexcept { return bytes_[last] != 0; }
  /// Empty, too, where there is none.
  [[nodiscard]] std::string_view view() const noexcept {
    if (bytes_[last] == is_long) return {kept()->text.get(), kept()->size};
    return {bytes_, *this ? static_cast<std::size_t>(bytes_[last]) - 1 : 0};
  }
  friend bool operator==(const ref_text& a, const ref_text& b) noexcept {
    return static_cast<bool>(a) == static_cast<bool>(b) && a.view() == b.view();
  }

 private:
  struct long_text {
    std::uint32_t size;
    std::unique_ptr<char[]> text;
  };
  static constexpr std::size_t last = 15;
  static constexpr char is_long = 17;

  void swap(ref_text& other) noexcept { std::swap(bytes_, other.bytes_); }
  [[nodiscard]] const long_text* kept() const noexcept {
    const long_text* p = nullptr;
    std::memcpy(&p, bytes_, sizeof p);
    return p;
  }

  char bytes_[16] = {};  // the text, and its size + 1; or a pointer
};

}  // namespace joist::inline v0::detail
