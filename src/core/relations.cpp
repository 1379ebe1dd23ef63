#include "core/relations.hpp"

#include "core/claim.hpp"
#include "core/scheduler.hpp"

namespace joist::inline v0::core {

void add_link(process_control& p, pid other) { p.more().links[other.value()].link_came(); }

link_end* find_link(process_control& p, pid other) {
  return p.extras != nullptr ? p.extras->links.find(other.value()) : nullptr;
}

namespace {

void forget_if_over(process_control& p, pid other, const link_end& end) {
  if (end.is_over()) p.extras->links.erase(other.value());
}

}  // namespace

bool drop_link(process_control& p, pid other) {
  link_end* end = find_link(p, other);
  if (end == nullptr || !end->exit_came()) return false;
  forget_if_over(p, other, *end);
  return true;
}

void answer_unlink(process_control& p, pid other) {
  if (link_end* end = find_link(p, other)) {
    end->unlink_came();
    forget_if_over(p, other, *end);
  }
  worker& w = *this_worker();
  node_ptr answer = make_signal<node_kind::unlink_ack>(w.home.pid_of(p).value());
  (void)w.home.deliver(other, answer, &w);
}

void unlink_acknowledged(process_control& p, pid other) {
  link_end* end = find_link(p, other);
  if (end == nullptr) return;
  end->acknowledged();
  forget_if_over(p, other, *end);
}

namespace {

// In the word of a reply, beside the reference: whom it comes from has forgotten the monitor.
constexpr std::uint64_t watch_has_ended = std::uint64_t{1} << 63;

}  // namespace

void send_demonitor(worker& w, pid target, std::uint64_t reference) {
  node_ptr signal = make_signal<node_kind::demonitor>(reference);
  if (target) (void)w.home.deliver(target, signal, &w);
}

bool send_monitor(worker& w, pid target, std::uint64_t reference, alias_mode mode) {
  const pid me = w.home.pid_of(*w.running);
  node_ptr signal =
      make_signal<node_kind::monitor, monitor_payload>(reference, monitor_payload{me, mode == alias_mode::reply_demonitor});
  return target && w.home.deliver(target, signal, &w);
}

bool take_watch(process_control& p, std::uint64_t reference, watch& taken) {
  watch* found = p.extras != nullptr ? p.extras->watching.find(reference) : nullptr;
  if (found == nullptr) return false;
  taken = std::move(*found);
  p.extras->watching.erase(reference);
  return true;
}

bool accept_alias(process_control& p, detail::node& message) {
  const bool has_ended = (message.word & watch_has_ended) != 0;
  const std::uint64_t reference = message.word &= ~watch_has_ended;
  if (p.extras == nullptr) return false;
  process_extras& x = *p.extras;
  if (watch* w = x.watching.find(reference)) {
    if (w->mode == alias_mode::reply_demonitor) {
      watch gone;
      (void)take_watch(p, reference, gone);
      if (!has_ended) send_demonitor(*this_worker(), gone.target, reference);
      return true;
    }
    if (w->is_alias()) return true;
  }
  alias_entry* found = x.aliases.find(reference);
  if (found == nullptr) return false;
  if (found->one_reply) x.aliases.erase(reference);
  return true;
}

std::uint64_t end_watch_by_reply(worker& w, pid owner, std::uint64_t reference) {
  process_control& p = *w.running;
  const owner_scope scope{p};                             // the watcher may declare it dead now
  if (p.ending || p.extras == nullptr) return reference;  // its watchers have been told
  watcher_entry* found = p.extras->watchers.find(reference);
  if (found == nullptr || !found->until_reply || found->process != owner) return reference;
  // A mailbox with a limit may drop the reply: then the monitor has to go on.
  const process_control* to = owner.node() == w.home.node ? w.home.table.place_of(owner) : nullptr;
  if (to == nullptr || to->mailbox_limit.load(std::memory_order_relaxed) > 0) return reference;
  p.extras->watchers.erase(reference);
  return reference | watch_has_ended;
}

}  // namespace joist::inline v0::core
