// joist/ref.hpp: references, unique in a program's life: what ties an answer to its question.
//
// See also: monitor.hpp, alias.hpp, timer.hpp (references of one purpose each), receive.hpp (receive_reply).
#pragma once

#include <fmt/core.h>

#include <compare>
#include <cstdint>
#include <functional>

namespace joist::inline v0 {

/// A value that no other call of make_ref() gave or gives. A default-made one refers to nothing.
class ref {
 public:
  constexpr ref() = default;
  constexpr explicit ref(std::uint64_t value) noexcept : value_{value} {}
  constexpr explicit operator bool() const noexcept { return value_ != 0; }
  [[nodiscard]] constexpr std::uint64_t value() const noexcept { return value_; }
  friend constexpr auto operator<=>(ref, ref) noexcept = default;

 private:
  std::uint64_t value_ = 0;
};

/// A new reference. In a process it also sets the mailbox mark, from which receive_reply() of this reference
/// starts to look: what had arrived before cannot be its answer (OTP: erlang:make_ref/0).     [any thread]
[[nodiscard]] ref make_ref();

}  // namespace joist::inline v0

template <>
struct std::hash<joist::ref> {
  std::size_t operator()(joist::ref reference) const noexcept { return std::hash<std::uint64_t>{}(reference.value()); }
};

/// "#ref<value>", as it stands in logs.
template <>
struct fmt::formatter<joist::ref> : fmt::formatter<std::string_view> {
  template <class Context>
  auto format(joist::ref reference, Context& context) const {
    return fmt::format_to(context.out(), "#ref<{}>", reference.value());
  }
};
