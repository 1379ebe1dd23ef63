// joist/detail/task_handles.hpp: what is done with the handles of several tasks, and by those who make handles.
#pragma once

#include <joist/clock.hpp>
#include <joist/detail/task.hpp>
#include <joist/monitor.hpp>
#include <joist/otp/from.hpp>
#include <joist/otp/request.hpp>
#include <joist/receive.hpp>
#include <joist/result.hpp>

#include <cstddef>
#include <optional>
#include <tuple>
#include <utility>
#include <vector>

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
  template <class T>
  [[nodiscard]] static task<T> made(const running_task& started) {
    return handle(started, request<T>{started.monitor, self()});
  }
  template <class F>
  [[nodiscard]] static auto start(const task_place& where, F&& f) {
    return made<task_result<std::decay_t<F>>>(where.start(task_body(std::forward<F>(f), where.supervised())));
  }
  template <class F>
  [[nodiscard]] static auto try_start(const task_place& where, F&& f) {
    using value = task_result<std::decay_t<F>>;
    using maybe = result<task<value>, supervisor_error>;
    auto started = where.try_start(task_body(std::forward<F>(f), where.supervised()));
    return started ? maybe{made<value>(*started)} : maybe{failure{std::move(started).error()}};
  }
  /// A task whose request was in the hands of somebody else.
  template <class T>
  [[nodiscard]] static task<T> handle(const running_task& started, request<T> request) {
    return {started, std::move(request)};
  }
  template <class T>
  [[nodiscard]] static request<T>& request_of(task<T>& t) noexcept {
    return t.request_;
  }
  template <class T>
  [[nodiscard]] static const running_task& started(const task<T>& t) noexcept {
    return t.started_;
  }
};

/// Throws where there is no result to wait for, or not for the caller.
template <class T>
void check(task<T>& t) {
  check_request(t.reference(), task_access::request_of(t).owner());
}

/// The requests of several handles, labelled by their places: lent, until the end of the scope. Handles without one are left
/// out.
template <class T>
class lent_requests {
 public:
  explicit lent_requests(std::vector<task<T>>& tasks) : tasks_{tasks} {
    for (auto& t : tasks) {
      if (t) check(t);
    }
    for (std::size_t i = 0; i < tasks.size(); ++i) {
      if (tasks[i]) set.add(std::move(task_access::request_of(tasks[i])), i);
    }
  }
  lent_requests(const lent_requests&) = delete;
  lent_requests& operator=(const lent_requests&) = delete;
  ~lent_requests() { give_back(); }
  /// Of those that are not over.
  void give_back() noexcept {
    for (auto& t : tasks_) {
      if (!t) task_access::request_of(t) = set.remove(task_access::started(t).monitor);
    }
  }

  request_set<T, std::size_t> set;

 private:
  std::vector<task<T>>& tasks_;
};

/// The result of the first. The end of any ends the caller, and so does `until`, which the caller knows as `limit`.
template <class First, class... Rest>
result<typename First::value_type, exit_reason> await_first(deadline until, deadline limit, First& first, Rest&... rest) {
  using value = typename First::value_type;
  using outcome = result<value, exit_reason>;
  pid ended;
  const ref mine = first.reference();
  auto got = receive(when([mine](const answer<value>& a) { return a.request == mine; },
                          [](answer<value>&& a) -> std::optional<outcome> { return outcome_of(std::move(a)); }),
                     when([&](const down& d) { return d.monitor == mine || ((d.monitor == rest.reference()) || ...); },
                          [&ended](down&& d) -> std::optional<outcome> {
                            ended = d.process;
                            return failure{std::move(d.reason)};
                          }),
                     after(until, []() -> std::optional<outcome> { return std::nullopt; }));
  if (!got) await_failed(first.process(), nullptr, limit);
  if (!*got) await_failed(ended, &got->error(), limit);
  (void)task_access::request_of(first).release();
  settle_task(task_access::started(first), false);
  return *std::move(got);
}

template <class First, class... Rest>
auto await_in_order(deadline until, deadline limit, First& first, Rest&... rest) {
  using value = value_for<typename First::value_type>;
  auto got = await_first(until, limit, first, rest...);
  std::tuple<value> here{*std::move(got)};
  if constexpr (sizeof...(Rest) == 0) {
    return here;
  } else {
    return std::tuple_cat(std::move(here), await_in_order(until, limit, rest...));
  }
}

}  // namespace joist::inline v0::detail
