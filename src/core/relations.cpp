#include "core/relations.hpp"

#include "core/scheduler.hpp"

namespace joist::inline v0::core {

void add_link(process_control& p, pid other) { p.more().links[other.value()].active = true; }

bool drop_link(process_control& p, pid other) {
  link_end* end = p.extras != nullptr ? p.extras->links.find(other.value()) : nullptr;
  // While an unlink of ours is not acknowledged, the exit was sent before it was seen: of a link that is gone.
  if (end == nullptr || end->unlinks > 0 || !end->active) return false;
  p.extras->links.erase(other.value());
  return true;
}

void answer_unlink(process_control& p, pid other) {
  link_end* end = p.extras != nullptr ? p.extras->links.find(other.value()) : nullptr;
  if (end != nullptr && end->unlinks == 0) p.extras->links.erase(other.value());
  worker& w = *this_worker();
  node_ptr answer = make_signal<node_kind::unlink_ack>(w.home.pid_of(p).value());
  (void)w.home.deliver(other, answer, &w);
}

void unlink_acknowledged(process_control& p, pid other) {
  link_end* end = p.extras != nullptr ? p.extras->links.find(other.value()) : nullptr;
  if (end == nullptr || end->unlinks == 0) return;
  if (--end->unlinks == 0 && !end->active) p.extras->links.erase(other.value());
}

bool accept_alias(process_control& p, std::uint64_t reference) {
  alias_entry* found = p.extras != nullptr ? p.extras->aliases.find(reference) : nullptr;
  if (found == nullptr) return false;
  if (!found->one_reply) return true;
  p.extras->aliases.erase(reference);
  if (watch* w = p.extras->watching.find(reference)) {
    worker& here = *this_worker();
    node_ptr signal = make_signal<node_kind::demonitor>(reference);
    if (w->target) (void)here.home.deliver(w->target, signal, &here);
    p.extras->watching.erase(reference);
  }
  return true;
}

}  // namespace joist::inline v0::core
