#include <joist/alias.hpp>
#include <joist/detail/request.hpp>
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

// The other end is told of a watch that is there; `p`'s owner_scope lasts from before that.
void begin_watching(worker& here, process_control& p, pid target, std::uint64_t reference, alias_mode mode) {
  if (!send_monitor(here, target, reference, mode)) {
    node_ptr answer = make_signal<node_kind::down, down_payload>(reference, target, exit_reason::noproc);
    (void)here.home.deliver(here.home.pid_of(p), answer, &here);
  } else if (p.ending) [[unlikely]] {  // what it watched has been told already that it does so no more
    send_demonitor(here, target, reference);
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
  begin_watching(here, p, target, reference, mode);
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

alias detail::prepare_request() {
  worker& w = spend(require_process("call"));
  process_control& p = *w.running;
  const std::uint64_t reference = new_ref(w);
  p.box.set_mark(reference);
  return {w.home.pid_of(p), ref{reference}};
}

send_result detail::send_request(pid server, node_ptr request, ref monitor) {
  worker& w = *this_worker();
  process_control& p = *w.running;
  const std::uint64_t reference = monitor.value();
  constexpr alias_mode mode = alias_mode::reply_demonitor;
  const bool of_oneself = server == w.home.pid_of(p);  // M03
  const process_control* to = server.node() == w.home.node ? w.home.table.place_of(server) : nullptr;
  // A mailbox with a limit may drop the request: its owner is watched all the same.
  const bool in_one = to != nullptr && !of_oneself && to->mailbox_limit.load(std::memory_order_relaxed) == 0;
  sending sent;
  {
    const owner_scope scope{p};
    watch& entry = p.more().watching[reference];
    entry.target = server;
    entry.mode = mode;
    request->word = in_one ? reference | asks : 0;
    if (!in_one && !of_oneself) begin_watching(w, p, server, reference, mode);
    sent = send_on(&w, server, request);
    if (sent.result == send_result::mailbox_full) {
      p.extras->watching.erase(reference);
      send_demonitor(w, server, reference);
    } else if (in_one && request != nullptr) {  // it has ended just now
      begin_watching(w, p, server, reference, mode);
    } else if (in_one && p.ending) [[unlikely]] {
      send_demonitor(w, server, reference);
    }
  }
  request.reset();  // runs a destructor of the user's
  charge(*this_worker(), sent.price);
  return sent.result;
}

bool demonitor(ref reference, demonitor_option option) {
  worker& w = require_process("demonitor");
  process_control& p = *w.running;
  if (p.box.in_guard)
    throw error{errc::bad_wait, "demonitor: not from a receive guard: it would change the mailbox under the scan"};
  charge(w);
  watch gone;  // destroyed after the scope, for its tag is the user's
  const owner_scope scope{p};
  if (take_watch(p, reference.value(), gone)) {
    send_demonitor(*this_worker(), gone.target, reference.value());
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
