// joist/detail/members.hpp: the types of an aggregate's members, in order. Included by sendable.hpp.
//
// How: T{any, any, ...} takes as many initializers as T has members, where a C array counts once per element; braces
// tell an array from a member; structured bindings give the types. Unlike references to the members, decltype of a
// binding also sees bit-fields, reference members and members that cannot be moved.
//
// Refused: boost::pfr, which binds references: a bit-field does not compile, a reference member looks like a value.
#pragma once

#include <cstddef>
#include <type_traits>
#include <utility>

namespace joist::inline v0::detail {

template <class... T>
struct parts {};

/// More initializers than this are not counted: the aggregate is taken at its word.
inline constexpr std::size_t most_initializers = 64;
inline constexpr std::size_t most_members = 32;

/// Converts to a base class of T, and to nothing else: tells whether T has one.
template <class T>
struct any_base_of {
  any_base_of() = default;
  any_base_of(const any_base_of&) = delete;  // so that std::any as first member does not take it
  any_base_of& operator=(const any_base_of&) = delete;
  template <class Base>
  requires(std::is_base_of_v<Base, T> && !std::is_same_v<Base, T>) operator Base() const noexcept;
};

#ifdef __clang__
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wundefined-internal"  // never called: the conversions are asked for, not made
#endif

/// Initializes any member of T, reference members too.
template <class T>
struct any_value {
  template <class M>
  requires(!std::is_same_v<std::remove_cv_t<M>, T>) operator M&() const& noexcept;
  template <class M>
  requires(!std::is_same_v<std::remove_cv_t<M>, T>) operator M&&() const&& noexcept;
};
/// For types that a reference leaves ambiguous.
template <class T>
struct any_prvalue {
  template <class M>
  requires(!std::is_same_v<M, T>) operator M() const noexcept;
};

#ifdef __clang__
#pragma clang diagnostic pop
#endif

template <class Any, std::size_t>
using nth_any = Any;

template <class T, class Any, std::size_t... I>
constexpr bool takes(std::index_sequence<I...>) {
  return requires { T{nth_any<Any, I>{}...}; };
}
/// T{before..., {inside...}, after...}
template <class T, class Any, std::size_t... B, std::size_t... I, std::size_t... A>
constexpr bool takes_braces(std::index_sequence<B...>, std::index_sequence<I...>, std::index_sequence<A...>) {
  return requires { T{nth_any<Any, B>{}..., {nth_any<Any, I>{}...}, nth_any<Any, A>{}...}; };
}
template <class T, class Any, std::size_t Before, std::size_t Inside, std::size_t After>
constexpr bool braces_at = takes_braces<T, Any>(std::make_index_sequence<Before>{}, std::make_index_sequence<Inside>{},
                                                std::make_index_sequence<After>{});

/// The most initializers T takes; 0 when that cannot be told: too many, or a member beyond the last that takes only braces.
template <class T, class Any, std::size_t N = 1, bool Seen = false>
constexpr std::size_t count_initializers() {
  if constexpr (N > most_initializers) {
    return 0;
  } else if constexpr (takes<T, Any>(std::make_index_sequence<N>{})) {
    return count_initializers<T, Any, N + 1, true>();
  } else if constexpr (Seen) {
    return braces_at<T, Any, N - 1, 0, 0> ? 0 : N - 1;
  } else {
    return count_initializers<T, Any, N + 1, false>();
  }
}

/// Whether braces with up to three values take one initializer's place, as they do for all but arrays. Fewer values
/// first, and the next only if needed: {value} would instantiate a container's constructor from a list.
template <class T, class Any, std::size_t N, std::size_t At, std::size_t Inside = 0>
constexpr bool is_single() {
  if constexpr (braces_at<T, Any, At, Inside, N - At - 1>) {
    return true;
  } else if constexpr (Inside < 3) {
    return is_single<T, Any, N, At, Inside + 1>();
  } else {
    return false;
  }
}
template <class T, class Any, std::size_t N, std::size_t At, std::size_t K = 2>
constexpr std::size_t array_width() {
  if constexpr (At + K > N) {
    return 1;
  } else if constexpr (braces_at<T, Any, At, 0, N - At - K>) {
    return K;
  } else if constexpr (braces_at<T, Any, At, K, N - At - K>) {
    return K;
  } else {
    return array_width<T, Any, N, At, K + 1>();
  }
}
/// How many of the N initializers the member at initializer `At` takes: 1, or the elements of an array.
template <class T, class Any, std::size_t N, std::size_t At>
constexpr std::size_t width_at() {
  if constexpr (is_single<T, Any, N, At>()) {
    return 1;
  } else {
    return array_width<T, Any, N, At>();
  }
}

template <class T, class Any, std::size_t N, std::size_t At = 0>
constexpr std::size_t count_members() {
  if constexpr (At >= N) {
    return 0;
  } else {
    return 1 + count_members<T, Any, N, At + width_at<T, Any, N, At>()>();
  }
}

/// The number of members; 0 when T is no aggregate, or one that is taken at its word.
template <class T>
constexpr std::size_t member_count() {
  if constexpr (!std::is_class_v<T> || !std::is_aggregate_v<T> || std::is_empty_v<T>) {
    return 0;
  } else if constexpr (
      requires { std::tuple_size<T>::value; } || requires { T{any_base_of<T>{}}; }) {
    return 0;
  } else {
    constexpr std::size_t by_reference = count_initializers<T, any_value<T>>();
    constexpr std::size_t by_value = by_reference == 0 ? count_initializers<T, any_prvalue<T>>() : 0;
    constexpr std::size_t members =
        by_reference != 0 ? count_members<T, any_value<T>, by_reference>() : count_members<T, any_prvalue<T>, by_value>();
    return members <= most_members ? members : 0;
  }
}

// clang-format off
/// The declared types of the N members.
template <std::size_t N, class T>
auto member_types_of([[maybe_unused]] T& v) {
  if constexpr (N == 1) { [[maybe_unused]] auto& [m0] = v; return parts<decltype(m0)>{}; }
  if constexpr (N == 2) { [[maybe_unused]] auto& [m0, m1] = v; return parts<decltype(m0), decltype(m1)>{}; }
  if constexpr (N == 3) { [[maybe_unused]] auto& [m0, m1, m2] = v; return parts<decltype(m0), decltype(m1), decltype(m2)>{}; }
  if constexpr (N == 4) { [[maybe_unused]] auto& [m0, m1, m2, m3] = v; return parts<decltype(m0), decltype(m1), decltype(m2), decltype(m3)>{}; }
  if constexpr (N == 5) { [[maybe_unused]] auto& [m0, m1, m2, m3, m4] = v; return parts<decltype(m0), decltype(m1), decltype(m2), decltype(m3), decltype(m4)>{}; }
  if constexpr (N == 6) { [[maybe_unused]] auto& [m0, m1, m2, m3, m4, m5] = v; return parts<decltype(m0), decltype(m1), decltype(m2), decltype(m3), decltype(m4), decltype(m5)>{}; }
  if constexpr (N == 7) { [[maybe_unused]] auto& [m0, m1, m2, m3, m4, m5, m6] = v; return parts<decltype(m0), decltype(m1), decltype(m2), decltype(m3), decltype(m4), decltype(m5), decltype(m6)>{}; }
  if constexpr (N == 8) { [[maybe_unused]] auto& [m0, m1, m2, m3, m4, m5, m6, m7] = v; return parts<decltype(m0), decltype(m1), decltype(m2), decltype(m3), decltype(m4), decltype(m5), decltype(m6), decltype(m7)>{}; }
  if constexpr (N == 9) { [[maybe_unused]] auto& [m0, m1, m2, m3, m4, m5, m6, m7, m8] = v; return parts<decltype(m0), decltype(m1), decltype(m2), decltype(m3), decltype(m4), decltype(m5), decltype(m6), decltype(m7), decltype(m8)>{}; }
  if constexpr (N == 10) { [[maybe_unused]] auto& [m0, m1, m2, m3, m4, m5, m6, m7, m8, m9] = v; return parts<decltype(m0), decltype(m1), decltype(m2), decltype(m3), decltype(m4), decltype(m5), decltype(m6), decltype(m7), decltype(m8), decltype(m9)>{}; }
  if constexpr (N == 11) { [[maybe_unused]] auto& [m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10] = v; return parts<decltype(m0), decltype(m1), decltype(m2), decltype(m3), decltype(m4), decltype(m5), decltype(m6), decltype(m7), decltype(m8), decltype(m9), decltype(m10)>{}; }
  if constexpr (N == 12) { [[maybe_unused]] auto& [m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11] = v; return parts<decltype(m0), decltype(m1), decltype(m2), decltype(m3), decltype(m4), decltype(m5), decltype(m6), decltype(m7), decltype(m8), decltype(m9), decltype(m10), decltype(m11)>{}; }
  if constexpr (N == 13) { [[maybe_unused]] auto& [m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12] = v; return parts<decltype(m0), decltype(m1), decltype(m2), decltype(m3), decltype(m4), decltype(m5), decltype(m6), decltype(m7), decltype(m8), decltype(m9), decltype(m10), decltype(m11), decltype(m12)>{}; }
  if constexpr (N == 14) { [[maybe_unused]] auto& [m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13] = v; return parts<decltype(m0), decltype(m1), decltype(m2), decltype(m3), decltype(m4), decltype(m5), decltype(m6), decltype(m7), decltype(m8), decltype(m9), decltype(m10), decltype(m11), decltype(m12), decltype(m13)>{}; }
  if constexpr (N == 15) { [[maybe_unused]] auto& [m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14] = v; return parts<decltype(m0), decltype(m1), decltype(m2), decltype(m3), decltype(m4), decltype(m5), decltype(m6), decltype(m7), decltype(m8), decltype(m9), decltype(m10), decltype(m11), decltype(m12), decltype(m13), decltype(m14)>{}; }
  if constexpr (N == 16) { [[maybe_unused]] auto& [m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15] = v; return parts<decltype(m0), decltype(m1), decltype(m2), decltype(m3), decltype(m4), decltype(m5), decltype(m6), decltype(m7), decltype(m8), decltype(m9), decltype(m10), decltype(m11), decltype(m12), decltype(m13), decltype(m14), decltype(m15)>{}; }
  if constexpr (N == 17) { [[maybe_unused]] auto& [m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16] = v; return parts<decltype(m0), decltype(m1), decltype(m2), decltype(m3), decltype(m4), decltype(m5), decltype(m6), decltype(m7), decltype(m8), decltype(m9), decltype(m10), decltype(m11), decltype(m12), decltype(m13), decltype(m14), decltype(m15), decltype(m16)>{}; }
  if constexpr (N == 18) { [[maybe_unused]] auto& [m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17] = v; return parts<decltype(m0), decltype(m1), decltype(m2), decltype(m3), decltype(m4), decltype(m5), decltype(m6), decltype(m7), decltype(m8), decltype(m9), decltype(m10), decltype(m11), decltype(m12), decltype(m13), decltype(m14), decltype(m15), decltype(m16), decltype(m17)>{}; }
  if constexpr (N == 19) { [[maybe_unused]] auto& [m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18] = v; return parts<decltype(m0), decltype(m1), decltype(m2), decltype(m3), decltype(m4), decltype(m5), decltype(m6), decltype(m7), decltype(m8), decltype(m9), decltype(m10), decltype(m11), decltype(m12), decltype(m13), decltype(m14), decltype(m15), decltype(m16), decltype(m17), decltype(m18)>{}; }
  if constexpr (N == 20) { [[maybe_unused]] auto& [m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19] = v; return parts<decltype(m0), decltype(m1), decltype(m2), decltype(m3), decltype(m4), decltype(m5), decltype(m6), decltype(m7), decltype(m8), decltype(m9), decltype(m10), decltype(m11), decltype(m12), decltype(m13), decltype(m14), decltype(m15), decltype(m16), decltype(m17), decltype(m18), decltype(m19)>{}; }
  if constexpr (N == 21) { [[maybe_unused]] auto& [m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19, m20] = v; return parts<decltype(m0), decltype(m1), decltype(m2), decltype(m3), decltype(m4), decltype(m5), decltype(m6), decltype(m7), decltype(m8), decltype(m9), decltype(m10), decltype(m11), decltype(m12), decltype(m13), decltype(m14), decltype(m15), decltype(m16), decltype(m17), decltype(m18), decltype(m19), decltype(m20)>{}; }
  if constexpr (N == 22) { [[maybe_unused]] auto& [m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19, m20, m21] = v; return parts<decltype(m0), decltype(m1), decltype(m2), decltype(m3), decltype(m4), decltype(m5), decltype(m6), decltype(m7), decltype(m8), decltype(m9), decltype(m10), decltype(m11), decltype(m12), decltype(m13), decltype(m14), decltype(m15), decltype(m16), decltype(m17), decltype(m18), decltype(m19), decltype(m20), decltype(m21)>{}; }
  if constexpr (N == 23) { [[maybe_unused]] auto& [m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19, m20, m21, m22] = v; return parts<decltype(m0), decltype(m1), decltype(m2), decltype(m3), decltype(m4), decltype(m5), decltype(m6), decltype(m7), decltype(m8), decltype(m9), decltype(m10), decltype(m11), decltype(m12), decltype(m13), decltype(m14), decltype(m15), decltype(m16), decltype(m17), decltype(m18), decltype(m19), decltype(m20), decltype(m21), decltype(m22)>{}; }
  if constexpr (N == 24) { [[maybe_unused]] auto& [m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19, m20, m21, m22, m23] = v; return parts<decltype(m0), decltype(m1), decltype(m2), decltype(m3), decltype(m4), decltype(m5), decltype(m6), decltype(m7), decltype(m8), decltype(m9), decltype(m10), decltype(m11), decltype(m12), decltype(m13), decltype(m14), decltype(m15), decltype(m16), decltype(m17), decltype(m18), decltype(m19), decltype(m20), decltype(m21), decltype(m22), decltype(m23)>{}; }
  if constexpr (N == 25) { [[maybe_unused]] auto& [m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19, m20, m21, m22, m23, m24] = v; return parts<decltype(m0), decltype(m1), decltype(m2), decltype(m3), decltype(m4), decltype(m5), decltype(m6), decltype(m7), decltype(m8), decltype(m9), decltype(m10), decltype(m11), decltype(m12), decltype(m13), decltype(m14), decltype(m15), decltype(m16), decltype(m17), decltype(m18), decltype(m19), decltype(m20), decltype(m21), decltype(m22), decltype(m23), decltype(m24)>{}; }
  if constexpr (N == 26) { [[maybe_unused]] auto& [m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19, m20, m21, m22, m23, m24, m25] = v; return parts<decltype(m0), decltype(m1), decltype(m2), decltype(m3), decltype(m4), decltype(m5), decltype(m6), decltype(m7), decltype(m8), decltype(m9), decltype(m10), decltype(m11), decltype(m12), decltype(m13), decltype(m14), decltype(m15), decltype(m16), decltype(m17), decltype(m18), decltype(m19), decltype(m20), decltype(m21), decltype(m22), decltype(m23), decltype(m24), decltype(m25)>{}; }
  if constexpr (N == 27) { [[maybe_unused]] auto& [m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19, m20, m21, m22, m23, m24, m25, m26] = v; return parts<decltype(m0), decltype(m1), decltype(m2), decltype(m3), decltype(m4), decltype(m5), decltype(m6), decltype(m7), decltype(m8), decltype(m9), decltype(m10), decltype(m11), decltype(m12), decltype(m13), decltype(m14), decltype(m15), decltype(m16), decltype(m17), decltype(m18), decltype(m19), decltype(m20), decltype(m21), decltype(m22), decltype(m23), decltype(m24), decltype(m25), decltype(m26)>{}; }
  if constexpr (N == 28) { [[maybe_unused]] auto& [m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19, m20, m21, m22, m23, m24, m25, m26, m27] = v; return parts<decltype(m0), decltype(m1), decltype(m2), decltype(m3), decltype(m4), decltype(m5), decltype(m6), decltype(m7), decltype(m8), decltype(m9), decltype(m10), decltype(m11), decltype(m12), decltype(m13), decltype(m14), decltype(m15), decltype(m16), decltype(m17), decltype(m18), decltype(m19), decltype(m20), decltype(m21), decltype(m22), decltype(m23), decltype(m24), decltype(m25), decltype(m26), decltype(m27)>{}; }
  if constexpr (N == 29) { [[maybe_unused]] auto& [m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19, m20, m21, m22, m23, m24, m25, m26, m27, m28] = v; return parts<decltype(m0), decltype(m1), decltype(m2), decltype(m3), decltype(m4), decltype(m5), decltype(m6), decltype(m7), decltype(m8), decltype(m9), decltype(m10), decltype(m11), decltype(m12), decltype(m13), decltype(m14), decltype(m15), decltype(m16), decltype(m17), decltype(m18), decltype(m19), decltype(m20), decltype(m21), decltype(m22), decltype(m23), decltype(m24), decltype(m25), decltype(m26), decltype(m27), decltype(m28)>{}; }
  if constexpr (N == 30) { [[maybe_unused]] auto& [m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19, m20, m21, m22, m23, m24, m25, m26, m27, m28, m29] = v; return parts<decltype(m0), decltype(m1), decltype(m2), decltype(m3), decltype(m4), decltype(m5), decltype(m6), decltype(m7), decltype(m8), decltype(m9), decltype(m10), decltype(m11), decltype(m12), decltype(m13), decltype(m14), decltype(m15), decltype(m16), decltype(m17), decltype(m18), decltype(m19), decltype(m20), decltype(m21), decltype(m22), decltype(m23), decltype(m24), decltype(m25), decltype(m26), decltype(m27), decltype(m28), decltype(m29)>{}; }
  if constexpr (N == 31) { [[maybe_unused]] auto& [m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19, m20, m21, m22, m23, m24, m25, m26, m27, m28, m29, m30] = v; return parts<decltype(m0), decltype(m1), decltype(m2), decltype(m3), decltype(m4), decltype(m5), decltype(m6), decltype(m7), decltype(m8), decltype(m9), decltype(m10), decltype(m11), decltype(m12), decltype(m13), decltype(m14), decltype(m15), decltype(m16), decltype(m17), decltype(m18), decltype(m19), decltype(m20), decltype(m21), decltype(m22), decltype(m23), decltype(m24), decltype(m25), decltype(m26), decltype(m27), decltype(m28), decltype(m29), decltype(m30)>{}; }
  if constexpr (N == 32) { [[maybe_unused]] auto& [m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19, m20, m21, m22, m23, m24, m25, m26, m27, m28, m29, m30, m31] = v; return parts<decltype(m0), decltype(m1), decltype(m2), decltype(m3), decltype(m4), decltype(m5), decltype(m6), decltype(m7), decltype(m8), decltype(m9), decltype(m10), decltype(m11), decltype(m12), decltype(m13), decltype(m14), decltype(m15), decltype(m16), decltype(m17), decltype(m18), decltype(m19), decltype(m20), decltype(m21), decltype(m22), decltype(m23), decltype(m24), decltype(m25), decltype(m26), decltype(m27), decltype(m28), decltype(m29), decltype(m30), decltype(m31)>{}; }
}
// clang-format on

template <class T>
concept open_aggregate = member_count<T>()
!= 0;
template <open_aggregate T>
using member_types = decltype(member_types_of<member_count<T>()>(std::declval<T&>()));

}  // namespace joist::inline v0::detail
