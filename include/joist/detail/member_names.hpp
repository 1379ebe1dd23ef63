// joist/detail/member_names.hpp: the names of an aggregate's members, as the compiler prints them. Included by sendable.hpp.
//
// How: the address of a member of an object that is never made is a template argument; __PRETTY_FUNCTION__ prints it.
// Instantiated for JSON, and on the way to an error.
#pragma once

#include <joist/detail/members.hpp>

#include <cstddef>
#include <string_view>
#include <type_traits>

namespace joist::inline v0::detail {

/// A text as a template argument, which compilers print.
template <std::size_t N>
struct text {
  char characters[N + 1]{};
  constexpr explicit text(std::string_view from) {
    for (std::size_t i = 0; i < N; ++i) characters[i] = from[i];
  }
};

#ifdef __clang__
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wundefined-var-template"
#pragma clang diagnostic ignored "-Wundefined-internal"
#endif

/// An object that is never made: only the addresses of its members are named.
template <class T>
struct never_made {
  T value;
};
template <class T>
extern never_made<T> never;

template <class M>
struct member_address {
  M* pointer;
};
template <auto Member>
constexpr const char* printed() {
  return __PRETTY_FUNCTION__;
}
template <auto>
struct names {};

/// A bit-field arrives here as a temporary, whose address is no constant.
template <std::size_t I, class First, class... Rest>
constexpr auto nth(const First& first, const Rest&... rest) {
  if constexpr (I == 0) {
    return member_address<const First>{&first};
  } else {
    return nth<I - 1>(rest...);
  }
}

// clang-format off
/// The address of member I of N.
template <std::size_t I, std::size_t N, class T>
constexpr auto address_of(T& v) {
  if constexpr (N == 1) { auto& [m0] = v; return nth<I>(m0); }
  if constexpr (N == 2) { auto& [m0, m1] = v; return nth<I>(m0, m1); }
  if constexpr (N == 3) { auto& [m0, m1, m2] = v; return nth<I>(m0, m1, m2); }
  if constexpr (N == 4) { auto& [m0, m1, m2, m3] = v; return nth<I>(m0, m1, m2, m3); }
  if constexpr (N == 5) { auto& [m0, m1, m2, m3, m4] = v; return nth<I>(m0, m1, m2, m3, m4); }
  if constexpr (N == 6) { auto& [m0, m1, m2, m3, m4, m5] = v; return nth<I>(m0, m1, m2, m3, m4, m5); }
  if constexpr (N == 7) { auto& [m0, m1, m2, m3, m4, m5, m6] = v; return nth<I>(m0, m1, m2, m3, m4, m5, m6); }
  if constexpr (N == 8) { auto& [m0, m1, m2, m3, m4, m5, m6, m7] = v; return nth<I>(m0, m1, m2, m3, m4, m5, m6, m7); }
  if constexpr (N == 9) { auto& [m0, m1, m2, m3, m4, m5, m6, m7, m8] = v; return nth<I>(m0, m1, m2, m3, m4, m5, m6, m7, m8); }
  if constexpr (N == 10) { auto& [m0, m1, m2, m3, m4, m5, m6, m7, m8, m9] = v; return nth<I>(m0, m1, m2, m3, m4, m5, m6, m7, m8, m9); }
  if constexpr (N == 11) { auto& [m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10] = v; return nth<I>(m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10); }
  if constexpr (N == 12) { auto& [m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11] = v; return nth<I>(m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11); }
  if constexpr (N == 13) { auto& [m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12] = v; return nth<I>(m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12); }
  if constexpr (N == 14) { auto& [m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13] = v; return nth<I>(m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13); }
  if constexpr (N == 15) { auto& [m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14] = v; return nth<I>(m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14); }
  if constexpr (N == 16) { auto& [m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15] = v; return nth<I>(m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15); }
  if constexpr (N == 17) { auto& [m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16] = v; return nth<I>(m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16); }
  if constexpr (N == 18) { auto& [m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17] = v; return nth<I>(m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17); }
  if constexpr (N == 19) { auto& [m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18] = v; return nth<I>(m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18); }
  if constexpr (N == 20) { auto& [m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19] = v; return nth<I>(m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19); }
  if constexpr (N == 21) { auto& [m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19, m20] = v; return nth<I>(m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19, m20); }
  if constexpr (N == 22) { auto& [m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19, m20, m21] = v; return nth<I>(m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19, m20, m21); }
  if constexpr (N == 23) { auto& [m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19, m20, m21, m22] = v; return nth<I>(m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19, m20, m21, m22); }
  if constexpr (N == 24) { auto& [m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19, m20, m21, m22, m23] = v; return nth<I>(m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19, m20, m21, m22, m23); }
  if constexpr (N == 25) { auto& [m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19, m20, m21, m22, m23, m24] = v; return nth<I>(m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19, m20, m21, m22, m23, m24); }
  if constexpr (N == 26) { auto& [m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19, m20, m21, m22, m23, m24, m25] = v; return nth<I>(m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19, m20, m21, m22, m23, m24, m25); }
  if constexpr (N == 27) { auto& [m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19, m20, m21, m22, m23, m24, m25, m26] = v; return nth<I>(m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19, m20, m21, m22, m23, m24, m25, m26); }
  if constexpr (N == 28) { auto& [m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19, m20, m21, m22, m23, m24, m25, m26, m27] = v; return nth<I>(m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19, m20, m21, m22, m23, m24, m25, m26, m27); }
  if constexpr (N == 29) { auto& [m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19, m20, m21, m22, m23, m24, m25, m26, m27, m28] = v; return nth<I>(m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19, m20, m21, m22, m23, m24, m25, m26, m27, m28); }
  if constexpr (N == 30) { auto& [m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19, m20, m21, m22, m23, m24, m25, m26, m27, m28, m29] = v; return nth<I>(m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19, m20, m21, m22, m23, m24, m25, m26, m27, m28, m29); }
  if constexpr (N == 31) { auto& [m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19, m20, m21, m22, m23, m24, m25, m26, m27, m28, m29, m30] = v; return nth<I>(m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19, m20, m21, m22, m23, m24, m25, m26, m27, m28, m29, m30); }
  if constexpr (N == 32) { auto& [m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19, m20, m21, m22, m23, m24, m25, m26, m27, m28, m29, m30, m31] = v; return nth<I>(m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19, m20, m21, m22, m23, m24, m25, m26, m27, m28, m29, m30, m31); }
}
// clang-format on

template <class T, std::size_t I>
constexpr auto address() {
  return address_of<I, member_count<T>()>(never<T>.value);
}

/// The name of member I: the last word in how the compiler prints its address. GCC: "...value.request::path)}...",
/// Clang: "...{&never.value.path}...". Empty when it prints something else, as for references and bit-fields.
template <class T, std::size_t I>
constexpr std::string_view member_name() {
  if constexpr (requires { typename names<address<T, I>()>; }) {
    constexpr std::string_view all = printed<address<T, I>()>();
    std::size_t end = all.size();
    const auto in_name = [](char c) {
      return c == '_' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    };
    while (end > 0 && !in_name(all[end - 1])) --end;
    std::size_t begin = end;
    while (begin > 0 && in_name(all[begin - 1])) --begin;
    if (begin == 0 || (all[begin - 1] != '.' && all[begin - 1] != ':')) return {};
    return all.substr(begin, end - begin);
  } else {
    return {};
  }
}

#ifdef __clang__
#pragma clang diagnostic pop
#endif

/// What an error calls member I: its name, or its index when there is no name to be had.
template <class T, std::size_t I>
constexpr auto name_or_index() {
  constexpr std::string_view name = member_name<T, I>();
  if constexpr (name.empty()) {
    return I;
  } else {
#ifdef __clang__  // before Clang 15, a text is printed as numbers; the address is printed as "{&never.value.name}"
    return address<T, I>();
#else
    return text<name.size()>{name};
#endif
  }
}

}  // namespace joist::inline v0::detail
