#include <joist/otp/async_stream.hpp>
#include <joist/otp/task.hpp>
#include <joist/otp/task_supervisor.hpp>

#include <joist/joist.hpp>

#include "otp/children.hpp"
#include "otp/family.hpp"

namespace joist::inline v0 {
namespace {

using namespace std::chrono_literals;

process_local<otp::family> asked_by;

// An unlink that is followed by nothing would leave a task behind: it ends also if the caller is ended in between.
class kill_unless_gone {
 public:
  explicit kill_unless_gone(pid process) noexcept : process_{process} {}
  kill_unless_gone(const kill_unless_gone&) = delete;
  kill_unless_gone& operator=(const kill_unless_gone&) = delete;
  ~kill_unless_gone() {
    if (!process_) return;
    unlink(process_);
    exit(process_, exit_reason::kill);
  }
  void is_gone() noexcept { process_ = {}; }

 private:
  pid process_;
};

}  // namespace

std::vector<pid> callers() { return asked_by.has_value() ? asked_by.get().list() : std::vector<pid>{}; }

namespace detail {

task_origin::task_origin(bool supervised)
    : owner_{self()}, callers_{asked_by.get().for_children()}, ancestors_{supervised ? nullptr : lineage_of_children()} {}

void task_origin::enter() {
  asked_by.get().own = std::move(callers_);
  if (ancestors_ != nullptr) descend_from(ancestors_);
}

alias task_origin::await_owner() const {
  if (ancestors_ != nullptr) return receive<task_begin>().owner;  // linked: ends with its owner
  const ref watch = monitor(owner_);
  const alias owner = receive(
      [](task_begin begin) { return begin.owner; },
      when([watch](const down& d) { return d.monitor == watch; }, [](down) -> alias { exit(exit_reason::shutdown); }));
  demonitor(watch, demonitor_option::flush);
  return owner;
}

void part_from(pid process, ref monitor) {
  unlink(process);
  (void)receive_reply(monitor,
                      when([process](const exited& e) { return e.process == process; }, [](exited) { return true; }),
                      after(0s, [] { return false; }));
}

void settle_task(const running_task& t, bool failed) {
  if (failed) return part_from(t.process, t.monitor);
  if (!t.supervised) return;
  const ref gone = monitor(t.process);
  receive_reply(gone, when([gone](const down& d) { return d.monitor == gone; }, [](down) {}));
}

exit_reason stop_task(pid process, const shutdown_policy& how) {
  kill_unless_gone guard{process};
  exit_reason reason = otp::stop_child(process, how);
  guard.is_gone();
  return reason;
}

void kill_tasks(const std::vector<pid>& processes) {
  for (const pid process : processes) {
    unlink(process);
    exit(process, exit_reason::kill);
  }
  for (const pid process : processes) {
    // A limit, for destructors: when the caller is being ended, such a wait is over at once.
    const ref gone = monitor(process);
    (void)receive<down>([gone](const down& d) { return d.monitor == gone; }, after(1h));
    part_from(process, gone);
  }
}

pid spawn_descendant(closure_ptr body) {
  auto run = [body = std::move(body), family = lineage_of_children()]() mutable {
    descend_from(std::move(family));
    body->run(*body);
  };
  return spawn_link(std::move(run));
}

std::size_t concurrency_of(std::size_t wanted) { return wanted > 0 ? wanted : system_info().workers; }

void await_failed(pid task, const exit_reason* ended, deadline limit) {
  failed_wait wait{task ? "an await of task" : "an await of several tasks", task, nullptr, limit};
  if (ended == nullptr) exit_after_wait(exit_reason::timeout, wait);
  if (*ended == exit_reason::normal) exit_after_wait(exit_reason::of("the task ended normally, without a result"), wait);
  wait.is_whoms_reason = is_of_an_end(*ended);
  exit_after_wait(*ended, wait);
}

result<pid, supervisor_error> task_place::spawn_task(closure_ptr body) const {
  if (!supervised()) return spawn_closure(std::move(body), options, spawn_mode::link).process;
  child_spec spec;
  spec.id = "task";
  spec.restart = restart_type::temporary;
  spec.shutdown = shutdown;
  spec.start = [once = std::make_shared<closure_ptr>(std::move(body))]() -> result<started_child, start_error> {
    return started_child{spawn_descendant(std::move(*once))};
  };
  auto started = dynamic_supervisor_ref{supervisor}.start_child(std::move(spec));
  if (!started) return failure{std::move(started).error()};
  return started->process;
}

result<running_task, supervisor_error> task_place::try_start(closure_ptr body) const {
  const auto started = spawn_task(std::move(body));
  if (!started) return failure{started.error()};
  const pid process = *started;
  kill_unless_gone guard{process};
  const running_task made{process, monitor(process, alias_mode::reply_demonitor), supervised()};
  if (supervised() && linked) {
    try {
      link(process);
    } catch (const error&) {  // somebody has ended it: the monitor says so
    }
  }
  send(process, task_begin{alias_of(made.monitor)});
  guard.is_gone();
  return made;
}

running_task task_place::start(closure_ptr body) const {
  auto started = try_start(std::move(body));
  if (started) return *started;
  if (started.error().what == supervisor_error::kind::max_children) {
    throw error{
        errc::process_limit,
        fmt::format("task: expected the task supervisor {} to have fewer tasks than its max_children, it has as many: "
                    "await some, raise the limit, or keep max_concurrency of a stream below it",
                    supervisor)};
  }
  throw start_failed{std::move(started).error().start};
}

}  // namespace detail

std::vector<pid> task_supervisor_ref::children() const {
  std::vector<pid> all;
  for (const child_info& c : dynamic_supervisor_ref{process_}.which_children()) {
    if (c.process) all.push_back(c.process);
  }
  return all;
}
result<void, supervisor_error> task_supervisor_ref::terminate_child(pid child) const {
  return dynamic_supervisor_ref{process_}.terminate_child(child);
}
void task_supervisor_ref::stop(exit_reason reason, detail::deadline limit) const {
  dynamic_supervisor_ref{process_}.stop(std::move(reason), limit);
}
result<pid, supervisor_error> task_supervisor_ref::start(child_spec spec) const {
  auto started = dynamic_supervisor_ref{process_}.start_child(std::move(spec));
  if (!started) return failure{std::move(started).error()};
  return started->process;
}

result<task_supervisor_ref, start_error> try_start_task_supervisor(dynamic_supervisor_options options) {
  auto started = try_start_dynamic_supervisor(std::move(options));
  if (!started) return failure{std::move(started).error()};
  return task_supervisor_ref{started->process()};
}
task_supervisor_ref start_task_supervisor(dynamic_supervisor_options options) {
  return detail::started_or_throw(try_start_task_supervisor(std::move(options)));
}
child_spec child_task_supervisor(std::string id, dynamic_supervisor_options options) {
  return child_dynamic_supervisor(std::move(id), std::move(options));
}

}  // namespace joist::inline v0
