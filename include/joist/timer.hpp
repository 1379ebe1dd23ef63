// joist/timer.hpp: messages later.
//
// Promises
//   never early, late by a tick of 66 us and what the scheduler takes; in the order of their deadlines where these lie a
//     millisecond apart
//   nothing arrives after a cancel that returned a time; after one that returned nothing the message may be in the
//     mailbox already
//   a timer to a process that has ended is gone with it
//
// Deadlines: durations from now, not negative, up to a hundred years, or a joist::clock::time_point; else
// errc::bad_argument. Example: examples/04_timers. OTP: erlang:send_after/3, start_timer/3, timer.
#pragma once

#include <joist/alias.hpp>
#include <joist/clock.hpp>
#include <joist/detail/spawn.hpp>
#include <joist/exit_reason.hpp>
#include <joist/message.hpp>
#include <joist/pid.hpp>
#include <joist/ref.hpp>

#include <chrono>
#include <concepts>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace joist::inline v0 {

/// What start_timer delivers: tells which timer it was.
template <class Message>
struct timeout {
  ref timer;
  Message message;
};

namespace detail {
/// Who gets the message: a process, an alias, or whoever has the name when the timer fires.
struct timer_target {
  timer_target(pid p) noexcept : process{p} {}
  timer_target(const alias& a) noexcept : process{a.owner()}, alias_reference{a.reference().value()}, is_alias{true} {}
  timer_target(std::string_view n) : name{n}, by_name{true} {}
  timer_target(const std::string& n) : name{n}, by_name{true} {}
  timer_target(const char* n) : name{n}, by_name{true} {}
  pid process;
  std::uint64_t alias_reference = 0;
  std::string name;
  bool by_name = false;
  bool is_alias = false;
};
/// How often an interval ticks: in nanoseconds. Throws errc::bad_argument for what is not above zero.
class tick_period {
 public:
  template <std::integral Rep, class Period>
  tick_period(std::chrono::duration<Rep, Period> every) : nanoseconds_{checked(every)} {}
  [[nodiscard]] std::int64_t nanoseconds() const noexcept { return nanoseconds_; }

 private:
  static std::int64_t checked(deadline every);
  std::int64_t nanoseconds_;
};
/// What an interval timer sends each time.
struct message_source {
  virtual ~message_source() = default;
  [[nodiscard]] virtual node_ptr make() = 0;
};
/// A timer that has its reference and does not run yet: for messages that carry the reference.
class timer_reservation {
 public:
  timer_reservation();
  timer_reservation(const timer_reservation&) = delete;
  timer_reservation& operator=(const timer_reservation&) = delete;
  ~timer_reservation();
  [[nodiscard]] ref reference() const noexcept { return reference_; }
  ref start(deadline when, timer_target target, node_ptr message);

 private:
  ref reference_;
  bool started_ = false;
};
ref start_message_timer(deadline when, timer_target target, node_ptr message);
ref start_interval(tick_period period, timer_target target, std::unique_ptr<message_source> source);
ref start_exit_timer(deadline when, timer_target target, exit_reason reason);
ref start_apply_timer(deadline when, closure_ptr body);
}  // namespace detail

/// Sends `message` at the deadline.     [process]
template <class Message>
ref send_after(detail::deadline when, detail::timer_target target, Message&& message) {
  using value = std::remove_cvref_t<Message>;
  detail::require_sendable<value>();
  return detail::start_message_timer(when, std::move(target), detail::make_node<value>(std::forward<Message>(message)));
}

/// Sends timeout{timer, message} at the deadline.     [process]
template <class Message>
ref start_timer(detail::deadline when, detail::timer_target target, Message&& message) {
  using value = timeout<std::remove_cvref_t<Message>>;
  detail::require_sendable<std::remove_cvref_t<Message>>();
  detail::timer_reservation timer;
  return timer.start(when, std::move(target),
                     detail::make_node<value>(value{timer.reference(), std::forward<Message>(message)}));
}

/// Sends a copy of `message` every `period` (more than zero) until cancelled, or until the receiver is gone. A copy that
/// throws ends the interval, with a line in the log.     [process]
template <class Message>
ref send_interval(detail::tick_period period, detail::timer_target target, Message message) {
  static_assert(std::is_copy_constructible_v<Message>, "joist: an interval sends a copy each time");
  detail::require_sendable<Message>();
  struct source final : detail::message_source {
    explicit source(Message m) : value{std::move(m)} {}
    detail::node_ptr make() override { return detail::make_node<Message>(value); }
    Message value;
  };
  return detail::start_interval(period, std::move(target), std::make_unique<source>(std::move(message)));
}

/// exit(target, reason) at the deadline.     [process]
inline ref exit_after(detail::deadline when, detail::timer_target target, exit_reason reason) {
  return detail::start_exit_timer(when, std::move(target), std::move(reason));
}
inline ref kill_after(detail::deadline when, detail::timer_target target) {
  return exit_after(when, std::move(target), exit_reason::kill);
}
/// Spawns a process that runs `body` at the deadline.     [process]
template <class Body>
ref apply_after(detail::deadline when, Body&& body) {
  return detail::start_apply_timer(when, detail::make_closure(std::forward<Body>(body)));
}

/// Stops a timer. The time that was left, or nothing if it had fired, been cancelled, or never was. An interval that is
/// just firing is stopped too, and nothing returned: that one tick arrives or has arrived.     [process]
std::optional<std::chrono::nanoseconds> cancel_timer(ref timer);
/// The time left; the timer goes on.     [process]
[[nodiscard]] std::optional<std::chrono::nanoseconds> read_timer(ref timer);

}  // namespace joist::inline v0
