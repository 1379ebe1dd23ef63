// joist/sendable.hpp: which values may be sent: those that share nothing another process could change.
//
// Promises
//   refused, with an error that names the member: pointers, references, views, shared_ptr to what can change
//   looked into: aggregates, member by member; the elements of containers, optional, variant, pair, tuple, unique_ptr
//   other classes are taken at their word: they encapsulate. enable_sendable says otherwise, either way
//
// See also: message.hpp.
#pragma once

#include <boost/pfr/core.hpp>

#include <array>
#include <concepts>
#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

namespace joist::inline v0 {

/// To vouch for a type, or to refuse one, specialise it:
///   template <> struct joist::enable_sendable<my_view> : std::false_type {};
template <class T>
struct enable_sendable;

namespace detail {

/// Why a type is refused; its name is what the compiler prints.
enum class refusal {
  none,
  is_a_raw_pointer__send_a_value_or_a_unique_ptr,
  is_a_reference__send_a_value,
  is_a_view_of_memory_of_the_sender__send_std_string_or_a_container,
  is_a_reference_wrapper__send_a_value,
  shares_what_can_change__send_a_unique_ptr_or_a_shared_ptr_to_const,
  cannot_be_moved,
  is_refused_by_enable_sendable,
};

template <class T>
concept decided = requires {
  enable_sendable<T>::value;
};

template <class T>
constexpr bool is_view = false;
template <class C, class Traits>
constexpr bool is_view<std::basic_string_view<C, Traits>> = true;
template <class T, std::size_t N>
constexpr bool is_view<std::span<T, N>> = true;

template <class T>
constexpr bool is_reference_wrapper = false;
template <class T>
constexpr bool is_reference_wrapper<std::reference_wrapper<T>> = true;

template <class T>
constexpr bool is_shared = false;
template <class T>
constexpr bool is_shared<std::shared_ptr<T>> = !std::is_const_v<std::remove_extent_t<T>>;
template <class T>
constexpr bool is_shared<std::weak_ptr<T>> = !std::is_const_v<std::remove_extent_t<T>>;

template <class T>
constexpr bool is_smart = false;
template <class T>
constexpr bool is_smart<std::shared_ptr<T>> = true;
template <class T>
constexpr bool is_smart<std::weak_ptr<T>> = true;

/// What T itself is, without looking into it.
template <class T>
constexpr refusal refusal_of() {
  if constexpr (decided<T>) {
    return enable_sendable<T>::value ? refusal::none : refusal::is_refused_by_enable_sendable;
  } else if constexpr (std::is_reference_v<T>) {
    return refusal::is_a_reference__send_a_value;
  } else if constexpr (std::is_pointer_v<T>) {
    return std::is_function_v<std::remove_pointer_t<T>> ? refusal::none
                                                        : refusal::is_a_raw_pointer__send_a_value_or_a_unique_ptr;
  } else if constexpr (is_view<T>) {
    return refusal::is_a_view_of_memory_of_the_sender__send_std_string_or_a_container;
  } else if constexpr (is_reference_wrapper<T>) {
    return refusal::is_a_reference_wrapper__send_a_value;
  } else if constexpr (is_shared<T>) {
    return refusal::shares_what_can_change__send_a_unique_ptr_or_a_shared_ptr_to_const;
  } else if constexpr (!std::is_array_v<T> && !std::is_move_constructible_v<T>) {
    return refusal::cannot_be_moved;
  } else {
    return refusal::none;
  }
}

template <class... T>
struct parts {};

/// The types inside T that are looked into; `parts<>` when there are none.
template <class T>
struct parts_of_other : std::type_identity<parts<>> {};
template <template <class...> class Container, class... Arguments>
requires requires(Container<Arguments...> c) {
  typename Container<Arguments...>::value_type;
  c.begin();
}
struct parts_of_other<Container<Arguments...>> : std::type_identity<parts<typename Container<Arguments...>::value_type>> {};
template <class A, class B>
struct parts_of_other<std::pair<A, B>> : std::type_identity<parts<A, B>> {};
template <class... T>
struct parts_of_other<std::tuple<T...>> : std::type_identity<parts<T...>> {};
template <class T, class D>
struct parts_of_other<std::unique_ptr<T, D>> : std::type_identity<parts<std::remove_extent_t<T>>> {};
template <class T, std::size_t N>
struct parts_of_other<T[N]> : std::type_identity<parts<T>> {};
// optional<T>, variant<T...>: known by shape, so that their headers are not needed here.
template <template <class> class Optional, class T>
requires requires(Optional<T> o) {
  o.has_value();
  o.value_or(std::declval<T>());
}
struct parts_of_other<Optional<T>> : std::type_identity<parts<T>> {};
template <template <class...> class Variant, class... T>
requires requires(Variant<T...> v) {
  v.valueless_by_exception();
  v.index();
}
struct parts_of_other<Variant<T...>> : std::type_identity<parts<T...>> {};

template <class T, std::size_t N>
struct parts_of_other<std::array<T, N>> : std::type_identity<parts<T>> {};

/// Converts to a base class of T, and to nothing else: tells whether T has one.
template <class T>
struct any_base_of {
  template <class Base>
  requires(std::is_base_of_v<Base, T> && !std::is_same_v<Base, T>) operator Base() const noexcept;
};
struct any_value {
  template <class T>
  operator T() const noexcept;
};

template <std::size_t>
using any_value_at = any_value;

// A C array takes as many initializers as it has elements, or one pair of braces: with braces in its place, as many values
// behind it as before are too many.
template <class T, std::size_t... Before, std::size_t... After>
constexpr bool one_initializer_at(std::index_sequence<Before...>, std::index_sequence<After...>) {
  return requires { T{any_value_at<Before>{}..., {}, any_value_at<After>{}...}; };
}
template <class T, std::size_t... I>
constexpr bool without_arrays(std::index_sequence<I...>) {
  return (one_initializer_at<T>(std::make_index_sequence<I>{}, std::make_index_sequence<sizeof...(I) - I - 1>{}) && ...);
}

/// An aggregate whose members PFR can tell: without base classes and C arrays. Others are taken at their word.
template <class T>
constexpr bool is_open_aggregate() {
  if constexpr (std::is_class_v<T> && std::is_aggregate_v<T> && !std::is_empty_v<T> && !std::is_polymorphic_v<T>) {
    if constexpr (
        requires { std::tuple_size<T>::value; } || requires { T{any_base_of<T>{}}; }) {
      return false;
    } else {
      return without_arrays<T>(std::make_index_sequence<boost::pfr::tuple_size_v<T>>{});
    }
  } else {
    return false;
  }
}
template <class T>
concept open_aggregate = is_open_aggregate<T>();

template <class T, class... Outer>
constexpr bool all_sendable();

template <class T, class... Outer>
struct members {
  template <std::size_t... I>
  static constexpr bool all(std::index_sequence<I...>) {
    return (all_sendable<boost::pfr::tuple_element_t<I, T>, T, Outer...>() && ...);
  }
};

template <class... T, class... Outer>
constexpr bool all_parts(parts<T...>, parts<Outer...>) {
  return (all_sendable<std::remove_cv_t<T>, Outer...>() && ...);
}

template <class T>
constexpr bool is_plain = std::is_arithmetic_v<T> || std::is_enum_v<T> || std::is_void_v<T>;

/// T and what is in it. `Outer` are the types we are inside of: a tree of itself is looked into once.
template <class T, class... Outer>
constexpr bool all_sendable() {
  if constexpr (is_plain<T> || (std::is_same_v<T, Outer> || ...)) {
    return true;
  } else if constexpr (refusal_of<T>() != refusal::none) {
    return false;
  } else if constexpr (decided<T> || is_smart<T>) {
    return true;
  } else if constexpr (open_aggregate<T>) {
    return members<T, Outer...>::all(std::make_index_sequence<boost::pfr::tuple_size_v<T>>{});
  } else {
    return all_parts(typename parts_of_other<T>::type{}, parts<T, Outer...>{});
  }
}

}  // namespace detail

/// True for what send() takes.
template <class T>
concept sendable = std::is_object_v<T> && !std::is_const_v<T> && detail::all_sendable<T>();

}  // namespace joist::inline v0

#include <joist/detail/sendable_errors.hpp>
