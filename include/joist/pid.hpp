// joist/pid.hpp: the name of a process.
//
// Promises
//   64 bits, cheap to copy, never dangling: a pid outlives its process and then names nobody
//   a pid is never used for a second process, in this runtime or in one started after it. Only simulated worlds, which are
//     the same in each run, use theirs again in later worlds
//
// See also: process.hpp (spawn, self), names.hpp (names that people choose).
#pragma once

#include <fmt/core.h>

#include <compare>
#include <cstdint>
#include <functional>
#include <string>

namespace joist::inline v0 {

/// Names one process. A default-made pid names nobody.
class pid {
 public:
  static constexpr int node_bits = 12;
  static constexpr int index_bits = 26;
  static constexpr int generation_bits = 26;

  constexpr pid() = default;
  constexpr pid(std::uint32_t node, std::uint32_t index, std::uint32_t generation) noexcept
      : value_{std::uint64_t{node} << (index_bits + generation_bits) | std::uint64_t{index} << generation_bits |
               generation} {}

  /// Makes a pid of what `value()` gave: for tables and wires.
  [[nodiscard]] static constexpr pid from_value(std::uint64_t value) noexcept {
    pid made;
    made.value_ = value;
    return made;
  }

  /// False for the pid that names nobody. True says nothing about being alive: see is_alive().
  constexpr explicit operator bool() const noexcept { return value_ != 0; }

  [[nodiscard]] constexpr std::uint64_t value() const noexcept { return value_; }
  /// Which runtime it belongs to: each start of a runtime takes a number of its own.
  [[nodiscard]] constexpr std::uint32_t node() const noexcept {
    return static_cast<std::uint32_t>(value_ >> (index_bits + generation_bits));
  }
  /// Its place in the process table.
  [[nodiscard]] constexpr std::uint32_t index() const noexcept {
    return static_cast<std::uint32_t>(value_ >> generation_bits) & ((1U << index_bits) - 1);
  }
  /// How often that place had been used before.
  [[nodiscard]] constexpr std::uint32_t generation() const noexcept {
    return static_cast<std::uint32_t>(value_) & ((1U << generation_bits) - 1);
  }

  friend constexpr auto operator<=>(pid, pid) noexcept = default;

 private:
  std::uint64_t value_ = 0;
};

/// "<node.index.generation>", as it stands in logs.
[[nodiscard]] std::string to_string(pid process);

}  // namespace joist::inline v0

template <>
struct std::hash<joist::pid> {
  std::size_t operator()(joist::pid process) const noexcept {
    // Without the node: a container of pids has the same order in each run of a simulated world. Turned round: the high
    // bytes of the product are those that depend on all bits, and many containers look at the low ones.
    return __builtin_bswap64((process.value() << joist::pid::node_bits) * 0x9e3779b97f4a7c15U);
  }
};

template <>
struct fmt::formatter<joist::pid> : fmt::formatter<std::string_view> {
  template <class Context>
  auto format(joist::pid process, Context& context) const {
    return fmt::format_to(context.out(), "<{}.{}.{}>", process.node(), process.index(), process.generation());
  }
};
