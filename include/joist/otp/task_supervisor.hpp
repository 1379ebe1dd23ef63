// joist/otp/task_supervisor.hpp: a supervisor for tasks: they end with it, it bounds how many there are, and those that fail
// need not end the process that waits for them.
//
//   auto tasks = joist::start_task_supervisor({.max_children = 100});
//   auto page = tasks.async_nolink([url] { return fetch(url); });
//   if (auto got = page.try_await(2s)) use(*got); else log(got.error());
//   (void)tasks.start_child([mail] { send(mail); });          // nobody waits
//
// Promises
//   async: linked to the caller as joist::async is, and to the supervisor; async_nolink: to the supervisor alone. A task
//     that fails is a result with the reason then, or a down; one whose owner has ended goes on
//   tasks are temporary: not started again. The stop of the supervisor stops all at once
//   a task whose result was given counts no more
//
// See also: task.hpp, async_stream.hpp, dynamic_supervisor.hpp. Elixir: Task.Supervisor.
#pragma once

#include <joist/otp/async_stream.hpp>
#include <joist/otp/dynamic_supervisor.hpp>
#include <joist/otp/task.hpp>

#include <chrono>
#include <concepts>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace joist::inline v0 {

/// The address of a task supervisor. Without one, calls exit with noproc. With max_children tasks, async and streams throw
/// errc::process_limit, and what returns a result refuses.
class task_supervisor_ref {
 public:
  task_supervisor_ref() = default;
  explicit task_supervisor_ref(pid process) noexcept : process_{process} {}
  [[nodiscard]] pid process() const noexcept { return process_; }
  operator pid() const noexcept { return process_; }

  /// f() in a task, linked to the caller. `shutdown`: how the supervisor stops it; unset: 5 s.     [process]
  template <class F>
  [[nodiscard]] auto async(F&& f, std::optional<shutdown_policy> shutdown = {}) const {
    return detail::task_access::start(place(true, std::move(shutdown)), std::forward<F>(f));
  }
  /// f() in a task that is not linked to the caller.     [process]
  template <class F>
  [[nodiscard]] auto async_nolink(F&& f, std::optional<shutdown_policy> shutdown = {}) const {
    return detail::task_access::start(place(false, std::move(shutdown)), std::forward<F>(f));
  }
  /// The same; a result<task<T>, supervisor_error>.     [process]
  template <class F>
  [[nodiscard]] auto try_async(F&& f, std::optional<shutdown_policy> shutdown = {}) const {
    return detail::task_access::try_start(place(true, std::move(shutdown)), std::forward<F>(f));
  }
  template <class F>
  [[nodiscard]] auto try_async_nolink(F&& f, std::optional<shutdown_policy> shutdown = {}) const {
    return detail::task_access::try_start(place(false, std::move(shutdown)), std::forward<F>(f));
  }

  /// As joist::async_stream, in tasks of this supervisor.     [process]
  template <class Range, class F>
  [[nodiscard]] auto async_stream(Range&& range, F&& f, const stream_options& options = {}) const {
    return detail::stream_in(place(true, {}), std::forward<Range>(range), std::forward<F>(f), options);
  }
  /// A task that fails is a result with the reason.     [process]
  template <class Range, class F>
  [[nodiscard]] auto async_stream_nolink(Range&& range, F&& f, const stream_options& options = {}) const {
    return detail::stream_in(place(false, {}), std::forward<Range>(range), std::forward<F>(f), options);
  }

  /// f() in a task that answers nobody. Started again as `restart` says, with a copy of f.     [process]
  template <class F>
  result<pid, supervisor_error> start_child(F f, restart_type restart = restart_type::temporary,
                                            std::optional<shutdown_policy> shutdown = {}) const {
    static_assert(
        std::copy_constructible<F>,
        "joist: start_child keeps the function in a child_spec, and starts it again with a copy: make what cannot be "
        "copied in it, or call async_nolink, which takes what can only be moved");
    child_spec spec;
    spec.id = "task";
    spec.start = [body = detail::entered(std::move(f), true)]() -> result<started_child, start_error> {
      return started_child{detail::spawn_descendant(detail::make_closure(body))};
    };
    spec.restart = restart;
    spec.shutdown = std::move(shutdown);
    return start(std::move(spec));
  }

  /// Stops a task: dynamic_supervisor_ref::terminate_child.     [process]
  result<void, supervisor_error> terminate_child(pid child) const;
  /// The newest first.     [process]
  [[nodiscard]] std::vector<pid> children() const;
  /// Stops the tasks, and then itself: server_ref::stop.     [process]
  void stop(exit_reason reason = exit_reason::normal, detail::deadline limit = infinity) const;

  friend constexpr bool operator==(const task_supervisor_ref&, const task_supervisor_ref&) noexcept = default;

 private:
  [[nodiscard]] detail::task_place place(bool linked, std::optional<shutdown_policy> shutdown) const {
    return {process_, linked, nullptr, std::move(shutdown)};
  }
  result<pid, supervisor_error> start(child_spec spec) const;

  pid process_;
};

/// Starts a supervisor without tasks, linked to the caller.     [process]
result<task_supervisor_ref, start_error> try_start_task_supervisor(dynamic_supervisor_options options = {});
/// The same, and throws start_failed.     [process]
task_supervisor_ref start_task_supervisor(dynamic_supervisor_options options = {});

/// A task supervisor as a child, permanent, and stopped without a limit. Give it a name to find it by.
[[nodiscard]] child_spec child_task_supervisor(std::string id, dynamic_supervisor_options options = {});

}  // namespace joist::inline v0
