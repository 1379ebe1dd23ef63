// joist/sendable.hpp: which values may be sent: those that share nothing another process could change.
//
// Promises
//   refused, with an error that names the member: pointers, references, views, shared_ptr to what can change, and
//     what cannot be moved
//   looked into: aggregates, member by member, with C arrays, bit-fields and references; the elements of containers,
//     optional, variant, pair, tuple; what a unique_ptr owns, when its type is complete
//   taken at their word: other classes (they encapsulate); unions; aggregates with a base class, with more than 32
//     members or more than 64 initializers (array elements count), or that cannot be counted
//   enable_sendable says otherwise, either way. An aggregate with an anonymous union needs it
//
// See also: message.hpp.
#pragma once

#include <joist/detail/members.hpp>

#include <concepts>
#include <cstddef>
#include <initializer_list>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace joist::inline v0 {

/// To vouch for a type, or to refuse one, specialise it before the type is first sent:
///   template <> struct joist::enable_sendable<my_view> : std::false_type {};
template <class T>
struct enable_sendable;

namespace detail {

enum class refusal {
  none,
  raw_pointer,
  reference,
  view,
  reference_wrapper,
  shared_mutable,
  not_movable,
  by_enable_sendable
};

template <class T>
concept decided = requires {
  enable_sendable<T>::value;
};

/// Known to be fine: nothing of them is looked at.
template <class T>
constexpr bool is_plain = std::is_arithmetic_v<T> || std::is_enum_v<T> || std::is_void_v<T>;
template <class C>
constexpr bool is_plain<std::basic_string<C>> = true;
template <class T>
constexpr bool is_plain<std::default_delete<T>> = true;

template <class T>
concept complete = requires {
  sizeof(T);
};

template <class T>
constexpr bool is_view = std::ranges::enable_view<T> || std::ranges::enable_borrowed_range<T>;
template <class T>
requires requires(T t) { t.has_value(); }  // C++26 calls optional a view; it owns its element
constexpr bool is_view<T> = false;
template <class T>
constexpr bool is_view<std::initializer_list<T>> = true;

/// By shape, as <functional> is heavy: from a const wrapper one gets what can be changed.
template <class T>
constexpr bool is_reference_wrapper = false;
template <template <class> class Wrapper, class T>
requires requires(const Wrapper<T> w) {
  { w.get() } -> std::same_as<T&>;
  w.operator T&();
}
constexpr bool is_reference_wrapper<Wrapper<T>> = true;

template <class T>
constexpr bool is_shared_mutable = false;
template <class T>
constexpr bool is_shared_mutable<std::shared_ptr<T>> = !std::is_const_v<std::remove_extent_t<T>>;
template <class T>
constexpr bool is_shared_mutable<std::weak_ptr<T>> = !std::is_const_v<std::remove_extent_t<T>>;

/// What T itself is, without looking into it.
template <class T>
constexpr refusal refusal_of() {
  if constexpr (is_plain<T>) {
    return refusal::none;
  } else if constexpr (decided<T>) {
    return enable_sendable<T>::value ? refusal::none : refusal::by_enable_sendable;
  } else if constexpr (std::is_reference_v<T>) {
    return refusal::reference;
  } else if constexpr (std::is_pointer_v<T>) {
    return std::is_function_v<std::remove_pointer_t<T>> ? refusal::none : refusal::raw_pointer;
  } else if constexpr (!std::is_class_v<T> || !complete<T>) {
    return refusal::none;
  } else if constexpr (is_view<T>) {
    return refusal::view;
  } else if constexpr (is_reference_wrapper<T>) {
    return refusal::reference_wrapper;
  } else if constexpr (is_shared_mutable<T>) {
    return refusal::shared_mutable;
  } else {
    return refusal::none;
  }
}

/// The types inside T that are looked into; `parts<>` when there are none. Known by shape, so that the headers of the
/// containers are not needed here.
template <class T>
struct parts_inside : std::type_identity<parts<>> {};
template <class T, std::size_t N>
struct parts_inside<T[N]> : std::type_identity<parts<T>> {};
template <class T>
struct parts_inside<T[]> : std::type_identity<parts<T>> {};
template <class T, class Deleter>
struct parts_inside<std::unique_ptr<T, Deleter>> : std::type_identity<parts<T, Deleter>> {};
template <template <class...> class Variant, class... T>
requires requires(Variant<T...> v) {
  v.valueless_by_exception();
  v.index();
}
struct parts_inside<Variant<T...>> : std::type_identity<parts<T...>> {};

template <class T>
concept tuple_like = complete<std::tuple_size<T>>;
template <class T>
concept container = requires(T t) {
  typename T::value_type;
  t.begin();
  t.end();
};
template <class T>
concept container_adaptor = requires {
  typename T::container_type;
}
&&!container<T>;
template <class T>
concept optional_like = requires(T t) {
  typename T::value_type;
  t.has_value();
};

template <class T, class Indices = std::make_index_sequence<std::tuple_size<T>::value>>
struct tuple_parts;
template <class T, std::size_t... I>
struct tuple_parts<T, std::index_sequence<I...>> : std::type_identity<parts<std::tuple_element_t<I, T>...>> {};

template <class T>
constexpr auto parts_of() {
  if constexpr (!std::is_class_v<T>) {
    return typename parts_inside<T>::type{};
  } else if constexpr (!complete<T>) {
    return parts<>{};
  } else if constexpr (open_aggregate<T>) {
    return member_types<T>{};
  } else if constexpr (container<T>) {  // before the tuples: an array of thousands is one part
    return parts<typename T::value_type>{};
  } else if constexpr (tuple_like<T>) {
    return typename tuple_parts<T>::type{};
  } else if constexpr (container_adaptor<T>) {
    return parts<typename T::container_type>{};
  } else if constexpr (optional_like<T>) {
    if constexpr (requires { typename T::error_type; }) {
      return parts<typename T::value_type, typename T::error_type>{};
    } else {
      return parts<typename T::value_type>{};
    }
  } else {
    return typename parts_inside<T>::type{};
  }
}

template <class T, class... Outer>
constexpr bool all_sendable();

template <class... T, class... Outer>
constexpr bool all_parts(parts<T...>, parts<Outer...>) {
  return (all_sendable<std::remove_cv_t<T>, Outer...>() && ...);
}

/// T and what is in it. `Outer` are the types we are inside of: a tree of itself is looked into once.
template <class T, class... Outer>
constexpr bool all_sendable() {
  if constexpr (is_plain<T> || (std::is_same_v<T, Outer> || ...)) {
    return true;
  } else if constexpr (refusal_of<T>() != refusal::none) {
    return false;
  } else if constexpr (decided<T> || std::is_scalar_v<T>) {
    return true;
  } else {
    return all_parts(parts_of<T>(), parts<T, Outer...>{});
  }
}

}  // namespace detail

/// True for what send() takes.
template <class T>
concept sendable = std::is_object_v<T> && !std::is_const_v<T> &&
                   (detail::is_plain<T> || (detail::all_sendable<T>() && std::is_move_constructible_v<T>));

}  // namespace joist::inline v0

#include <joist/detail/sendable_errors.hpp>
