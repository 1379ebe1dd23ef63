#include "core/inspect.hpp"

#include <joist/receive.hpp>

#include "core/claim.hpp"
#include "core/scheduler.hpp"
#include "fiber/slot.hpp"

namespace joist::inline v0 {

using namespace core;

namespace {

constexpr std::int32_t reductions_of_a_list = 100;

process_details details_of(process_control& p, bool is_running) {
  scheduler& home = this_worker()->home;
  process_details d;
  d.process = home.pid_of(p);
  d.parent = p.parent;
  d.priority = p.priority;
  d.trap_exit = p.traps_exits;
  d.message_queue_length = p.box.length;
  d.mailbox_bytes = p.box.bytes_held();
  d.reductions = p.spent;
  d.name = home.names.name_of(d.process);
  d.status = is_running || p.left_with == intent::yield ? process_status::running : process_status::waiting;
  if (!is_running && p.context != nullptr) {
    d.stack_bytes = static_cast<std::size_t>(p.stack->top - static_cast<std::byte*>(p.context));
  }
  if (p.extras == nullptr) return d;
  process_extras& x = *p.extras;
  d.label = x.label;
  if (x.suspends > 0) d.status = process_status::suspended;
  x.links.for_each([&](std::uint64_t other, const link_end& end) {
    if (end.is_active()) d.links.push_back(pid::from_value(other));
  });
  d.aliases = x.aliases.size();
  x.watching.for_each([&](std::uint64_t, const watch& w) {
    if (w.target != d.process) d.monitors.push_back(w.target);
    if (w.is_alias()) ++d.aliases;
  });
  x.watchers.for_each([&](std::uint64_t, const watcher_entry& w) { d.monitored_by.push_back(w.process); });
  return d;
}

/// L21: while one of high priority waits for an answer, those it may wait for have turns, whoever else is ready.
class urgent_wait {
 public:
  explicit urgent_wait(worker& w) noexcept
      : urgent_askers_{w.running->priority > priority::normal ? &w.home.urgent_askers : nullptr} {
    // relaxed: a hint for workers that look again and again; it publishes nothing.
    if (urgent_askers_ != nullptr) urgent_askers_->fetch_add(1, std::memory_order_relaxed);
  }
  urgent_wait(const urgent_wait&) = delete;
  urgent_wait& operator=(const urgent_wait&) = delete;
  ~urgent_wait() {
    if (urgent_askers_ != nullptr) urgent_askers_->fetch_sub(1, std::memory_order_relaxed);
  }

 private:
  std::atomic<std::uint32_t>* urgent_askers_;  // of the runtime, which outlives its processes
};

inspect_reply ask(pid target, inspection what) {
  const std::uint64_t request = make_ref().value();  // may give others their turn: the worker may be another one then
  worker& w = *this_worker();
  const pid me = w.home.pid_of(*w.running);
  node_ptr signal = make_signal<node_kind::inspect, inspect_payload>(request, me, what);
  const urgent_wait waiting{w};
  if (!w.home.deliver(target, signal, &w)) return {request, std::nullopt, false};
  return receive_reply(ref{request}, when([request](const inspect_reply& r) { return r.request == request; },
                                          [](inspect_reply r) { return r; }));
}

}  // namespace

void core::answer_inspection(process_control& p, std::uint64_t request, const inspect_payload& question, bool alive) {
  worker& w = *this_worker();
  inspect_reply reply{request, std::nullopt, alive};
  if (alive && question.what == inspection::details) reply.details = details_of(p, w.running == &p);
  node_ptr message = detail::make_node<inspect_reply>(std::move(reply));
  (void)deliver_uncounted(w.home, question.asker, message, &w);
}

std::optional<process_details> process_info(pid process) {
  worker& here = spend(require_process("process_info"));
  process_control& p = *here.running;
  if (process != here.home.pid_of(p)) return ask(process, inspection::details).details;
  if (!p.ending) take_signals(p);
  const owner_scope scope{p};
  if (p.ending) return std::nullopt;
  return details_of(p, true);
}

bool is_alive(pid process) {
  worker& here = spend(require_process("is_alive"));
  if (process == here.home.pid_of(*here.running)) return !here.running->ending;
  if (process.node() == here.home.node) {
    const process_control* p = here.home.find(process);
    if (p == nullptr) return false;
    if (p->signals.is_asleep(process.generation())) return true;
  }
  return ask(process, inspection::alive).alive;
}

bool has_ended(pid process) {
  worker* w = this_worker();
  if (w != nullptr && w->running != nullptr) {
    charge(*w);
    w = this_worker();
  }
  if (w != nullptr && process.node() == w->home.node) return w->home.find(process) == nullptr;
  const node_guard other{process.node()};
  return other.get() == nullptr || other.get()->find(process) == nullptr;
}

void suspend(pid target) {
  worker& w = spend(require_process("suspend"));
  process_control& p = *w.running;
  if (target == w.home.pid_of(p))
    throw error{errc::bad_argument, "suspend: a process cannot suspend itself; wait in receive"};
  if (!target) throw error{errc::no_process, "suspend: expected a pid, got one that names nobody"};
  const owner_scope scope{p};
  if (p.ending) unwind_from_wait(p, true);  // declared dead this moment: nobody would resume the target
  ++p.more().rarely().suspending[target.value()];
  node_ptr signal = make_signal<node_kind::suspend>(0);
  if (w.home.deliver(target, signal, &w)) return;
  p.extras->rare->suspending.erase(target.value());
  throw error{errc::no_process, fmt::format("suspend: no living process {}", target)};
}

void resume(pid target) {
  worker& w = spend(require_process("resume"));
  process_control& p = *w.running;
  const owner_scope scope{p};
  std::uint32_t* times =
      p.extras != nullptr && p.extras->rare != nullptr && target ? p.extras->rare->suspending.find(target.value()) : nullptr;
  if (times == nullptr && w.home.find(target) == nullptr)
    throw error{errc::no_process, fmt::format("resume: no living process {}", target)};
  if (times == nullptr) {
    throw error{errc::bad_argument, fmt::format("resume: expected a process that the caller has suspended, got {}", target)};
  }
  if (--*times == 0) p.extras->rare->suspending.erase(target.value());
  node_ptr signal = make_signal<node_kind::resume>(0);
  if (w.home.deliver(target, signal, &w)) return;
  p.extras->rare->suspending.erase(target.value());
  throw error{errc::no_process, fmt::format("resume: no living process {}", target)};
}

std::vector<pid> processes() { return spend(require_process("processes"), reductions_of_a_list).home.all(); }

std::vector<mailbox_length> longest_mailboxes(std::size_t most, std::size_t at_least) {
  return spend(require_process("longest_mailboxes"), reductions_of_a_list).home.longest_mailboxes(most, at_least);
}

std::size_t message_queue_length() { return require_process("message_queue_length").running->box.length; }

system_details system_info() { return spend(require_process("system_info"), reductions_of_a_list).home.info(); }

}  // namespace joist::inline v0
