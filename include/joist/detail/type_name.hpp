// joist/detail/type_name.hpp: the last word of a type's name, as the compiler prints it.
#pragma once

#include <cstddef>
#include <string_view>

namespace joist::inline v0::detail {

template <class T>
constexpr std::string_view printed_type() {
  return __PRETTY_FUNCTION__;  // GCC: "... [with T = chat::new_msg; ...]", Clang: "... [T = chat::new_msg]"
}

/// `new_msg` for chat::new_msg.
template <class T>
constexpr std::string_view type_name() {
  constexpr std::string_view all = printed_type<T>();
  const std::size_t begin = all.find("T = ") + 4;
  std::size_t end = all.find_first_of(";]", begin);
  std::string_view whole = all.substr(begin, end - begin);
  if (const std::size_t last = whole.rfind(':'); last != whole.npos) whole.remove_prefix(last + 1);
  return whole;
}

}  // namespace joist::inline v0::detail
