// joist/detail/task_handles.hpp: what is done with the handles of several tasks, and by those who make handles.
#pragma once

#include <joist/clock.hpp>
#include <joist/detail/task.hpp>
#include <joist/monitor.hpp>
#include <joist/otp/from.hpp>
#include <joist/receive.hpp>
#include <joist/result.hpp>

#include <cstddef>
#include <optional>
#include <tuple>
#include <unordered_map>
#include <utility>

namespace joist::inline v0 {
template <class T>
class task;
}  // namespace joist::inline v0

namespace joist::inline v0::detail {

template <class T>
constexpr bool is_task = false;
template <class T>
constexpr bool is_task<task<T>> = true;

struct task_access {
  template <class F>
  [[nodiscard]] static auto start(const task_place& where, F&& f) {
    using value = task_result<std::decay_t<F>>;
    return task<value>{self(), where.start(task_body(std::forward<F>(f), where.supervised()))};
  }
  template <class F>
  [[nodiscard]] static auto try_start(const task_place& where, F&& f) {
    using made = task<task_result<std::decay_t<F>>>;
    auto started = where.try_start(task_body(std::forward<F>(f), where.supervised()));
    if (!started) return result<made, supervisor_error>{failure{std::move(started).error()}};
    return result<made, supervisor_error>{made{self(), *started}};
  }
  template <class T>
  static void settle(task<T>& t, const typename task<T>::outcome& got) {
    t.settle(got);
  }
  template <class T>
  static void check(const task<T>& t, const char* call) {
    require_task(t.owner_, t.reference(), call);
  }
};

/// From a limit that begins now to a point of time, for several waits.
[[nodiscard]] inline deadline fixed(deadline limit) { return deadline::resolved(limit.resolve()); }

/// What answers and ends of several tasks with one type of result bring, as it comes.
template <class T>
class open_tasks {
 public:
  struct event {
    std::size_t number;
    result<T, exit_reason> outcome;
  };

  void add(ref monitor, std::size_t number) { numbers_.emplace(monitor, number); }
  void remove(ref monitor) { numbers_.erase(monitor); }
  [[nodiscard]] std::size_t size() const noexcept { return numbers_.size(); }

  /// Other messages stay where they are, also downs of others.
  [[nodiscard]] std::optional<event> next(deadline limit) {
    using outcome = std::optional<event>;
    return receive(when([this](const answer<T>& a) { return numbers_.contains(a.request); },
                        [this](answer<T>&& a) {
                          const std::size_t number = take(a.request);
                          return outcome{event{number, outcome_of(std::move(a))}};
                        }),
                   when([this](const down& d) { return numbers_.contains(d.monitor); },
                        [this](down&& d) {
                          const std::size_t number = take(d.monitor);
                          return outcome{event{number, failure{std::move(d.reason)}}};
                        }),
                   after(limit, [] { return outcome{}; }));
  }

 private:
  std::size_t take(ref monitor) { return numbers_.extract(monitor).mapped(); }
  std::unordered_map<ref, std::size_t> numbers_;
};

/// The result of the first, or the end of any.
template <class First, class... Rest>
result<typename First::value_type, exit_reason> await_first(deadline limit, First& first, Rest&... rest) {
  using value = typename First::value_type;
  using outcome = result<value, exit_reason>;
  const ref mine = first.reference();
  auto got = receive(when([mine](const answer<value>& a) { return a.request == mine; },
                          [](answer<value>&& a) -> std::optional<outcome> { return outcome_of(std::move(a)); }),
                     when([&](const down& d) { return d.monitor == mine || ((d.monitor == rest.reference()) || ...); },
                          [](down&& d) -> std::optional<outcome> { return failure{std::move(d.reason)}; }),
                     after(limit, []() -> std::optional<outcome> { return std::nullopt; }));
  if (!got) return failure{exit_reason::timeout};
  if (*got) task_access::settle(first, *got);
  return *std::move(got);
}

template <class First, class... Rest>
auto await_in_order(deadline limit, First& first, Rest&... rest) {
  using value = value_for<typename First::value_type>;
  auto got = await_first(limit, first, rest...);
  if (!got) await_failed(got.error());
  std::tuple<value> here{*std::move(got)};
  if constexpr (sizeof...(Rest) == 0) {
    return here;
  } else {
    return std::tuple_cat(std::move(here), await_in_order(limit, rest...));
  }
}

}  // namespace joist::inline v0::detail
