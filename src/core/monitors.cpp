#include <joist/alias.hpp>
#include <joist/monitor.hpp>
#include <joist/names.hpp>
#include <joist/receive.hpp>
#include <joist/ref.hpp>

#include "core/claim.hpp"
#include "core/relations.hpp"
#include "core/scheduler.hpp"
#include "core/simulation.hpp"

namespace joist::inline v0 {

using namespace core;

namespace {

// References are unique in the program: workers take them in blocks.
constexpr std::uint64_t ref_block = std::uint64_t{1} << 16;
constinit std::atomic<std::uint64_t> refs_taken{ref_block};

// Of a monitor that has fired, the message is in the mailbox, or was taken.
void flush_down(process_control& p, std::uint64_t reference) {
  for (node** at = &p.box.head; *at != nullptr; at = &(*at)->next) {
    if ((*at)->word != down_mark(reference)) continue;
    (void)p.box.take(at);
    if (p.box.limited) count_off(p);
    return;
  }
}

// The watch is there before the signal goes, so the answer finds it, however fast it comes.
ref watch_process(worker& w, pid target, alias_mode mode, watch entry) {
  process_control& p = *w.running;
  worker& here = spend(w);
  const std::uint64_t reference = new_ref(here);
  p.box.set_mark(reference);
  const pid me = here.home.pid_of(p);
  entry.target = target;
  entry.mode = mode;
  const owner_scope scope{p};
  p.more().watching[reference] = std::move(entry);
  if (mode == alias_mode::explicit_unalias) p.extras->aliases[reference] = {};
  if (target == me) return ref{reference};  // M03: a monitor of oneself never fires
  if (!send_monitor(here, target, reference, mode)) {
    node_ptr answer = make_signal<node_kind::down, down_payload>(reference, target, exit_reason::noproc);
    (void)here.home.deliver(me, answer, &here);
  } else if (p.ending) [[unlikely]] {  // what it watched has been told already that it does so no more
    node_ptr signal = make_signal<node_kind::demonitor>(reference);
    (void)here.home.deliver(target, signal, &here);
  }
  return ref{reference};
}

}  // namespace

std::uint64_t core::new_ref(worker& w) {
  if (w.simulated != nullptr) return w.simulated->new_ref();
  if (w.next_ref % ref_block == 0) w.next_ref = refs_taken.fetch_add(ref_block, std::memory_order_relaxed) + 1;
  return w.next_ref++;
}

ref make_ref() {
  worker* w = this_worker();
  if (w == nullptr) return ref{refs_taken.fetch_add(ref_block, std::memory_order_relaxed) + 1};
  if (w->running != nullptr) w = &spend(*w);
  const std::uint64_t reference = new_ref(*w);
  if (w->running != nullptr) {
    process_control& p = *w->running;
    // What is on its way was sent before the reference existed.
    if (!p.ending && !p.box.in_guard) take_signals(p);
    p.box.set_mark(reference);
  }
  return ref{reference};
}

ref monitor(pid target) { return watch_process(require_process("monitor"), target, alias_mode::none, {}); }

ref monitor(pid target, alias_mode mode) { return watch_process(require_process("monitor"), target, mode, {}); }

ref monitor(std::string_view name) {
  worker& w = require_process("monitor");
  watch entry;
  entry.name = std::make_unique<std::string>(name);
  return watch_process(w, w.home.names.find(name), alias_mode::none, std::move(entry));
}

ref detail::monitor_with(pid target, alias_mode mode, prepared_down prepared) {
  worker& w = require_process("monitor_tagged");
  watch entry;
  entry.prepared = std::move(prepared);
  return watch_process(w, target, mode, std::move(entry));
}

bool demonitor(ref reference, demonitor_option option) {
  worker& w = require_process("demonitor");
  process_control& p = *w.running;
  if (p.box.in_guard)
    throw error{errc::bad_wait, "demonitor: not from a receive guard: it would change the mailbox under the scan"};
  charge(w);
  const owner_scope scope{p};
  watch* found = p.extras != nullptr ? p.extras->watching.find(reference.value()) : nullptr;
  if (found != nullptr) {
    worker& here = *this_worker();
    node_ptr signal = make_signal<node_kind::demonitor>(reference.value());
    if (found->target) (void)here.home.deliver(found->target, signal, &here);
    p.extras->watching.erase(reference.value());
    return true;
  }
  if (option == demonitor_option::flush) flush_down(p, reference.value());
  return false;
}

alias make_alias(alias_use use) {
  process_control& p = *require_process("make_alias").running;
  const ref reference = make_ref();
  const owner_scope scope{p};
  p.more().aliases[reference.value()].one_reply = use == alias_use::one_reply;
  return {self(), reference};
}

alias alias_of(ref reference) {
  const worker& w = require_process("alias_of");
  return {w.home.pid_of(*w.running), reference};
}

bool unalias(ref reference) {
  worker& w = require_process("unalias");
  process_control& p = *w.running;
  charge(w);
  const owner_scope scope{p};
  if (p.extras == nullptr) return false;
  if (p.extras->aliases.erase(reference.value())) return true;
  watch* found = p.extras->watching.find(reference.value());
  if (found == nullptr || !found->is_alias()) return false;
  // It watches on. Its other end may take a reply for the end of the monitor until it hears that none is.
  if (found->target && found->target != self() && found->mode == alias_mode::reply_demonitor)
    (void)send_monitor(*this_worker(), found->target, reference.value(), alias_mode::none);
  found->mode = alias_mode::none;
  return true;
}

}  // namespace joist::inline v0
