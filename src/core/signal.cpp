#include "core/signal.hpp"

#include <joist/link.hpp>

#include "base/assert.hpp"
#include "core/claim.hpp"
#include "core/crash_report.hpp"
#include "core/failed_wait.hpp"
#include "core/fault.hpp"
#include "core/inspect.hpp"
#include "core/memory_limit.hpp"
#include "core/relations.hpp"
#include "core/scheduler.hpp"
#include "core/simulation.hpp"
#include "core/timers.hpp"

namespace joist::inline v0::core {
namespace {

void append(process_control& p, node_ptr message) {
  p.box.append(message.release());
  if (p.box.limited) ++p.extras->arrived;
  p.ready = true;
}

// Senders read it with the signal word, whose cache line this one has just had: written when it has changed much.
void tell_backlog(process_control& p) noexcept {
  constexpr std::uint32_t much = 1024;
  if ((p.box.length ^ p.backlog.load(std::memory_order_relaxed)) >= much)
    p.backlog.store(p.box.length, std::memory_order_relaxed);
}

// Signals that become messages have not been counted by their sender.
void append_uncounted(process_control& p, node_ptr message) {
  if (p.box.limited) (void)p.queued.add(p.generation.load(std::memory_order_relaxed));
  append(p, std::move(message));
}

[[nodiscard]] bool is_request(const node& message) noexcept {
  return (message.word & asks) != 0 && message.type->asked_by != nullptr;
}

// The monitor that came with a request. From here on it is a message like others, that may be passed on.
void add_asker(process_control& p, node& request) {
  const std::uint64_t reference = std::exchange(request.word, 0) & ~asks;
  p.more().watchers[reference] = {request.type->asked_by(request), true};
}

void on_message(process_control& p, node_ptr message) {
  if (is_request(*message)) {
    add_asker(p, *message);
  } else if (message->word != 0 && !accept_alias(p, *message)) {
    if (p.box.limited) p.queued.take_off(p.generation.load(std::memory_order_relaxed));
    return drop_unwanted(*this_worker(), std::move(message));
  }
  append(p, std::move(message));
}

// The reason this exit signal ends the process with, if it does. OTP: erts_proc_sig_handle_exit.
bool on_exit(process_control& p, pid self, pid from, exit_payload& signal, exit_reason& ends_with) {
  if (signal.linked && !drop_link(p, from)) return false;
  if (!signal.linked && signal.reason.which() == exit_reason::kind::kill) {
    ends_with = exit_reason::killed;
    return true;
  }
  if (p.traps_exits) {
    append_uncounted(p, detail::make_node<exited>(exited{from, std::move(signal.reason)}));
    return false;
  }
  if (signal.reason.which() == exit_reason::kind::normal && (signal.linked || from != self)) return false;
  ends_with = std::move(signal.reason);
  return true;
}

void on_down(process_control& p, std::uint64_t reference, down_payload& signal) {
  watch w;
  if (!take_watch(p, reference, w)) return;  // demonitored
  down ended{ref{reference}, signal.process, std::move(signal.reason),
             w.name != nullptr ? std::move(*w.name) : std::string{}};
  node_ptr message = std::move(w.prepared.message);
  if (message != nullptr) {
    w.prepared.fill_in(*message, std::move(ended));
  } else {
    message = detail::make_node<down>(std::move(ended));
  }
  message->word = down_mark(reference);
  append_uncounted(p, std::move(message));
}

// Of an exit signal: who else has sent it. Nobody: the process itself, the runtime, or a thread of the program.
pid other_who_asks(const process_control& p, const node& signal) noexcept {
  if (signal.type->kind != node_kind::exit) return {};
  const pid from = pid::from_value(signal.word);
  return from != this_worker()->home.pid_of(p) ? from : pid{};
}

/// What follows from one signal: nothing, or the end of the process.
bool act_on(process_control& p, node_ptr signal, exit_reason& ends_with) {
  const worker& w = *this_worker();
  const pid self = w.home.pid_of(p);
  node& n = *signal;
  const pid from = pid::from_value(n.word);
  switch (n.type->kind) {
    case node_kind::message: on_message(p, std::move(signal)); return false;
    case node_kind::exit: return on_exit(p, self, from, detail::payload_of<exit_payload>(n), ends_with);
    case node_kind::link: add_link(p, from); return false;
    case node_kind::unlink: answer_unlink(p, from); return false;
    case node_kind::unlink_ack: unlink_acknowledged(p, from); return false;
    case node_kind::monitor: {
      const auto& m = detail::payload_of<monitor_payload>(n);
      p.more().watchers[n.word] = {m.watcher, m.until_reply};
      return false;
    }
    case node_kind::demonitor:
      if (p.extras != nullptr) p.extras->watchers.erase(n.word);
      return false;
    case node_kind::down: on_down(p, n.word, detail::payload_of<down_payload>(n)); return false;
    case node_kind::inspect: answer_inspection(p, n.word, detail::payload_of<inspect_payload>(n), true); return false;
    case node_kind::suspend: ++p.more().suspends; return false;
    case node_kind::resume:
      if (p.extras != nullptr && p.extras->suspends > 0) --p.extras->suspends;
      return false;
    case node_kind::timeout:
      if (wait_timer* wait = p.waits.load(std::memory_order_relaxed); wait != nullptr && wait->token == n.word) {
        wait->token = 0;
        p.ready = true;
      }  // else of a wait that is over
      return false;
    case node_kind::parked:
      if (!ends_by_stack(p, n.word)) return false;
      ends_with = exit_reason::killed;
      return true;
  }
  return false;
}

// To be destroyed when the process is cleared, by itself: destructors of users' values.
void keep_for_later(process_control& p, node* message) noexcept {
  if (!p.declared_dead.load(std::memory_order_relaxed)) return p.box.append(message);
  message->next = std::exchange(p.extras->rare->undelivered, message);
}

// What had come and was not acted on when the process ended: questions are answered, messages stay to be destroyed.
void answer_for_the_dead(process_control& p, node_ptr signal) {
  scheduler& home = this_worker()->home;
  const pid self = home.pid_of(p);
  node& n = *signal;
  const pid from = pid::from_value(n.word);
  auto reply = [&](pid to, node_ptr answer) { (void)home.deliver(to, answer, this_worker()); };
  switch (n.type->kind) {
    case node_kind::message:
      if (is_request(n)) {
        const std::uint64_t reference = std::exchange(n.word, 0) & ~asks;
        reply(n.type->asked_by(n), make_signal<node_kind::down, down_payload>(reference, self, exit_reason::noproc));
      }
      return keep_for_later(p, signal.release());
    case node_kind::link:
      return reply(from, make_signal<node_kind::exit, exit_payload>(self.value(), exit_reason::noproc, true));
    case node_kind::unlink: return reply(from, make_signal<node_kind::unlink_ack>(self.value()));
    case node_kind::monitor:
      return reply(detail::payload_of<monitor_payload>(n).watcher,
                   make_signal<node_kind::down, down_payload>(n.word, self, exit_reason::noproc));
    case node_kind::inspect: return answer_inspection(p, n.word, detail::payload_of<inspect_payload>(n), false);
    default: return;
  }
}

void answer_all(process_control& p, node* list) {
  while (list != nullptr) answer_for_the_dead(p, node_ptr{std::exchange(list, list->next)});
}

void tell_relations(process_control& p, pid self, const exit_reason& reason) {
  scheduler& home = this_worker()->home;
  auto send = [&](pid to, node_ptr signal) { (void)home.deliver(to, signal, this_worker()); };
  process_extras& x = *p.extras;
  auto links = std::exchange(x.links, {});
  links.for_each([&](std::uint64_t other, const link_end& end) {
    if (end.is_active())
      send(pid::from_value(other), make_signal<node_kind::exit, exit_payload>(self.value(), reason, true));
  });
  auto watchers = std::exchange(x.watchers, {});
  watchers.for_each([&](std::uint64_t reference, const watcher_entry& w) {
    send(w.process, make_signal<node_kind::down, down_payload>(reference, self, reason));
  });
  // Left in place, and destroyed with the extras: they hold values of users.
  x.watching.for_each([&](std::uint64_t reference, const watch& w) {
    if (w.target) send(w.target, make_signal<node_kind::demonitor>(reference));
  });
  if (x.rare != nullptr) {
    auto suspending = std::exchange(x.rare->suspending, {});
    suspending.for_each([&](std::uint64_t other, std::uint32_t times) {
      for (; times > 0; --times) send(pid::from_value(other), make_signal<node_kind::resume>(0));
    });
  }
  x.aliases = {};
}

void empty_mailbox(process_control& p) noexcept {
  p.box.mark = nullptr;
  while (p.box.head != nullptr) (void)p.box.take(&p.box.head);
}

void tell_listener(process_extras& x, pid by) {
  if (x.rare == nullptr) return;
  const auto listener = std::exchange(x.rare->listener, nullptr);
  if (listener == nullptr) return;
  listener->tell(x.reason, by);
}

// The watcher comes here too, for a process that goes on running: what is the owner's alone, such as its mailbox, and what
// has destructors of users, is left alone for it. Returns what
// is to be logged.
[[nodiscard]] std::optional<report> make_end_known(process_control& p, exit_reason reason, node* rest, pid by) {
  JOIST_ASSERT(!p.ending, "a process ends once");
  scheduler& home = this_worker()->home;
  const pid self = home.pid_of(p);
  const bool declared = p.declared_dead.load(std::memory_order_relaxed);
  std::optional<report> crash;
  if (!reason.is_orderly() && home.options.crash_reports && home.logs(log_level::error) && !home.stopping())
    crash = crash_report_of(home, p, reason);
  // Half told, its links would wait for ever.
  const uncontained telling{this_worker()->running == &p ? &p : nullptr};
  process_extras& x = p.more();
  x.reason = std::move(reason);
  x.spent_at_end = p.spent.load(std::memory_order_relaxed);
  if (simulation* world = this_worker()->simulated) [[unlikely]]
    world->note_end(p, x, by);
  // release: the reason. Who sees that it is ending reads it.
  p.ending.store(true, std::memory_order_release);
  bool slept = false;
  node* late = p.signals.close(slept);
  home.names.forget(p, self);
  if (!declared) drop_timers_late(p);
  tell_relations(p, self, x.reason);
  answer_all(p, rest);
  answer_all(p, late);
  tell_listener(x, by);
  if (slept) home.inject(p);  // it is to be unwound
  return crash;
}

}  // namespace

void take_signals(process_control& p) {
  // The destructor of a tag may be the user's: it must not come here again, nor switch away.
  if (p.box.in_guard) return;
  const detail::guard_scope acting{p.box};
  const owner_scope here{p};
  if (p.urgent.load(std::memory_order_relaxed)) [[unlikely]]
    p.urgent.store(false, std::memory_order_relaxed);
  const std::size_t bytes_before = p.box.bytes;
  node* list = p.signals.take();
  while (list != nullptr) {
    node_ptr first{std::exchange(list, list->next)};
    if (first->type->kind == node_kind::message && first->word == 0) {  // nearly all
      append(p, std::move(first));
      continue;
    }
    exit_reason reason;
    const pid by = other_who_asks(p, *first);
    if (!act_on(p, std::move(first), reason)) continue;
    forget_failed_wait(p);  // it ends by another's reason, were it the same
    // The first exit signal wins; what came after it is as if sent to the dead.
    return announce_exit(p, std::move(reason), list, by);
  }
  tell_backlog(p);
  if (p.box.weighed && !p.ending && ends_by_mailbox(p, bytes_before)) [[unlikely]]
    announce_exit(p, exit_reason::killed, nullptr);
}

namespace {

bool is_kill(node& n) noexcept {
  if (n.type->kind != node_kind::exit) return false;
  const auto& signal = detail::payload_of<exit_payload>(n);
  return !signal.linked && signal.reason.which() == exit_reason::kind::kill;
}

bool contains_kill(node* list) noexcept {
  while (list != nullptr && !is_kill(*list)) list = list->next;
  return list != nullptr;
}

// What the mailbox, or the process itself, has to do with.
bool is_for_the_process_alone(node_kind kind) noexcept {
  return kind == node_kind::message || kind == node_kind::timeout || kind == node_kind::down || kind == node_kind::inspect ||
         kind == node_kind::suspend || kind == node_kind::resume || kind == node_kind::parked;
}

/// A list to append to.
struct chain {
  node* first = nullptr;
  node** end = &first;
  void append(node* n) noexcept {
    n->next = nullptr;
    *end = n;
    end = &n->next;
  }
};

}  // namespace

std::optional<report> take_signals_for(process_control& p) {
  node* list = p.signals.take();
  if (list == nullptr) return {};
  // Where exits are trapped they become messages, in the order of the mailbox: only a kill is to be acted on now.
  const bool ends_for_sure = contains_kill(list);
  chain kept;
  exit_reason reason;
  pid by;
  bool ends = false;
  while (list != nullptr && !ends && (ends_for_sure || !p.traps_exits)) {
    node_ptr first{std::exchange(list, list->next)};
    const bool trapped = p.traps_exits && first->type->kind == node_kind::exit && !is_kill(*first);
    if (trapped || is_for_the_process_alone(first->type->kind)) {
      if (first->type->kind == node_kind::message && is_request(*first)) add_asker(p, *first);
      kept.append(first.release());
    } else {
      by = other_who_asks(p, *first);
      ends = act_on(p, std::move(first), reason);
    }
  }
  if (!ends) {
    *kept.end = list;
    if (p.signals.put_back(kept.first)) this_worker()->home.inject(p);
    return {};
  }
  p.declared_dead.store(true, std::memory_order_relaxed);
  this_worker()->home.count_zombie(+1);
  p.more().rarely().undelivered = kept.first;
  return make_end_known(p, std::move(reason), list, by);
}

void announce_exit(process_control& p, exit_reason reason, node* rest, pid by) {
  if (auto crash = make_end_known(p, std::move(reason), rest, by)) this_worker()->home.log(*std::move(crash));
}

void drop_unwanted(worker& w, node_ptr message) noexcept {
  if (message->type->destroy == nullptr) return;
  try {
    detail::closure_ptr body = detail::make_closure([m = std::move(message)]() mutable { m.reset(); });
    make_ready(w, w.home.create(std::move(body), nullptr, &w), false);
  } catch (const std::exception&) {
    // No place for another process, or the runtime stops: what has gone with the body was destroyed here.
  }
}

void drop_timers_late(process_control& p) {
  scheduler& home = this_worker()->home;
  if (p.timers.load(std::memory_order_seq_cst) > 0) drop_timers_of(home, home.pid_of(p));
}

namespace {

void drop_undelivered(process_extras* x) noexcept {
  if (x == nullptr || x->rare == nullptr) return;
  node*& first = x->rare->undelivered;
  while (first != nullptr) (void)node_ptr{std::exchange(first, first->next)};
}

}  // namespace

void drop_locals(process_extras& x) noexcept {
  while (detail::local_value* last = x.locals) {
    x.locals = last->next;
    last->remove(*last);
  }
}

void drop_contents(process_control& p) noexcept {
  for (node* n = p.signals.close(); n != nullptr;) (void)node_ptr{std::exchange(n, n->next)};
  empty_mailbox(p);
  // One that waits without a stack has begun: what its body owns is to be destroyed in a process, as what lies on stacks.
  if (p.context == nullptr && p.left_with != intent::begin_anew && p.body != nullptr) p.body->destroy(*p.body);
  drop_undelivered(p.extras.get());
  delete p.extras.release();
}

void clear_process(process_control& p) noexcept {
  empty_mailbox(p);
  // Who reports at a stop reads labels: it says that it does, and looks at `alive`; here it is the other way round. Both are
  // seq_cst, so one of the two sees the other, and the mutex keeps them apart.
  scheduler& home = this_worker()->home;
  p.alive.store(false, std::memory_order_seq_cst);
  while (p.extras.get() != nullptr) {  // what is destroyed may be the user's, and make further ones
    std::unique_ptr<process_extras> gone;
    if (home.stopping()) {
      const std::scoped_lock apart{home.report_mutex};
      gone.reset(p.extras.release());
    } else {
      gone.reset(p.extras.release());
    }
    drop_undelivered(gone.get());
    drop_locals(*gone);  // made by a destructor, or by who was told of the end
  }
}

}  // namespace joist::inline v0::core
