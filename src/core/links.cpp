#include <joist/link.hpp>
#include <joist/process.hpp>

#include "core/claim.hpp"
#include "core/relations.hpp"
#include "core/scheduler.hpp"

namespace joist::inline v0 {

using namespace core;

void link(pid other) {
  worker& w = spend(require_process("link"));
  process_control& p = *w.running;
  if (!other) throw error{errc::bad_argument, "link: expected a pid, got one that names nobody"};
  const pid me = w.home.pid_of(p);
  if (other == me) return;
  const owner_scope here{p};
  if (!p.more().links[other.value()].link()) return;
  node_ptr signal = make_signal<node_kind::link>(me.value());
  if (w.home.deliver(other, signal, &w)) {
    if (!p.ending) return;
    signal = make_signal<node_kind::exit, exit_payload>(me.value(), p.extras->reason, true);  // its other links know
    (void)w.home.deliver(other, signal, &w);
    p.extras->links.erase(other.value());  // told and over: a further one is told as well
    return;
  }
  p.extras->links.erase(other.value());
  if (!p.traps_exits) throw error{errc::no_process, fmt::format("link: no living process {}", other)};
  signal = make_signal<node_kind::exit, exit_payload>(other.value(), exit_reason::noproc, false);
  (void)w.home.deliver(me, signal, &w);
}

void unlink(pid other) {
  worker& w = require_process("unlink");
  process_control& p = *w.running;
  charge(w);
  // L13: an exit signal that is here already is not undone by an unlink.
  if (!p.ending) take_signals(p);
  const owner_scope scope{p};
  link_end* end = find_link(p, other);
  if (end == nullptr || !end->unlink()) return;
  worker& here = *this_worker();
  node_ptr signal = make_signal<node_kind::unlink>(here.home.pid_of(p).value());
  if (!here.home.deliver(other, signal, &here)) p.extras->links.erase(other.value());
}

}  // namespace joist::inline v0
