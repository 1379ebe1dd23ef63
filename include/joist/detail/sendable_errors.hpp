// joist/detail/sendable_errors.hpp: what the compiler says when something cannot be sent: which member, of what type, why.
// Included by sendable.hpp.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string_view>
#include <type_traits>
#include <utility>

namespace joist::inline v0::detail {

/// A text as a template argument, which compilers print.
template <std::size_t N>
struct text {
  char characters[N + 1]{};
  consteval explicit text(std::string_view from) { std::copy_n(from.begin(), N, characters); }
};

/// An object that is never made: only the addresses of its members are named.
template <class T>
struct never_made {
  T value;
};
template <class T>
extern const never_made<T> never;

template <auto Member>
consteval std::string_view printed() {
  return __PRETTY_FUNCTION__;
}

template <class M>
struct member_address {
  const M* pointer;
};

/// The name of member I: the last word in how the compiler prints the address of that member. GCC prints
/// "...never<T>.value.name}...", Clang "...&never.value.name}...". Empty when it prints something else.
template <class T, std::size_t I>
consteval std::string_view member_name() {
  constexpr auto address = [] {
    const auto& member = boost::pfr::get<I>(never<T>.value);
    return member_address<std::remove_cvref_t<decltype(member)>>{&member};
  };
  if constexpr (requires { typename std::integral_constant<std::size_t, (printed<address()>().size())>; }) {
    std::string_view all = printed<address()>();
    const std::size_t dot = all.rfind('.');
    if (dot == std::string_view::npos) return {};
    all.remove_prefix(dot + 1);
    return all.substr(0, all.find_first_of(")}];,"));
  } else {
    return {};
  }
}

template <class T, std::size_t I>
consteval auto name_or_index() {
  constexpr std::string_view name = member_name<T, I>();
  if constexpr (!name.empty()) {
    return text<name.size()>{name};
  } else {
    return I;
  }
}

/// The message: `the_member<"buffer", of<session>, has_type<char*>, refusal::is_a_raw_pointer...>`.
template <class T>
struct of;
template <class T>
struct has_type;
template <auto Name, class Of, class Type, refusal Why>
struct the_member {
  static_assert(Why == refusal::none,
                "joist: this member cannot be sent; or vouch for its type: specialise joist::enable_sendable");
};
template <class Type, refusal Why>
struct the_type {
  static_assert(Why == refusal::none, "joist: this type cannot be sent; or vouch for it: specialise joist::enable_sendable");
};

template <class T, class... Outer>
constexpr void explain();

template <class T, std::size_t I, class... Outer>
constexpr void explain_member() {
  using member = boost::pfr::tuple_element_t<I, T>;
  if constexpr (!all_sendable<member, T, Outer...>()) {
    if constexpr (refusal_of<member>() != refusal::none) {
      (void)sizeof(the_member<name_or_index<T, I>(), of<T>, has_type<member>, refusal_of<member>()>);
    } else {
      explain<member, T, Outer...>();
    }
  }
}

template <class T, class... Outer, std::size_t... I>
constexpr void explain_members(std::index_sequence<I...>) {
  (explain_member<T, I, Outer...>(), ...);
}

template <class... T, class... Outer>
constexpr void explain_parts(parts<T...>, parts<Outer...>) {
  (explain<std::remove_cv_t<T>, Outer...>(), ...);
}

template <class T, class... Outer>
constexpr void explain() {
  if constexpr (all_sendable<T, Outer...>()) {
    return;
  } else if constexpr (refusal_of<T>() != refusal::none) {
    (void)sizeof(the_type<T, refusal_of<T>()>);
  } else if constexpr (open_aggregate<T>) {
    explain_members<T, Outer...>(std::make_index_sequence<boost::pfr::tuple_size_v<T>>{});
  } else {
    explain_parts(typename parts_of_other<T>::type{}, parts<T, Outer...>{});
  }
}

/// Fails to compile, with the reason, unless T is sendable.
template <class T>
constexpr void require_sendable() {
  if constexpr (!sendable<T>) {
    explain<T>();
    static_assert(sendable<T>, "joist: this value cannot be sent to a process: see the member named above");
  }
}

}  // namespace joist::inline v0::detail
