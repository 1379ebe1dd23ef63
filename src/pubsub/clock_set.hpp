// pubsub/clock_set.hpp: numbers that have been seen, as spans: mostly the one from 1 to the last. What a causal context and
// its cloud are elsewhere is one thing here: the context is the span that begins with 1, the cloud are the others.
//
// Pure. Invariant: C1 spans ascend, and between two of them a number is missing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace joist::inline v0::detail {

class clock_set {
 public:
  /// The numbers are below this, so that none of the sums here overflows.
  static constexpr std::uint64_t limit = std::uint64_t{1} << 62;
  struct span {
    std::uint64_t first;
    std::uint64_t last;
    friend bool operator==(const span&, const span&) = default;
  };

  clock_set() = default;
  clock_set(std::uint64_t first, std::uint64_t last) { add(first, last); }

  /// Numbers from first to last; none where last < first.
  void add(std::uint64_t first, std::uint64_t last);
  void add(std::uint64_t number) { add(number, number); }
  void add(const clock_set& others);
  void remove(const clock_set& others);

  [[nodiscard]] bool contains(std::uint64_t number) const noexcept;
  /// All from first to last.
  [[nodiscard]] bool contains(std::uint64_t first, std::uint64_t last) const noexcept;
  [[nodiscard]] bool contains(const clock_set& others) const noexcept;
  [[nodiscard]] bool empty() const noexcept { return spans_.empty(); }
  [[nodiscard]] const std::vector<span>& spans() const noexcept { return spans_; }
  friend bool operator==(const clock_set&, const clock_set&) = default;

 private:
  std::vector<span> spans_;
};

}  // namespace joist::inline v0::detail
