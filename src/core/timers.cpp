#include "core/timers.hpp"

#include <joist/timer.hpp>

#include <sched.h>

#include <array>
#include <span>

#include "base/assert.hpp"
#include "core/scheduler.hpp"

namespace joist::inline v0 {

using namespace core;
using detail::closure_ptr;

namespace {

// A reference: 01 | worker : 10 | index : 28 | generation : 24. The second bit tells it from those of make_ref().
constexpr std::uint64_t timer_bit = std::uint64_t{1} << 62;
constexpr int generation_bits = timer_wheel::generation_bits;
constexpr int index_bits = 28;
constexpr std::uint32_t generation_mask = timer_wheel::generation_mask;

std::uint64_t reference_of(const timer_shelf& s, const timer& t) noexcept {
  return timer_bit | std::uint64_t{s.number} << (index_bits + generation_bits) | std::uint64_t{t.index} << generation_bits |
         (t.generation & generation_mask);
}

timer_shelf* shelf_of(scheduler& home, std::uint64_t reference) noexcept {
  if ((reference & timer_bit) == 0) return nullptr;
  const auto number = (reference ^ timer_bit) >> (index_bits + generation_bits);
  return number < home.shelves.size() ? home.shelves[number].get() : nullptr;
}

timer* find_timer(timer_shelf& shelf, std::uint64_t reference) noexcept {
  return shelf.wheel.find(static_cast<std::uint32_t>(reference >> generation_bits) & ((1U << index_bits) - 1),
                          static_cast<std::uint32_t>(reference) & generation_mask);
}

/// What a timer held, taken out under the wheel's mutex, dropped after it: destructors of users run here.
struct content {
  node_ptr message;
  std::unique_ptr<timer_extras> extras;
};

content take_content(timer& t) noexcept {
  return {node_ptr{std::exchange(t.message, nullptr)}, std::unique_ptr<timer_extras>{std::exchange(t.extras, nullptr)}};
}

void count_timer(scheduler& home, timer& t, int change) noexcept {
  if (process_control* p = home.table.place_of(t.target)) {
    t.counted = change > 0;
    if (change > 0) {
      p->timers.fetch_add(1, std::memory_order_seq_cst);
    } else {
      p->timers.fetch_sub(1, std::memory_order_relaxed);
    }
  }
}

// Under the shelf's mutex. Throws std::bad_alloc: the timer is still reserved.
void start_on(timer_shelf& shelf, timer& t) {
  shelf.wheel.start(t);
  const std::int64_t due = shelf.wheel.next_due();
  const bool sooner = due < shelf.next_due.load(std::memory_order_relaxed);
  shelf.next_due.store(due, std::memory_order_relaxed);
  if (sooner && shelf.attendant != this_worker()) shelf.attendant->home.idle.wake(*shelf.attendant);
}

void drop_stopped(scheduler& home, timer_shelf& shelf, timer& t) noexcept {
  if (t.counted) count_timer(home, t, -1);
  if (t.is_private) --shelf.waits;
  shelf.wheel.drop(t);
}

}  // namespace

namespace core {

namespace {

constexpr std::uint64_t changing = 1;  // of wait_timer::armed: no reference, which have timer_bit

// What was armed, and from now on nobody else changes it. Who fires a timer changes it for some instructions only.
std::uint64_t begin_change(wait_timer& wait) noexcept {
  std::uint64_t seen = wait.armed.load(std::memory_order_relaxed);
  while (seen == changing || !wait.armed.compare_exchange_weak(seen, changing, std::memory_order_seq_cst)) {
    if (seen != changing) continue;
    ::sched_yield();
    seen = wait.armed.load(std::memory_order_relaxed);
  }
  return seen;
}

// Under the shelf's mutex. Throws std::bad_alloc.
void start_wait(worker& w, timer_shelf& shelf, wait_timer& wait, std::int64_t until) {
  timer& t = shelf.wheel.make();
  t.deadline = until;
  t.target = w.home.pid_of(*w.running);
  t.is_private = true;
  ++shelf.waits;
  wait.armed_at.store(until, std::memory_order_relaxed);
  wait.armed.store(reference_of(shelf, t), std::memory_order_seq_cst);  // U4
  try {
    start_on(shelf, t);
  } catch (...) {
    drop_stopped(w.home, shelf, t);
    throw;
  }
}

// U1: no timer comes early enough.
[[gnu::noinline]] void arm(worker& w, wait_timer& wait, std::int64_t until) {
  if (const std::uint64_t later = begin_change(wait)) (void)drop_timer(w.home, later);
  timer_shelf& shelf = *w.timers.load(std::memory_order_acquire);
  const std::scoped_lock lock{shelf.mutex};
  try {
    start_wait(w, shelf, wait, until);
  } catch (...) {
    wait.armed.store(0, std::memory_order_seq_cst);
    throw;
  }
}

}  // namespace

void begin_timed_wait(worker& w, std::int64_t until) {
  process_control& p = *w.running;
  wait_timer& wait = p.timed();
  wait.until.store(until, std::memory_order_seq_cst);  // U1
  wait.token = static_cast<std::uint64_t>(until);
  const std::uint64_t armed = wait.armed.load(std::memory_order_seq_cst);
  if (armed != 0 && armed != changing && wait.armed_at.load(std::memory_order_acquire) <= until) return;
  try {
    arm(w, wait, until);
  } catch (...) {
    end_timed_wait(p);
    throw;
  }
}

std::int64_t drop_timer(scheduler& home, std::uint64_t reference) noexcept {
  timer_shelf* shelf = shelf_of(home, reference);
  if (shelf == nullptr) return -1;
  content held;  // destroyed after the lock
  const std::scoped_lock lock{shelf->mutex};
  timer* t = find_timer(*shelf, reference);
  if (t == nullptr) return -1;
  if (t->state == timer_state::firing) t->state = timer_state::cancelled;
  if (t->state != timer_state::running) return -1;
  const std::int64_t deadline = t->deadline;
  shelf->wheel.stop(*t);
  held = take_content(*t);
  drop_stopped(home, *shelf, *t);
  return deadline;
}

void drop_timers_of(scheduler& home, pid process) noexcept {
  for (const auto& each : home.shelves) {
    timer_shelf& shelf = *each;
    // In portions: a process may have had a million timers, and others need this wheel.
    constexpr std::size_t portion = 64;
    for (bool all = false; !all;) {
      std::array<content, portion> held;  // destroyed after the lock
      const std::scoped_lock lock{shelf.mutex};
      timer* chain = shelf.wheel.take_some_of(process, portion);
      all = chain == nullptr;
      for (std::size_t i = 0; chain != nullptr; ++i) {
        timer& t = *std::exchange(chain, chain->next);
        held[i] = take_content(t);
        drop_stopped(home, shelf, t);
      }
    }
  }
}

namespace {

// Copies the user's value on the worker's stack: what that throws is nobody's to catch. Null: the interval ends.
node_ptr next_message(worker& w, timer& t) noexcept {
  std::string why = "an exception";
  try {
    return t.extras->source->make();
  } catch (const std::exception& e) {
    why = e.what();
  } catch (...) {
  }
  w.home.log(log_level::error, fmt::format("send_interval: the copy of the message threw ({}); the interval ends", why));
  return nullptr;
}

/// Whether it runs again: then it is no longer ours, others may have cancelled it.
bool fire_interval(worker& w, timer_shelf& shelf, timer& t, pid target) {
  node_ptr message = next_message(w, t);
  if (message == nullptr) return false;
  (void)deliver_message(w.home, target, message, &w);
  if (message != nullptr) drop_unwanted(w, std::move(message));
  const pid counted_at = t.target;
  std::uint64_t again = 0;
  {
    const std::scoped_lock lock{shelf.mutex};
    if (t.state != timer_state::firing) return false;
    t.deadline += t.extras->period;  // from the deadline, not from now: ticks do not drift
    again = reference_of(shelf, t);
    try {
      start_on(shelf, t);
    } catch (const std::bad_alloc&) {
      return false;  // the interval ends
    }
  }
  // An end in between did not find it in the wheel.
  if (counted_at && w.home.find(counted_at) == nullptr) (void)drop_timer(w.home, again);
  return true;
}

void fire_spawn(worker& w, closure_ptr body) {
  try {
    make_ready(w, w.home.create(std::move(body), nullptr, &w), false);
  } catch (const std::exception& e) {
    w.home.log(log_level::error, fmt::format("apply_after: {}", e.what()));
  }
}

// The timer goes on, for this limit. False: another has been armed meanwhile. Its entry was given back just now, so there is
// a block for it (B1), unless others took that in this moment and there is no more memory: then the program ends.
bool arm_again(timer_shelf& shelf, timer& t, wait_timer& wait, std::int64_t until) noexcept {
  const std::scoped_lock lock{shelf.mutex};
  if (t.state != timer_state::firing) return false;
  std::uint64_t none = 0;
  // The right to write armed_at comes first: else who has armed another one meanwhile would read of it that it is due at
  // this one's time, and rely on that.
  if (!wait.armed.compare_exchange_strong(none, changing, std::memory_order_seq_cst)) return false;
  wait.armed_at.store(until, std::memory_order_relaxed);
  wait.armed.store(reference_of(shelf, t), std::memory_order_seq_cst);  // U4
  t.deadline = until;
  start_on(shelf, t);
  return true;
}

/// Whether the timer runs again.
bool fire_wait(worker& w, timer_shelf& shelf, timer& t) {
  process_control* p = w.home.table.place_of(t.target);  // U3: whoever is there
  wait_timer& wait = *p->waits.load(std::memory_order_acquire);
  std::uint64_t mine = reference_of(shelf, t);
  if (!wait.armed.compare_exchange_strong(mine, 0, std::memory_order_seq_cst)) return false;  // U2
  const std::int64_t until = wait.until.load(std::memory_order_seq_cst);                      // U1
  if (until == wait_timer::none) return false;
  if (until > t.deadline) return arm_again(shelf, t, wait, until);
  try {
    node_ptr signal = make_signal<node_kind::timeout>(static_cast<std::uint64_t>(until));
    (void)w.home.deliver(w.home.pid_of(*p), signal, &w);
    return false;
  } catch (const std::bad_alloc&) {
    return arm_again(shelf, t, wait, until);  // and tried again at the next tick
  }
}

/// Whether the timer runs again.
bool fire(worker& w, timer_shelf& shelf, timer& t) {
  if (t.is_private) return fire_wait(w, shelf, t);
  timer_extras* x = t.extras;
  const pid target = x != nullptr && !x->name.empty() ? w.home.names.find(x->name) : t.target;
  if (x != nullptr && x->body != nullptr) {
    fire_spawn(w, std::move(x->body));
    return false;
  }
  if (x != nullptr && x->period > 0) return target && w.home.find(target) != nullptr && fire_interval(w, shelf, t, target);
  node_ptr message{std::exchange(t.message, nullptr)};
  if (target && message->type->kind == node_kind::message) {
    (void)deliver_message(w.home, target, message, &w);
  } else if (target) {
    (void)w.home.deliver(target, message, &w);
  }
  if (message != nullptr) drop_unwanted(w, std::move(message));
  return false;
}

}  // namespace

void fire_timers(worker& w, timer_shelf& shelf, std::span<timer*> due) {
  for (timer*& t : due) {
    if (fire(w, shelf, *t)) t = nullptr;
  }
  timer_extras* held = nullptr;  // destroyed after the lock
  {
    const std::scoped_lock lock{shelf.mutex};
    for (timer* t : due) {
      if (t == nullptr) continue;
      JOIST_ASSERT(t->message == nullptr, "a timer that fired has given its message away");
      if (timer_extras* x = std::exchange(t->extras, nullptr)) x->next = std::exchange(held, x);
      drop_stopped(w.home, shelf, *t);
    }
  }
  while (held != nullptr) delete std::exchange(held, held->next);
}

}  // namespace core

namespace {

// Fills in and starts a timer, under the shelf's mutex. The target is counted before it is asked whether it lives, and
// an end closes the process before it reads the count: one of the two sees the other, and no timer outlives its target.
// Throws std::bad_alloc: the timer is still reserved, and empty.
void fill_in(scheduler& home, timer_shelf& shelf, timer& t, std::int64_t deadline, pid target, node_ptr& message,
             std::unique_ptr<timer_extras>& extras) {
  t.deadline = deadline;
  t.target = target;
  if (target) count_timer(home, t, +1);
  start_on(shelf, t);
  t.message = message.release();
  t.extras = extras.release();
}

ref start_new(worker& w, std::int64_t deadline, pid target, node_ptr message, std::unique_ptr<timer_extras> extras) {
  std::uint64_t reference = 0;
  timer_shelf& shelf = *w.timers.load(std::memory_order_acquire);
  {
    const std::scoped_lock lock{shelf.mutex};
    timer& t = shelf.wheel.make();
    reference = reference_of(shelf, t);
    try {
      fill_in(w.home, shelf, t, deadline, target, message, extras);
    } catch (...) {
      drop_stopped(w.home, shelf, t);
      throw;
    }
  }
  if (target && w.home.find(target) == nullptr) (void)drop_timer(w.home, reference);
  return ref{reference};
}

/// The worker of the calling process, with one reduction less; the target is one that a timer may have.
worker& begin_timer(const char* call, const detail::timer_target& target) {
  worker& w = spend(require_process(call));
  if (target.by_name && target.name.empty())
    throw error{errc::bad_argument, fmt::format("{}: expected a name, got an empty one", call)};
  if (!target.by_name && target.process.node() != w.home.node)
    throw error{errc::bad_argument,
                fmt::format("{}: expected a process of this runtime or a name, got {}", call, target.process)};
  return w;
}

// To an alias, where there may be one. A message to what is none is dropped when its time has come.
void aim(detail::node& message, detail::timer_target& target) noexcept {
  if (!target.is_alias) return;
  if (may_be_alias(target.alias_reference)) {
    message.word = target.alias_reference;
  } else {
    target.process = {};
  }
}

std::unique_ptr<timer_extras> extras_for(detail::timer_target& target) {
  if (!target.by_name) return nullptr;
  auto x = std::make_unique<timer_extras>();
  x->name = std::move(target.name);
  target.process = {};
  return x;
}

}  // namespace

namespace detail {

void deadline::refuse(const char* why, double count) {
  throw error{
      errc::bad_argument,
      fmt::format("timeout: expected a duration from 0 to a hundred years, got a count of {}, which {}", count, why)};
}

timer_reservation::timer_reservation() {
  worker& w = spend(require_process("start_timer"));
  timer_shelf& shelf = *w.timers.load(std::memory_order_acquire);
  const std::scoped_lock lock{shelf.mutex};
  reference_ = ref{reference_of(shelf, shelf.wheel.make())};
}

timer_reservation::~timer_reservation() {
  if (started_) return;
  scheduler& home = this_worker()->home;
  timer_shelf& shelf = *shelf_of(home, reference_.value());
  const std::scoped_lock lock{shelf.mutex};
  drop_stopped(home, shelf, *find_timer(shelf, reference_.value()));
}

ref timer_reservation::start(deadline when, timer_target target, node_ptr message) {
  worker& w = begin_timer("start_timer", target);
  aim(*message, target);
  auto extras = extras_for(target);
  timer_shelf& shelf = *shelf_of(w.home, reference_.value());
  {
    const std::scoped_lock lock{shelf.mutex};
    fill_in(w.home, shelf, *find_timer(shelf, reference_.value()), when.resolve(), target.process, message, extras);
  }
  started_ = true;
  if (target.process && w.home.find(target.process) == nullptr) (void)drop_timer(w.home, reference_.value());
  return reference_;
}

ref start_message_timer(deadline when, timer_target target, node_ptr message) {
  worker& w = begin_timer("send_after", target);
  aim(*message, target);
  auto extras = extras_for(target);
  return start_new(w, when.resolve(), target.process, std::move(message), std::move(extras));
}

std::int64_t tick_period::checked(deadline every) {
  if (every.is_zero()) throw error{errc::bad_argument, "send_interval: expected a period of more than zero, got 0"};
  return every.from_now();
}

ref start_interval(tick_period period, timer_target target, std::unique_ptr<message_source> source) {
  worker& w = begin_timer("send_interval", target);
  if (target.is_alias)
    throw error{errc::bad_argument,
                "send_interval: expected a process or a name, got an alias: start a timer for each message"};
  auto extras = extras_for(target);
  if (extras == nullptr) extras = std::make_unique<timer_extras>();
  extras->period = period.nanoseconds();
  extras->source = std::move(source);
  return start_new(w, clock::now().time_since_epoch().count() + period.nanoseconds(), target.process, nullptr,
                   std::move(extras));
}

ref start_exit_timer(deadline when, timer_target target, exit_reason reason) {
  const pid me = self();
  if (target.is_alias)
    throw error{errc::bad_argument, "exit_after: expected a process or a name, got an alias: they take messages alone"};
  return start_message_timer(when, std::move(target),
                             make_signal<node_kind::exit, exit_payload>(me.value(), std::move(reason), false));
}

ref start_apply_timer(deadline when, closure_ptr body) {
  worker& w = spend(require_process("apply_after"));
  auto extras = std::make_unique<timer_extras>();
  extras->body = std::move(body);
  return start_new(w, when.resolve(), {}, nullptr, std::move(extras));
}

}  // namespace detail

std::optional<std::chrono::nanoseconds> cancel_timer(ref reference) {
  worker& w = require_process("cancel_timer");
  const std::int64_t deadline = drop_timer(w.home, reference.value());
  charge(*this_worker());  // the destructor of its message may have moved this process
  if (deadline < 0) return std::nullopt;
  const std::int64_t left = deadline - clock::now().time_since_epoch().count();
  return std::chrono::nanoseconds{left > 0 ? left : 1};
}

std::optional<std::chrono::nanoseconds> read_timer(ref reference) {
  worker& w = spend(require_process("read_timer"));
  timer_shelf* shelf = shelf_of(w.home, reference.value());
  if (shelf == nullptr) return std::nullopt;
  const std::scoped_lock lock{shelf->mutex};
  const timer* t = find_timer(*shelf, reference.value());
  if (t == nullptr || t->state != timer_state::running) return std::nullopt;
  const std::int64_t left = t->deadline - clock::now().time_since_epoch().count();
  return std::chrono::nanoseconds{left > 0 ? left : 0};
}

}  // namespace joist::inline v0
