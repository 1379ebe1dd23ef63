// joist/detail/task.hpp: starting the process of a task, and the handle that its owner has of it.
//
//   the owner                                        the task
//     spawns it, or has a supervisor do so             waits for task_begin, or for the end of its owner
//     links (async), monitors with an alias
//     sends task_begin with the alias                  calls the function
//     waits for the answer, or for the monitor         unlinks, answers through the alias, and ends
//
// The owner watches before the function runs: it always learns the real reason of an end. And one that traps exits has
// nothing to take out of its mailbox after a result, of which there may be thousands in it.
#pragma once

#include <joist/alias.hpp>
#include <joist/detail/spawn.hpp>
#include <joist/link.hpp>
#include <joist/otp/ancestors.hpp>
#include <joist/otp/child_spec.hpp>
#include <joist/otp/from.hpp>
#include <joist/otp/server_ref.hpp>
#include <joist/otp/supervisor.hpp>
#include <joist/process.hpp>
#include <joist/result.hpp>

#include <chrono>
#include <cstddef>
#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

namespace joist::inline v0::detail {

/// The first message of a task: where its answer goes.
struct task_begin {
  alias owner;
};

/// What a task knows of those who started it.
class task_origin {
 public:
  /// For a task that the calling process asks for, and starts itself, or not.
  explicit task_origin(bool supervised);
  /// In the task, first: tells it its callers, and its ancestors, unless its supervisor has.
  void enter();
  /// In the task: waits until the owner watches. Does not return when that has ended before.
  [[nodiscard]] alias await_owner() const;

 private:
  pid owner_;
  lineage callers_;
  lineage ancestors_;  // null: supervised, so that the owner's end does not reach it by a link
};

/// For start functions: runs `body` in a process that is linked to the caller and descends from it.
[[nodiscard]] pid spawn_descendant(closure_ptr body);

struct running_task {
  pid process;
  ref monitor;  // an alias, too
  bool supervised = false;
};

/// Where tasks are started: by the caller, or by a task supervisor.
struct task_place {
  pid supervisor = {};
  bool linked = true;                            // to the caller
  const spawn_options* options = nullptr;        // where there is no supervisor
  std::optional<shutdown_policy> shutdown = {};  // how the supervisor stops it

  [[nodiscard]] bool supervised() const noexcept { return static_cast<bool>(supervisor); }
  [[nodiscard]] result<running_task, supervisor_error> try_start(closure_ptr body) const;
  /// The same, and throws: errc::process_limit for max_children, else start_failed.
  [[nodiscard]] running_task start(closure_ptr body) const;

 private:
  [[nodiscard]] result<pid, supervisor_error> spawn_task(closure_ptr body) const;
};

/// What is run in a task, and what comes of it.
template <class F>
struct task_function {
  static_assert(std::is_invocable_v<F&>, "joist: the function of a task is called without arguments: capture them");
  using value = std::remove_cvref_t<std::invoke_result_t<F&>>;
};
template <class F>
using task_result = typename task_function<F>::value;

/// What the process of a task runs.
template <class F>
closure_ptr task_body(F&& f, bool supervised) {
  using function = std::decay_t<F>;
  using value = task_result<function>;
  require_sendable<value_for<value>>();
  return make_closure([f = std::optional<function>{std::forward<F>(f)}, origin = task_origin{supervised}]() mutable {
    origin.enter();
    const from<value> owner{origin.await_owner()};
    if constexpr (std::is_void_v<value>) {
      (*f)();
      end_on_return();
      f.reset();  // what the task owns is gone when its owner goes on
      unlink(owner.process());
      reply(owner);
    } else {
      value got = (*f)();
      end_on_return();
      f.reset();
      unlink(owner.process());
      reply(owner, std::move(got));
    }
  });
}

/// The function of a task that answers nobody.
template <class F>
[[nodiscard]] auto entered(F&& f, bool supervised) {
  static_assert(std::is_invocable_v<std::decay_t<F>&>,
                "joist: the function of a task is called without arguments: capture them");
  return [f = std::forward<F>(f), origin = task_origin{supervised}]() mutable {
    origin.enter();
    (void)f();
    end_on_return();
  };
}

/// Unlinks; no `exited` of it is left in the mailbox.
void part_from(pid process, ref monitor);
/// The owner has what came of it. A supervised one has ended when this returns: so its supervisor counts it no more.
void settle_task(const running_task& t, bool failed);
/// Stops a task, which is gone then, and says why it ended; it ends also if the caller is ended meanwhile.
[[nodiscard]] exit_reason stop_task(pid process, const shutdown_policy& how);
/// Kills all of them, and waits until they are gone. For destructors, too.
void kill_tasks(const std::vector<pid>& processes);
/// Ends the owner that has waited for `task` (nobody: for several), which has ended for the reason, or, if that is null, has
/// not answered within the limit.
[[noreturn]] void await_failed(pid task, const exit_reason* ended, deadline limit);

}  // namespace joist::inline v0::detail
