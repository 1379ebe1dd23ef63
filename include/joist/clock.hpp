// joist/clock.hpp: the runtime's time: monotonic, and virtual under simulate().
#pragma once

#include <joist/error.hpp>

#include <chrono>
#include <concepts>
#include <cstdint>
#include <type_traits>

namespace joist::inline v0 {

/// A chrono clock. In a simulated run it moves only when every process waits.     [any thread]
struct clock {
  using duration = std::chrono::nanoseconds;
  using rep = duration::rep;
  using period = duration::period;
  using time_point = std::chrono::time_point<clock>;
  static constexpr bool is_steady = true;
  [[nodiscard]] static time_point now() noexcept;
};

struct infinity_t {};
/// A timeout that never ends.
inline constexpr infinity_t infinity{};

namespace detail {

template <class T>
concept without_unit = std::is_arithmetic_v<T>;
template <class T>
concept other_clock = !std::is_same_v<T, clock>;

/// Where a number is given for a limit: says so, as a deleted function cannot. `Where`: what tells the places apart, for the
/// compiler speaks once for each.
template <without_unit Number, class... Where>
constexpr void refuse_number() {
  static_assert(!without_unit<Number>, "joist: a limit has a unit: write 1000ms, or 1s, not 1000");
}

/// A point of time, or never. Made of what users give; throws errc::bad_argument for what makes no sense.
class deadline {
 public:
  static constexpr std::int64_t never = INT64_MAX;
  /// The longest timeout, a hundred years: what is beyond is taken for a mistake.
  static constexpr std::int64_t longest = std::int64_t{100} * 365 * 24 * 3600 * 1'000'000'000;

  constexpr deadline() = default;
  constexpr deadline(infinity_t) noexcept {}
  deadline(clock::time_point when) noexcept : at_{when.time_since_epoch().count()}, absolute_{true} {}
  template <std::integral Rep, class Period>
  deadline(std::chrono::duration<Rep, Period> from_now) : at_{checked(from_now)} {}
  // Deleted, so that one can ask what is a limit. Compilers quote these lines, with their words.
  template <std::floating_point Rep, class Period>
  deadline(std::chrono::duration<Rep, Period>) = delete;  // joist: a limit is a whole number of a unit: 500ms, not 0.5s
  template <without_unit Number>
  deadline(Number) = delete;  // joist: a limit has a unit: write 1000ms, or 1s, not 1000
  template <other_clock Clock, class Duration>
  deadline(std::chrono::time_point<Clock, Duration>) = delete;  // joist: a limit is a point of time of joist::clock

  /// What resolve() gave.
  [[nodiscard]] static deadline resolved(std::int64_t nanoseconds) noexcept {
    deadline d;
    d.at_ = nanoseconds;
    d.absolute_ = nanoseconds != never;
    return d;
  }
  /// Nanoseconds on joist::clock, or `never`.
  [[nodiscard]] std::int64_t resolve() const noexcept {
    if (absolute_ || at_ == never) return at_;
    std::int64_t sum = 0;
    return __builtin_add_overflow(clock::now().time_since_epoch().count(), at_, &sum) ? never : sum;
  }
  /// The same as a point of time: for several waits that share it.
  [[nodiscard]] deadline fixed() const noexcept { return resolved(resolve()); }
  [[nodiscard]] bool is_never() const noexcept { return at_ == never; }
  /// A point of time, which may be over; else a duration from now on, or never.
  [[nodiscard]] bool is_point() const noexcept { return absolute_; }
  [[nodiscard]] bool is_zero() const noexcept { return !absolute_ && at_ == 0; }
  /// What it was made of, if that was a duration.
  [[nodiscard]] std::int64_t from_now() const noexcept { return at_; }

 private:
  template <class Rep, class Period>
  static std::int64_t checked(std::chrono::duration<Rep, Period> from_now) {
    if (from_now < from_now.zero()) refuse("is negative", static_cast<double>(from_now.count()));
    using seconds = std::chrono::duration<double>;
    if (seconds{from_now} > seconds{std::chrono::nanoseconds{longest}}) {
      refuse("is longer than a hundred years", static_cast<double>(from_now.count()));
    }
    return std::chrono::duration_cast<std::chrono::nanoseconds>(from_now).count();
  }
  [[noreturn]] static void refuse(const char* why, double count);

  std::int64_t at_ = never;
  bool absolute_ = false;
};

}  // namespace detail
}  // namespace joist::inline v0
