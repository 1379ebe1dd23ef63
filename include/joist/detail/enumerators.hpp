// joist/detail/enumerators.hpp: which values of an enum class have a name, and what it is, as the compiler prints them.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace joist::inline v0::detail {

/// Values that are looked at: 0 to this, without it.
inline constexpr std::size_t enumerator_limit = 64;

template <class T>
concept enum_class = std::is_enum_v<T> && !std::is_convertible_v<T, std::underlying_type_t<T>>;

template <auto Value>
constexpr const char* printed_value() {
  return __PRETTY_FUNCTION__;
}

/// The name of the enumerator; of a value that has none the compiler prints "(type)7", and this is "7".
template <auto Value>
constexpr std::string_view enumerator_name() {
  constexpr std::string_view all = printed_value<Value>();
  constexpr std::string_view front = all.substr(0, all.rfind(']'));
  return front.substr(front.find_last_of(":) ") + 1);
}

template <auto Value>
constexpr bool has_name = enumerator_name<Value>().front()<'0' || enumerator_name<Value>().front()> '9';

/// As std::integer_sequence, for enumerators.
template <class Enum, Enum... Values>
struct enumerators {};

template <class Enum, Enum... Found>
constexpr auto join(enumerators<Enum, Found...> all) {
  return all;
}
template <class Enum, Enum... A, Enum... B, class... Rest>
constexpr auto join(enumerators<Enum, A...>, enumerators<Enum, B...>, Rest... rest) {
  return join(enumerators<Enum, A..., B...>{}, rest...);
}

template <class Enum, std::size_t... I>
constexpr auto named_values(std::index_sequence<I...>) {
  return join(
      enumerators<Enum>{},
      std::conditional_t<has_name<static_cast<Enum>(I)>, enumerators<Enum, static_cast<Enum>(I)>, enumerators<Enum>>{}...);
}

/// The enumerators of an enum class, from 0 to the limit.
template <class Enum>
using enumerators_of = decltype(named_values<Enum>(std::make_index_sequence<enumerator_limit>{}));

template <class Enum, Enum... Values>
std::string name_in(Enum value, enumerators<Enum, Values...>) {
  std::string_view name;
  const auto look = [&name, value](Enum named, std::string_view its_name) {
    if (value == named) name = its_name;
  };
  (look(Values, enumerator_name<Values>()), ...);
  return name.empty() ? std::to_string(static_cast<std::underlying_type_t<Enum>>(value)) : std::string{name};
}
/// Its name, or its number.
template <class Enum>
std::string name_of(Enum value) {
  return name_in(value, enumerators_of<Enum>{});
}

}  // namespace joist::inline v0::detail
