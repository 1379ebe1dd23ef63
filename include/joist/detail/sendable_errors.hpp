// joist/detail/sendable_errors.hpp: what the compiler says when something cannot be sent: which member, of what type, why.
// Included by sendable.hpp; nothing here is instantiated for what can be sent.
//
// The error stands beside `cannot_send<refusal, type, member<"name", of struct>>` in the compiler's output.
#pragma once

#include <joist/detail/member_names.hpp>

#include <cstddef>
#include <type_traits>
#include <utility>

namespace joist::inline v0::detail {

/// Where the refused type was found.
template <auto NameOrIndex, class Of>
struct member;
struct the_message_itself;

template <refusal Why, class Type, class Where>
struct cannot_send {
  static_assert(Why != refusal::raw_pointer,
                "joist: cannot send a raw pointer: the receiver would share what it points to. Send the value, a "
                "std::string or a std::unique_ptr. The member is named beside cannot_send<...>");
  static_assert(Why != refusal::reference,
                "joist: cannot send a reference: the receiver would share the object. Send the value. The member is named "
                "beside cannot_send<...>");
  static_assert(Why != refusal::view,
                "joist: cannot send a view (string_view, span, ...): it looks at the sender's memory. Send a std::string or "
                "a container. The member is named beside cannot_send<...>");
  static_assert(Why != refusal::reference_wrapper,
                "joist: cannot send a reference_wrapper: the receiver would share the object. Send the value. The member is "
                "named beside cannot_send<...>");
  static_assert(Why != refusal::shared_mutable,
                "joist: cannot send a shared_ptr or weak_ptr to what can change: two processes would share it. Send a "
                "shared_ptr<const T>, or a unique_ptr<T>. The member is named beside cannot_send<...>");
  static_assert(Why != refusal::not_movable,
                "joist: cannot send what cannot be moved: a message is moved into the mailbox. Send the value inside, or a "
                "std::unique_ptr to it. The member is named beside cannot_send<...>");
  static_assert(Why != refusal::by_enable_sendable,
                "joist: cannot send this type: joist::enable_sendable refuses it. The member is named beside "
                "cannot_send<...>");
};

template <class T, class Where, class... Outer>
struct explain;

template <class T, std::size_t I, class Member, class... Outer>
constexpr auto explain_member() {
  if constexpr (!all_sendable<Member, T, Outer...>()) {
    (void)explain<Member, member<name_or_index<T, I>(), T>, T, Outer...>::verdict;
  }
  return 0;  // of deduced type: instantiated on the spot, so that the explanation is the first error
}

/// Its verdict is false, and the explanation comes with it: of a class, so that the compiler looks on the spot.
template <class T, class Where, class... Outer>
struct explain {
  template <class... Member, std::size_t... I>
  static auto members(parts<Member...>, std::index_sequence<I...>) {
    (explain_member<T, I, std::remove_cv_t<Member>, Outer...>(), ...);
    return std::false_type{};
  }
  template <class Part>
  static constexpr auto part() {
    if constexpr (!all_sendable<Part, T, Outer...>()) (void)explain<Part, Where, T, Outer...>::verdict;
    return 0;  // of deduced type: instantiated on the spot, so that the explanation is the first error
  }
  template <class... Part>
  static auto all(parts<Part...>) {
    (part<std::remove_cv_t<Part>>(), ...);
    return std::false_type{};
  }
  static auto look() {
    if constexpr (refusal_of<T>() != refusal::none) {
      (void)sizeof(cannot_send<refusal_of<T>(), T, Where>);
      return std::false_type{};
    } else if constexpr (open_aggregate<T>) {
      return members(member_types<T>{}, std::make_index_sequence<member_count<T>()>{});
    } else {
      return all(parts_of<T>());
    }
  }
  static constexpr bool verdict = decltype(look())::value;
};

template <class T, class Where>
struct explain_move;

template <class T, std::size_t I, class Member>
constexpr auto explain_member_move() {
  if constexpr (!std::is_move_constructible_v<std::remove_all_extents_t<Member>>) {
    (void)explain_move<Member, member<name_or_index<T, I>(), T>>::verdict;
  }
  return 0;  // of deduced type: instantiated on the spot, so that the explanation is the first error
}

/// The same for values that share nothing, but cannot be moved.
template <class T, class Where>
struct explain_move {
  template <class... Member, std::size_t... I>
  static auto members(parts<Member...>, std::index_sequence<I...>) {
    (explain_member_move<T, I, Member>(), ...);
    return std::false_type{};
  }
  static auto look() {
    if constexpr (open_aggregate<T>) {
      return members(member_types<T>{}, std::make_index_sequence<member_count<T>()>{});
    } else {
      (void)sizeof(cannot_send<refusal::not_movable, T, Where>);
      return std::false_type{};
    }
  }
  static constexpr bool verdict = decltype(look())::value;
};

/// Fails to compile, with the reason, unless T is sendable.
template <class T>
constexpr void require_sendable() {
  if constexpr (!sendable<T>) {
    if constexpr (!std::is_object_v<T> || std::is_const_v<T>) {
      static_assert(sendable<T>, "joist: a message is an object, and not const: send a copy");
    } else if constexpr (std::is_array_v<T>) {
      static_assert(sendable<T>, "joist: cannot send a C array: send a std::string, a std::array or a std::vector");
    } else if constexpr (!all_sendable<T>()) {
      static_assert(explain<T, the_message_itself>::verdict, "joist: this value cannot be sent to a process");
    } else {
      static_assert(explain_move<T, the_message_itself>::verdict, "joist: this value cannot be sent to a process");
    }
  }
}

}  // namespace joist::inline v0::detail
