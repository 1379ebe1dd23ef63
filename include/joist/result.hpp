// joist/result.hpp: a value, or why there is none: what a call returns where a refusal is expected.
//
//   joist::result<int, joist::exit_reason> answer = server.try_call(balance{}, 1s);
//   if (answer) use(*answer); else log(answer.error());
//
// The part of C++23's std::expected that is needed, for C++20.
#pragma once

#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>

namespace joist::inline v0 {

/// An error on its way into a result.
template <class E>
struct failure {
  E error;
};
template <class E>
failure(E) -> failure<E>;

/// Thrown by result::value() where there is none.
class bad_result : public std::logic_error {
 public:
  bad_result() : std::logic_error{"joist::result: expected a value, there is an error: ask has_value() first"} {}
};

template <class T, class E>
class [[nodiscard]] result {
  static constexpr bool is_void = std::is_void_v<T>;
  using stored = std::conditional_t<is_void, std::monostate, T>;

 public:
  using value_type = T;
  using error_type = E;

  result() requires is_void : state_{std::in_place_index<0>} {}
  template <class U = stored>
  requires(!is_void && std::is_constructible_v<stored, U> && !std::is_same_v<std::remove_cvref_t<U>, result>)
      result(U&& value)
      : state_{std::in_place_index<0>, std::forward<U>(value)} {}
  template <class F>
  result(failure<F> f) : state_{std::in_place_index<1>, std::move(f.error)} {}

  [[nodiscard]] bool has_value() const noexcept { return state_.index() == 0; }
  explicit operator bool() const noexcept { return has_value(); }

  /// Only where there is a value.
  [[nodiscard]] stored& operator*() & noexcept { return *std::get_if<0>(&state_); }
  [[nodiscard]] const stored& operator*() const& noexcept { return *std::get_if<0>(&state_); }
  [[nodiscard]] stored&& operator*() && noexcept { return std::move(*std::get_if<0>(&state_)); }
  [[nodiscard]] stored* operator->() noexcept { return std::get_if<0>(&state_); }
  [[nodiscard]] const stored* operator->() const noexcept { return std::get_if<0>(&state_); }
  /// Throws bad_result where there is none. Of nothing, it stands as a statement: `refresh().value();`
  void value() const& requires is_void {
    if (!has_value()) throw bad_result{};
  }
  [[nodiscard]] stored& value() & requires(!is_void) { return has_value() ? **this : throw bad_result{}; }
  [[nodiscard]] const stored& value() const& requires(!is_void) { return has_value() ? **this : throw bad_result{}; }
  [[nodiscard]] stored&& value() && requires(!is_void) {
    if (!has_value()) throw bad_result{};
    return *std::move(*this);
  }
  template <class U>
  [[nodiscard]] stored value_or(U&& otherwise) const& {
    return has_value() ? **this : static_cast<stored>(std::forward<U>(otherwise));
  }
  template <class U>
  [[nodiscard]] stored value_or(U&& otherwise) && {
    return has_value() ? *std::move(*this) : static_cast<stored>(std::forward<U>(otherwise));
  }
  /// Only where there is no value.
  [[nodiscard]] E& error() & noexcept { return *std::get_if<1>(&state_); }
  [[nodiscard]] const E& error() const& noexcept { return *std::get_if<1>(&state_); }
  [[nodiscard]] E&& error() && noexcept { return std::move(*std::get_if<1>(&state_)); }

 private:
  std::variant<stored, E> state_;
};

}  // namespace joist::inline v0
