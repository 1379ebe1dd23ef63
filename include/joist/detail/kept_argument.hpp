// joist/detail/kept_argument.hpp: arguments on their way to another process, or kept for the next start of a child: what
// they only point at may be gone by then.
#pragma once

#include <joist/sendable.hpp>

#include <string>
#include <string_view>
#include <type_traits>

namespace joist::inline v0::detail {

/// Text that belongs to somebody else.
template <class T>
constexpr bool is_lent_text = std::is_convertible_v<T, std::string_view> &&
                              (std::is_pointer_v<T> || refusal_of<T>() == refusal::view);

/// As it is kept: lent text as a std::string.
template <class T>
using kept_argument = std::conditional_t<is_lent_text<T>, std::string, T>;

template <class T>
constexpr bool is_kept_whole() {
  const refusal why = refusal_of<T>();
  return why != refusal::raw_pointer && why != refusal::view && why != refusal::reference_wrapper;
}

/// Only what an argument is itself is looked at: shared state is the start's own business.
template <class... Argument>
constexpr void require_kept() {
  static_assert(
      (is_kept_whole<kept_argument<Argument>>() && ...),
      "joist: an argument of a start points at what somebody else has (a pointer, a view, a std::reference_wrapper), "
      "which may be gone by then: pass a value, a std::shared_ptr, or a std::vector; text is kept as a std::string");
}

/// The same for those that each start gets a copy of.
template <class... Argument>
constexpr void require_copied() {
  require_kept<Argument...>();
  static_assert((std::is_copy_constructible_v<kept_argument<Argument>> && ...),
                "joist: the arguments of a child are copied for each start: make what cannot be copied in its constructor");
}

}  // namespace joist::inline v0::detail
