// The functions of process.hpp, message.hpp, names.hpp and local.hpp.
#include <joist/local.hpp>
#include <joist/message.hpp>
#include <joist/names.hpp>
#include <joist/process.hpp>

#include <algorithm>

#include "base/pool.hpp"
#include "core/inspect.hpp"
#include "core/relations.hpp"
#include "core/scheduler.hpp"

namespace joist::inline v0 {

using namespace core;

namespace {

// Creating a process costs as much as many messages; and the parent should give way before its run queue is full.
constexpr std::int32_t spawn_reductions = 16;

send_result mailbox_is_full(scheduler& home, process_control& p, pid target, worker* here) {
  p.queued.fetch_sub(1, std::memory_order_relaxed);
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
  if (home.find(target) != &p) return send_result::sent;
  if (p.queued.fetch_add(1, std::memory_order_relaxed) >= limit) return mailbox_is_full(home, p, target, here);
  if (!home.push(p, target, message, here)) p.queued.fetch_sub(1, std::memory_order_relaxed);
  return send_result::sent;
}

send_result send_from_anywhere(pid target, node_ptr message, std::uint64_t alias_word) {
  message->word = alias_word;
  worker* w = this_worker();
  if (w == nullptr || target.node() != w->home.node) [[unlikely]] {
    const node_guard other{target.node()};
    return other.get() != nullptr ? deliver_message(*other.get(), target, message, nullptr) : send_result::sent;
  }
  process_control* p = w->home.table.place_of(target);
  if (p == nullptr) [[unlikely]]
    return send_result::sent;
  const send_result result = deliver_to_place(w->home, *p, target, message, w);
  message.reset();  // what the dead did not take goes before others have their turn
  if (w->running != nullptr) charge(*w, price_of_send(*p));
  return result;
}

}  // namespace

send_result core::deliver_message(scheduler& home, pid target, node_ptr& message, worker* here) {
  process_control* p = home.table.place_of(target);
  return p != nullptr ? deliver_to_place(home, *p, target, message, here) : send_result::sent;
}

send_result detail::send_node(pid target, node_ptr message) { return send_from_anywhere(target, std::move(message), 0); }

send_result detail::send_node(const alias& target, node_ptr message) {
  return send_from_anywhere(target.owner(), std::move(message), target.reference().value());
}

send_result detail::send_node(std::string_view name, node_ptr message) {
  worker& w = require_process("send");
  const pid target = w.home.names.find(name);
  if (!target) throw error{errc::name_unknown, fmt::format("send: no process is registered as \"{}\"", name)};
  return send_from_anywhere(target, std::move(message), 0);
}

monitored detail::spawn_closure(closure_ptr body, const spawn_options* options, spawn_mode mode) {
  worker& w = require_process("spawn");
  process_control& parent = *w.running;
  process_control& child = w.home.create(std::move(body), options, &w);
  monitored result{w.home.pid_of(child), {}};
  const pid me = w.home.pid_of(parent);
  if (mode == spawn_mode::link) {
    parent.more().links[result.process.value()].active = true;
    child.more().links[me.value()].active = true;
  } else if (mode == spawn_mode::monitor) {
    result.monitor = ref{new_ref(w)};
    parent.more().watching[result.monitor.value()].target = result.process;
    child.more().watchers[result.monitor.value()] = me;
  }
  make_ready(w, child, false);
  if (mode == spawn_mode::link && parent.ending) {  // its links have been told already: this one is told now
    node_ptr signal = make_signal<node_kind::exit, exit_payload>(me.value(), parent.extras->reason, true);
    (void)w.home.deliver(result.process, signal, &w);
  }
  charge(w, spawn_reductions);
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
    (void)w->home.deliver(target, signal, w);
  } else if (const node_guard other{target.node()}; other.get() != nullptr) {
    (void)other.get()->deliver(target, signal, nullptr);
  }
  if (!from_process) return;
  process_control& p = *w->running;
  if (target == me && !p.ending && !p.box.in_guard) {
    take_signals(p);  // L08: one's own exit signal is seen at once
    if (p.ending) unwind_from_wait(p, true);
  }
  charge(*this_worker());
}

bool trap_exit(bool on) {
  worker& w = require_process("trap_exit");
  process_control& p = *w.running;
  if (!p.ending && !p.box.in_guard) take_signals(p);  // L13: what has come is acted on as things were
  if (p.ending) unwind_from_wait(p, true);
  return std::exchange(p.traps_exits, on);
}

void yield() {
  worker& w = require_process("yield");
  w.reductions_left = 0;
  out_of_reductions(w);
  process_control& p = *this_worker()->running;
  if (p.ending) unwind_from_wait(p, true);
}

void checkpoint() {
  worker& w = require_process("checkpoint");
  charge(w);
  process_control& p = *this_worker()->running;
  if (p.ending) [[unlikely]]
    unwind_from_wait(p, true);
}

void register_name(std::string_view name, pid process) {
  worker& w = require_process("register_name");
  w.home.names.add(name, process);
  charge(w);
}

void register_name(std::string_view name) { register_name(name, self()); }

void unregister_name(std::string_view name) { require_process("unregister_name").home.names.remove(name); }

std::optional<pid> whereis(std::string_view name) {
  const pid found = require_process("whereis").home.names.find(name);
  return found ? std::optional{found} : std::nullopt;
}

std::vector<std::string> registered_names() { return require_process("registered_names").home.names.all(); }

detail::local_slot* detail::find_local_storage(const void* key) {
  const process_extras* x = require_process("process_local").running->extras;
  if (x == nullptr) return nullptr;
  auto& locals = require_process("process_local").running->extras->locals;
  const auto found = std::find_if(locals.begin(), locals.end(), [key](const auto& l) { return l.first == key; });
  return found == locals.end() ? nullptr : &found->second;
}

detail::local_slot& detail::local_storage(const void* key) {
  if (local_slot* found = find_local_storage(key)) return *found;
  auto& locals = require_process("process_local").running->more().locals;
  return locals.emplace_back(key, local_slot{nullptr, nullptr}).second;
}

}  // namespace joist::inline v0
