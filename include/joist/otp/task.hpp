// joist/otp/task.hpp: a function that runs in a process of its own, and whose result is waited for: how work that is
// independent is done at the same time.
//
//   auto words = joist::async([] { return count_words("a.txt"); });
//   auto lines = joist::async([] { return count_lines("a.txt"); });
//   use(words.await(), lines.await());
//
// Promises
//   a task is linked to its owner, the process that started it: what ends one ends the other
//   its handle stays with the owner: others are refused. A result is given once
//   after a timeout, after ignore(), and when a handle is destroyed, no late result and no down of the task is left in the
//     mailbox or comes to it
//   where exits are trapped, a task with a result ends without an `exited`, and a failure that the handle has told is not
//     told again by one
//
// A handle that is destroyed is nobody's wait any more: the task goes on, linked; shutdown() ends it.
// Example: examples/12_tasks. See also: async_stream.hpp (many inputs), task_supervisor.hpp (not linked). Elixir: Task.
#pragma once

#include <joist/detail/task.hpp>
#include <joist/detail/task_handles.hpp>
#include <joist/otp/child_spec.hpp>
#include <joist/otp/server_ref.hpp>
#include <joist/process.hpp>
#include <joist/result.hpp>

#include <algorithm>
#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace joist::inline v0 {

/// What a task answers with, and its owner gets as a message: for owners that are servers and do not wait but have
/// `handle_info(task_answer<T>)`, and the type in `info_types`. `request` is the task's reference().
template <class T>
using task_answer = detail::answer<T>;

/// The handle that the owner of a task has of it. All its functions are for the owner: others are refused (errc::bad_wait),
/// and so is a second wait for one result (errc::bad_argument).
template <class T>
class [[nodiscard]] task {
 public:
  using value_type = T;
  using outcome = result<T, exit_reason>;

  task() = default;
  [[nodiscard]] pid process() const noexcept { return started_.process; }
  /// That of its answer and of its down; none when the result was given.
  [[nodiscard]] ref reference() const noexcept { return request_.reference(); }
  /// Whether there is a result to be waited for.
  [[nodiscard]] explicit operator bool() const noexcept { return static_cast<bool>(request_); }

  /// The result. Without one until `limit`, or ever, the caller exits: with timeout, or with the reason of the task's end.
  T await(detail::deadline limit = default_call_limit) {
    std::optional<outcome> got = poll(limit);
    if (!got) request_.abandon();
    if (!got || !*got) detail::await_failed(process(), got ? &got->error() : nullptr, limit);
    if constexpr (!std::is_void_v<T>) return **std::move(got);
  }

  /// As await, and the failure is a value. (A linked task that fails ends an owner that does not trap exits.)
  outcome try_await(detail::deadline limit = default_call_limit) {
    if (auto got = poll(limit)) return *std::move(got);
    request_.abandon();
    return failure{exit_reason::timeout};
  }

  /// The result or the reason of its end, if it is there by `limit`; else one may ask again (Elixir: Task.yield).
  std::optional<outcome> poll(detail::deadline limit = std::chrono::seconds{0}) {
    auto got = request_.wait_response(limit);
    if (got) detail::settle_task(started_, !*got);
    return got;
  }

  /// Stops the task: exit signal shutdown, or kill, as the policy says; it is gone then. What it has answered until then, or
  /// why it ended, if that was not this.
  std::optional<outcome> shutdown(const shutdown_policy& how = std::chrono::seconds{5}) {
    detail::check_request(request_.reference(), request_.owner());
    const exit_reason& told = how.kills() ? exit_reason::killed : exit_reason::shutdown;
    exit_reason reason = detail::stop_task(process(), how);
    auto got = request_.wait_response(std::chrono::seconds{0});
    request_.abandon();
    if (!got) got = failure{std::move(reason)};
    if (!*got && got->error() == told) got.reset();
    return got;
  }

  /// The task goes on, not linked any more, and nobody hears of it again. The result, or why it ended, if it has.
  std::optional<outcome> ignore() {
    auto got = poll();
    if (!got) {
      detail::part_from(process(), reference());
      request_.abandon();
    }
    return got;
  }

 private:
  friend struct detail::task_access;
  task(const detail::running_task& started, request<T> request) noexcept : started_{started}, request_{std::move(request)} {}

  detail::running_task started_;
  request<T> request_;  // over: the result was given, or is not waited for
};

/// A handle makes sense for its owner alone.
template <class T>
struct enable_sendable<task<T>> : std::false_type {};

/// Runs f() in a process of its own, linked to the caller.     [process]
template <class F>
[[nodiscard]] auto async(F&& f) {
  return detail::task_access::start(detail::task_place{}, std::forward<F>(f));
}
template <class F>
[[nodiscard]] auto async(const spawn_options& options, F&& f) {
  return detail::task_access::start(detail::task_place{{}, true, &options, {}}, std::forward<F>(f));
}

/// The results of all, in the order given; nothing for tasks of void. The first that fails, or the limit for all together,
/// ends the caller as await does.     [process]
template <class T>
auto await_many(std::vector<task<T>>& tasks, detail::deadline limit = default_call_limit) {
  for (auto& t : tasks) detail::check(t);
  const detail::deadline until = limit.fixed();
  std::vector<std::optional<detail::value_for<T>>> got(tasks.size());
  detail::lent_requests<T> waiting{tasks};
  while (!waiting.set.empty()) {
    auto next = waiting.set.wait_response(until);
    if (!next) detail::await_failed({}, nullptr, limit);
    const detail::running_task& ended = detail::task_access::started(tasks[next->label]);
    if (!next->outcome) detail::await_failed(ended.process, &next->outcome.error(), limit);
    detail::settle_task(ended, false);
    got[next->label].emplace(*std::move(next->outcome));
  }
  if constexpr (!std::is_void_v<T>) {
    std::vector<T> values;
    values.reserve(got.size());
    for (auto& v : got) values.push_back(*std::move(v));
    return values;
  }
}
template <class T>
auto await_many(std::vector<task<T>>&& tasks, detail::deadline limit = default_call_limit) {
  return await_many(tasks, limit);
}
/// Tasks of different types: auto [words, lines] = await_many(a, b).     [process]
template <class... Tasks>
requires(sizeof...(Tasks) > 0 &&
         (detail::is_task<std::remove_cvref_t<Tasks>> && ...)) auto await_many(detail::deadline limit, Tasks&&... tasks) {
  (detail::check(tasks), ...);
  return detail::await_in_order(limit.fixed(), limit, tasks...);
}
template <class... Tasks>
requires(sizeof...(Tasks) > 0 && (detail::is_task<std::remove_cvref_t<Tasks>> && ...)) auto await_many(Tasks&&... tasks) {
  return await_many(default_call_limit, std::forward<Tasks>(tasks)...);
}

/// What becomes of tasks without a result when the time of poll_many is over.
enum class poll_timeout : std::uint8_t {
  nothing,  ///< one may ask again
  ignore,   ///< task::ignore
  kill,     ///< task::shutdown(brutal_kill)
};

struct poll_options {
  detail::deadline timeout = default_call_limit;  ///< for all together
  poll_timeout on_timeout = poll_timeout::nothing;
  std::size_t limit = std::numeric_limits<std::size_t>::max();  ///< so many results are enough
};

/// What each has come to, in the order given, as soon as all have, or `limit` of them, or the time is over. Nothing for
/// those without a result, and for those whose result was given before (Elixir: Task.yield_many).     [process]
template <class T>
std::vector<std::optional<result<T, exit_reason>>> poll_many(std::vector<task<T>>& tasks, const poll_options& options = {}) {
  std::vector<std::optional<result<T, exit_reason>>> got(tasks.size());
  const detail::deadline until = options.timeout.fixed();
  detail::lent_requests<T> waiting{tasks};
  for (std::size_t wanted = std::min(options.limit, waiting.set.size()); wanted > 0; --wanted) {
    auto next = waiting.set.wait_response(until);
    if (!next) {
      waiting.give_back();
      for (std::size_t i = 0; i < tasks.size() && options.on_timeout != poll_timeout::nothing; ++i) {
        if (!tasks[i]) continue;
        got[i] =
            options.on_timeout == poll_timeout::kill ? tasks[i].shutdown(shutdown_policy::brutal_kill()) : tasks[i].ignore();
      }
      return got;
    }
    detail::settle_task(detail::task_access::started(tasks[next->label]), !next->outcome);
    got[next->label] = std::move(next->outcome);
  }
  return got;
}

/// Who asked for this task, who asked for that one, and so on, at most 64; none outside of tasks. Not supervisors in
/// between: these are among its ancestors() (Elixir: $callers).     [process]
[[nodiscard]] std::vector<pid> callers();

/// For the side effect: nobody waits for a result. As spawn and spawn_link, and callers() knows the caller.     [process]
template <class F>
pid start_task(F&& f) {
  return spawn(detail::entered(std::forward<F>(f), false));
}
template <class F>
pid start_task_link(F&& f) {
  return spawn_link(detail::entered(std::forward<F>(f), false));
}

/// A task as a child: temporary, so that it is not started again, whatever it ends by.
template <class F>
[[nodiscard]] child_spec child_task(std::string id, F f) {
  static_assert(std::copy_constructible<F>,
                "joist: the function of a child is kept in its spec, which can be copied: make what cannot be copied in it");
  child_spec spec;
  spec.id = std::move(id);
  spec.start = [f = std::move(f)]() -> result<started_child, start_error> { return started_child{start_task_link(f)}; };
  spec.restart = restart_type::temporary;
  return spec;
}

}  // namespace joist::inline v0
