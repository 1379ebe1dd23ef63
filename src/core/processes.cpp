// The functions of process.hpp, message.hpp, names.hpp and local.hpp.
#include <joist/local.hpp>
#include <joist/message.hpp>
#include <joist/names.hpp>
#include <joist/preempt.hpp>
#include <joist/process.hpp>

#include <algorithm>

#include "base/pool.hpp"
#include "core/claim.hpp"
#include "core/inspect.hpp"
#include "core/relations.hpp"
#include "core/scheduler.hpp"
#include "core/trace.hpp"

namespace joist::inline v0 {

using namespace core;

namespace {

// Creating a process costs as much as many messages; and the parent should give way before its run queue is full.
constexpr std::int32_t spawn_reductions = 16;

send_result mailbox_is_full(scheduler& home, process_control& p, pid target, worker* here) {
  p.queued.take_off(target.generation());
  switch (p.when_full.load(std::memory_order_relaxed)) {
    case mailbox_policy::drop_newest: return send_result::sent;
    case mailbox_policy::fail: return send_result::mailbox_full;
    case mailbox_policy::kill: {
      node_ptr signal = make_signal<node_kind::exit, exit_payload>(0, exit_reason::kill, false);
      (void)home.deliver(target, signal, here);
      return send_result::sent;
    }
  }
  return send_result::sent;
}

// A message to a process that has many waiting costs its sender more, so that it has its turn less often and the
// receiver more: what OTP called sender punishment. Else four senders to one receiver fill the memory in equal turns.
constexpr std::uint32_t backlog_per_reduction = 1024;
constexpr std::uint32_t most_reductions_per_send = 16;

std::int32_t price_of_send(const process_control& p) noexcept {
  const std::uint32_t backlog = p.backlog.load(std::memory_order_relaxed);
  return static_cast<std::int32_t>(std::min(1 + backlog / backlog_per_reduction, most_reductions_per_send));
}

send_result deliver_to_place(scheduler& home, process_control& p, pid target, node_ptr& message, worker* here) {
  const std::uint32_t limit = p.mailbox_limit.load(std::memory_order_relaxed);
  if (limit == 0) [[likely]] {
    (void)home.push(p, target, message, here);
    return send_result::sent;
  }
  const auto before = p.queued.add(target.generation());
  if (!before || home.find(target) != &p) return send_result::sent;
  if (*before >= limit) return mailbox_is_full(home, p, target, here);
  if (!home.push(p, target, message, here)) p.queued.take_off(target.generation());
  return send_result::sent;
}

send_result send_from_anywhere(pid target, node_ptr message, std::uint64_t alias_word) {
  worker* w = this_worker();
  const bool from_process = w != nullptr && w->running != nullptr;
  if (message == nullptr)
    throw error{errc::bad_argument, "send: expected a message, this any_message has been passed on already"};
  message->word = alias_word != 0 && from_process ? end_watch_by_reply(*w, target, alias_word) : alias_word;
  // M04, L12: what is dead sends nothing more, but for what its destructors send, and telemetry handlers.
  if (from_process && w->running->ending && !w->running->telling && !cleans_up(*w->running)) [[unlikely]] {
    charge(*w);
    return send_result::sent;
  }
  const sending sent = send_on(w, target, message);
  if (message != nullptr) {
    message.reset();                      // what the dead did not take goes before others have their turn
    if (from_process) w = this_worker();  // its destructor may have sent, and so moved this process
  }
  if (from_process) charge(*w, sent.price);
  return sent.result;
}

}  // namespace

core::sending core::send_on(worker* here, pid target, node_ptr& message) {
  if (here == nullptr || target.node() != here->home.node) [[unlikely]] {
    const node_guard other{target.node()};
    return {other.get() != nullptr ? deliver_message(*other.get(), target, message, nullptr) : send_result::sent};
  }
  if (here->simulated != nullptr) [[unlikely]]
    trace_send(*here, target, *message);
  process_control* p = here->home.table.place_of(target);
  if (p == nullptr) return {};
  return {deliver_to_place(here->home, *p, target, message, here), price_of_send(*p)};
}

send_result core::deliver_message(scheduler& home, pid target, node_ptr& message, worker* here) {
  if (here != nullptr && here->simulated != nullptr) [[unlikely]]
    trace_send(*here, target, *message);
  process_control* p = home.table.place_of(target);
  return p != nullptr ? deliver_to_place(home, *p, target, message, here) : send_result::sent;
}

send_result detail::send_node(pid target, node_ptr message) { return send_from_anywhere(target, std::move(message), 0); }

send_result detail::send_node(const alias& target, node_ptr message) {
  const std::uint64_t reference = target.reference().value();
  if (!may_be_alias(reference)) return send_from_anywhere(pid{}, std::move(message), 0);  // as to one that is off
  return send_from_anywhere(target.owner(), std::move(message), reference);
}

send_result detail::send_node(std::string_view name, node_ptr message) {
  worker& w = require_process("send");
  const pid target = w.home.names.find(name);
  if (!target) throw error{errc::name_unknown, fmt::format("send: no process is registered as \"{}\"", shown_name(name))};
  return send_from_anywhere(target, std::move(message), 0);
}

bool core::deliver_uncounted(scheduler& home, pid target, node_ptr& message, worker* here) {
  if (target.node() != home.node) {
    const node_guard other{target.node()};
    return other.get() != nullptr && deliver_uncounted(*other.get(), target, message, nullptr);
  }
  process_control* p = home.table.place_of(target);
  if (p == nullptr) return false;
  const bool counted = p->mailbox_limit.load(std::memory_order_relaxed) > 0 && p->queued.add(target.generation());
  const bool taken = home.push(*p, target, message, here);
  if (counted && !taken) p->queued.take_off(target.generation());
  return taken;
}

namespace {

void relate(worker& w, process_control& parent, process_control& child, detail::spawn_mode mode, monitored& made) {
  const pid me = w.home.pid_of(parent);
  if (links(mode)) {
    parent.more().links[made.process.value()].link_came();
    child.more().links[me.value()].link_came();
  }
  if (monitors(mode)) {
    made.monitor = ref{new_ref(w)};
    parent.more().watching[made.monitor.value()].target = made.process;
    child.more().watchers[made.monitor.value()].process = me;
  }
}

}  // namespace

monitored detail::spawn_closure(closure_ptr body, const spawn_options* options, spawn_mode mode, first_turn turn) {
  worker& w = spend(require_process("spawn"), spawn_reductions);
  process_control& parent = *w.running;
  const pid me = w.home.pid_of(parent);
  const owner_scope scope{parent};
  if (links(mode)) (void)parent.more();  // what needs memory comes before there is a child
  process_control& child = w.home.create(std::move(body), options, &w);
  monitored result{w.home.pid_of(child), {}};
  if (mode != spawn_mode::plain) {
    const owner_scope childs{child};  // its place may have been claimed for the process before it
    relate(w, parent, child, mode, result);
  }
  if (w.simulated != nullptr) [[unlikely]]
    trace_spawn(w, child);
  make_ready(w, child, turn == first_turn::next);
  if (links(mode) && parent.ending) {  // its links have been told already: this one is told now
    node_ptr signal = make_signal<node_kind::exit, exit_payload>(me.value(), parent.extras->reason, true);
    (void)w.home.deliver(result.process, signal, &w);
  }
  return result;
}

pid self() {
  worker& w = require_process("self");
  return w.home.pid_of(*w.running);
}

bool in_process() noexcept {
  const worker* w = this_worker();
  return w != nullptr && w->running != nullptr;
}

pid parent() { return require_process("parent").running->parent; }

void exit(exit_reason reason) {
  (void)require_process("exit");
  throw process_exit{std::move(reason)};
}

void exit(pid target, exit_reason reason) {
  worker* w = this_worker();
  const bool from_process = w != nullptr && w->running != nullptr;
  const pid me = from_process ? w->home.pid_of(*w->running) : pid{};
  node_ptr signal = make_signal<node_kind::exit, exit_payload>(me.value(), std::move(reason), false);
  if (w != nullptr) {
    if (w->simulated != nullptr) [[unlikely]]
      trace_send(*w, target, *signal);
    (void)w->home.deliver(target, signal, w);
  } else if (const node_guard other{target.node()}; other.get() != nullptr) {
    (void)other.get()->deliver(target, signal, nullptr);
  }
  if (!from_process) return;
  process_control& p = *w->running;
  if (target == me && !p.ending) {
    take_signals(p);  // L08: one's own exit signal is seen at once
    if (p.ending) unwind_from_wait(p, true);
  }
  charge(*this_worker());
}

bool trap_exit(bool on) {
  process_control& p = *spend(require_process("trap_exit")).running;
  if (!p.ending) take_signals(p);  // L13: what has come is acted on as things were
  if (p.ending) unwind_from_wait(p, true);
  const owner_scope scope{p};
  return std::exchange(p.traps_exits, on);
}

void yield() {
  worker& w = require_process("yield");
  if (w.running->box.in_guard)
    throw error{errc::bad_wait, "yield: not from a receive guard: it would wait in the middle of a scan"};
  if (w.running->uninterrupted > 0) throw error{errc::bad_wait, "yield: not within no_preempt"};
  w.running->spend(0U - static_cast<std::uint32_t>(std::exchange(w.reductions_left, 0)));  // given up, not used
  out_of_reductions(w);
  process_control& p = *this_worker()->running;
  if (p.ending) unwind_from_wait(p, true);
}

void hibernate_next_wait() { require_process("hibernate_next_wait").running->hibernates = true; }
void hibernate_on_return() { require_process("hibernate_on_return").running->begins_anew = true; }

no_preempt::no_preempt() noexcept {
  if (worker* w = this_worker(); w != nullptr && w->running != nullptr) ++w->running->uninterrupted;
}

no_preempt::~no_preempt() {
  worker* w = this_worker();
  if (w != nullptr && w->running != nullptr && --w->running->uninterrupted == 0 && w->reductions_left <= 0)
    (void)give_turn(*w);  // never throws: who is ended is unwound at its next call
}

void log(log_level level, std::string_view text) {
  const worker* w = this_worker();
  if (w == nullptr || !w->home.logs(level)) return;
  const pid who = w->running != nullptr ? w->home.pid_of(*w->running) : pid{};
  w->home.log(report{report_kind::notice, level, who, std::string{text}});
}
void log(const report& r) {
  const worker* w = this_worker();
  if (w != nullptr && w->home.logs(r.level)) w->home.log(r);
}
bool logs(log_level level) noexcept {
  const worker* w = this_worker();
  return w != nullptr && w->home.logs(level);
}

void checkpoint() { (void)spend(require_process("checkpoint")); }

void register_name(std::string_view name, pid process) {
  spend(require_process("register_name")).home.names.add(name, process);
}

void register_name(std::string_view name) {
  worker& w = spend(require_process("register_name"));
  w.home.names.add(name, w.home.pid_of(*w.running));
}

void unregister_name(std::string_view name) {
  worker& w = require_process("unregister_name");
  w.home.names.remove(name);
  charge(w);
}

std::optional<pid> whereis(std::string_view name) {
  const pid found = spend(require_process("whereis")).home.names.find(name);
  return found ? std::optional{found} : std::nullopt;
}

std::vector<std::string> registered_names() { return spend(require_process("registered_names"), 16).home.names.all(); }

detail::local_value* detail::find_local(const void* key) {
  const process_extras* x = require_process("process_local").running->extras.get();
  local_value* at = x != nullptr ? x->locals : nullptr;
  while (at != nullptr && at->key != key) at = at->next;
  return at;
}

void detail::add_local(local_value& made) {
  process_control& p = *require_process("process_local").running;
  const owner_scope scope{p};
  made.next = std::exchange(p.more().locals, &made);
}

}  // namespace joist::inline v0
