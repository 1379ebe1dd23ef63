#include "core/worker.hpp"

#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <span>

#include "base/assert.hpp"
#include "base/asymmetric_fence.hpp"
#include "base/pool.hpp"
#include "core/abandon.hpp"
#include "core/claim.hpp"
#include "core/fault.hpp"
#include "core/memory_limit.hpp"
#include "core/process_main.hpp"
#include "core/scheduler.hpp"
#include "core/simulation.hpp"
#include "core/timers.hpp"
#include "fiber/isolation.hpp"
#include "fiber/slot.hpp"

namespace joist::inline v0::core {

[[gnu::tls_model("initial-exec")]] constinit thread_local worker* current_worker = nullptr;
constinit std::atomic<void (*)(worker&)> before_leaving{nullptr};

namespace {

constexpr std::uint32_t injected_first_every = 61;  // as in Go: prime, so that it does not fall in step with users
constexpr std::uint32_t low_every = 8;              // OTP: low runs once for eight normal ones
constexpr std::uint32_t below_every = 4;            // a turn for those below high, while one of high priority waits for them
constexpr std::uint32_t clock_every = 16;
constexpr std::uint32_t look_outside_every = 64;
// What it costs to be woken and go on with the same reductions while others wait: so the turn of two that chat is no longer
// than the turn of one that computes.
constexpr std::int32_t inherit_reductions = 12;
// Of the turns that were used up: as many, and one of them begins with the injected queue; one evens out; one is followed
// by the threads that were relieved.
constexpr std::uint32_t injected_every_turns = 2;
constexpr std::uint32_t even_out_every_turns = 17;  // odd: else the injected ones always came first
constexpr std::uint32_t relieved_every_turns = 4;
constexpr std::uint32_t wake_patience = 8;  // switches
constexpr int searches_before_sleep = 64;
constexpr int searches_before_the_seat = 4;  // what comes from outside comes while it sleeps, and to sleep is a call less
constexpr std::size_t timers_at_once = 256;

void spin_pause() noexcept {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

std::int64_t now_ns() noexcept { return clock::now().time_since_epoch().count(); }

void requeue_chain(worker& w, fiber::fiber* waiting) {
  while (waiting != nullptr) {
    fiber::fiber* following = waiting->next;
    make_ready(w, static_cast<process_control&>(*waiting), false);
    waiting = following;
  }
}

bool suspended(const process_control& p) noexcept { return p.extras.get() != nullptr && p.extras->suspends > 0; }

bool may_run(const process_control& p) noexcept { return p.ending || (p.ready && !suspended(p)); }

process_control* take_injected(worker& w, priority of) {
  const auto i = static_cast<std::size_t>(of);
  return w.home.injected[i].pop(w.injected_turns[i]);
}

// From workers where at least so many wait.
process_control* steal(worker& w, std::uint32_t least = 1) {
  const auto& all = w.home.workers;
  const auto count = static_cast<std::uint32_t>(all.size());
  const std::uint32_t first = w.dice.below(count);
  for (std::uint32_t i = 0; i < count; ++i) {
    worker& victim = all[(first + i) % count];
    if (&victim == &w || victim.duty.load(std::memory_order_relaxed) != post::on) continue;
    if (victim.queue.waiting() < least) continue;
    if (process_control* p = victim.queue.steal_into(w.queue)) {
      w.steals.add();
      base::light_fence();  // as after a push: who relieves us sees what we have now, or we see that we are relieved
      if (w.duty.load(std::memory_order_relaxed) != post::on) [[unlikely]]
        give_up_queue(w);
      return p;
    }
  }
  return nullptr;
}

process_control* find_elsewhere(worker& w) {
  for (const priority of : {priority::max, priority::high, priority::normal}) {
    if (process_control* p = take_injected(w, of)) return p;
  }
  if (process_control* p = steal(w)) return p;
  return take_injected(w, priority::low);
}

// R3: which of two took a process out of the run-next place: who relieved the worker, or the worker. Null: the other.
[[gnu::noinline, gnu::cold]] process_control* settle_next(worker& w, process_control* p) {
  const std::scoped_lock lock{w.relief_mutex};
  return p == w.taken_next ? nullptr : p;
}

// The two sides of the run-next place are plain loads and stores of its worker, for it is used with every message. A look
// at `duty` after them finds out whether somebody relieved it in their middle: relief.cpp has the other side.
process_control* take_next(worker& w) {
  process_control* p = w.run_next.load(std::memory_order_relaxed);
  if (p == nullptr) return nullptr;
  w.run_next.store(nullptr, std::memory_order_relaxed);
  base::light_fence();
  if (w.duty.load(std::memory_order_relaxed) != post::on) [[unlikely]]
    return settle_next(w, p);
  return p;
}

// Returns who was there and has to go elsewhere.
process_control* put_next(worker& w, process_control& p) {
  process_control* before = w.run_next.load(std::memory_order_relaxed);
  // release: the process, for who relieves us.
  w.run_next.store(&p, std::memory_order_release);
  base::light_fence();
  if (w.duty.load(std::memory_order_relaxed) != post::on) [[unlikely]] {
    if (before != nullptr) before = settle_next(w, before);
    if (process_control* mine = w.run_next.exchange(nullptr, std::memory_order_acquire)) w.home.inject(*mine);  // R2
  }
  return before;
}

// Who was woken by a message and pushed out of run_next mostly runs here a moment later: to wake another worker for it costs
// more than it takes, and takes it from its messages. So one is woken only when the queue has not been empty for
// some switches.
void owe_wake(worker& w) noexcept {
  if (w.owes_wake.load(std::memory_order_relaxed)) return;
  w.wake_owed_at = w.round;
  w.owes_wake.store(true, std::memory_order_relaxed);
}

[[gnu::noinline]] void pay_wake(worker& w) noexcept {
  if (w.queue.empty()) {
    w.owes_wake.store(false, std::memory_order_relaxed);
  } else if (w.round - w.wake_owed_at >= wake_patience || w.reductions_left <= 0) {
    w.owes_wake.store(false, std::memory_order_relaxed);
    w.home.idle.notify();
  }
}

// Who is in the run-next place waits as the others do, if others wait.
[[gnu::noinline]] void turn_used_up(worker& w) {
  ++w.turns_used_up;
  if (w.run_next.load(std::memory_order_relaxed) != nullptr && !w.home.queues_empty()) {
    if (process_control* next = take_next(w)) make_ready(w, *next, false);
  }
  w.reductions_left = static_cast<std::int32_t>(w.home.options.reductions);
  if (w.turns_used_up % relieved_every_turns == 0 && w.home.watch.relieved_compute()) ::sched_yield();
}

// Processes that use their turns up would keep the injected ones waiting for 61 of these, and stay as unevenly spread over
// the workers as chance has put them, for no worker is ever without work.
[[gnu::noinline]] process_control* find_after_turn(worker& w) {
  if (w.turns_used_up % injected_every_turns == 0) {
    if (process_control* p = take_injected(w, priority::normal)) return p;
  }
  if (w.run_next.load(std::memory_order_relaxed) != nullptr || w.queue.waiting() > 1) return nullptr;
  process_control* stolen = steal(w, w.turns_used_up % even_out_every_turns == 0 ? 1 : 2);
  if (stolen != nullptr && !w.queue.empty()) w.home.idle.notify();  // it has moved while nobody was counted as searching
  return stolen;
}

process_control* find_here(worker& w) {
  const bool used_up = w.reductions_left <= 0;
  if (used_up) turn_used_up(w);
  const bool inherits = w.run_next.load(std::memory_order_relaxed) != nullptr;
  if (!inherits) w.reductions_left = static_cast<std::int32_t>(w.home.options.reductions);
  const bool below = w.round % below_every == 0 && w.home.urgent_askers.load(std::memory_order_relaxed) > 0;
  for (const priority of : {priority::max, priority::high}) {
    if (below) break;
    if (process_control* p = take_injected(w, of)) return p;
  }
  if (inherits) {
    if (!w.queue.empty() || w.home.watch.relieved_compute()) w.reductions_left -= inherit_reductions;
    if (process_control* p = take_next(w)) return p;
  }
  if (w.round % low_every == 0) {
    if (process_control* p = take_injected(w, priority::low)) return p;
  }
  if (used_up) {
    if (process_control* p = find_after_turn(w)) return p;
  }
  if (w.round % injected_first_every == 0) {
    if (process_control* p = take_injected(w, priority::normal)) return p;
  }
  if (process_control* p = w.queue.pop(); p != nullptr || !below) return p;
  if (process_control* p = take_injected(w, priority::normal)) return p;
  return take_injected(w, priority::low);
}

// What has happened outside, in passing.
[[gnu::noinline]] void look_outside(worker& w) noexcept {
  io_hook* seat = w.home.io.sit_down();
  if (seat == nullptr) return;
  if (seat->gather(0) > 0) seat->deliver();
  w.home.io.stand_up();
}

// Sleeps until there may be something to do: in the poller's seat if it is free. The worker is registered as a sleeper;
// whether it was woken, and so is a searcher.
[[gnu::noinline]] bool rest(worker& w) noexcept {
  io_hook* seat = w.home.io.sit_down();
  const std::int64_t until = w.timers.load(std::memory_order_acquire)->next_due.load(std::memory_order_relaxed);
  w.resting.store(true, std::memory_order_seq_cst);
  std::size_t happened = 0;
  if (seat != nullptr) {
    happened = w.bed.park(until, *seat);
  } else {
    w.bed.park(until);
  }
  count_switch(w);  // the watcher counts from here
  w.resting.store(false, std::memory_order_seq_cst);
  w.home.watch.rouse();
  const bool was_woken = w.home.idle.was_woken(w);
  if (happened > 0) seat->deliver();
  if (seat != nullptr) w.home.io.stand_up();
  return was_woken;
}

// Finds work elsewhere, or sleeps. Null: woken, or a timer is due: look again from the start.
process_control* search(worker& w) {
  idle_workers& idle = w.home.idle;
  bool searching = idle.begin_search(w.home.options.workers);
  for (;;) {
    const int searches = w.home.io.is_deserted() ? searches_before_the_seat : searches_before_sleep;
    for (int i = 0; searching && i < searches; ++i) {
      if (process_control* p = find_elsewhere(w)) {
        idle.found();
        return p;
      }
      spin_pause();
    }
    idle.prepare_sleep(w, searching);
    auto is_to_go = [&w] {  // who relieves us changes our post first, and wakes us then
      return w.home.quit.load(std::memory_order_seq_cst) || w.duty.load(std::memory_order_seq_cst) != post::on;
    };
    if (w.home.queues_empty() && !is_to_go()) break;
    idle.cancel_sleep(w);
    searching = true;
    if (is_to_go()) {
      idle.found();
      return nullptr;
    }
  }
  if (rest(w)) {
    // What has happened outside may have filled its own queue meanwhile.
    process_control* p = w.queue.empty() ? find_elsewhere(w) : nullptr;
    if (p != nullptr || !w.home.queues_empty()) {
      idle.found();
    } else {
      idle.found_nothing();
    }
    return p;
  }
  return nullptr;
}

process_control* next_process(worker& w) {
  while (!w.home.quit.load(std::memory_order_relaxed)) {
    count_switch(w);
    if (w.duty.load(std::memory_order_relaxed) != post::on) [[unlikely]] {
      w.home.relief.stand_by(w);
      continue;
    }
    ++w.round;
    if (w.owes_wake.load(std::memory_order_relaxed)) pay_wake(w);
    if (w.round % look_outside_every == 0 && w.home.io.is_deserted()) look_outside(w);
    const bool look =
        w.round % clock_every == 0 || w.reductions_left <= 0 || w.run_next.load(std::memory_order_relaxed) == nullptr;
    if (look && w.timers.load(std::memory_order_relaxed)->next_due.load(std::memory_order_relaxed) != INT64_MAX)
      fire_timers(w);
    if (process_control* p = find_here(w)) return p;
    if (process_control* p = search(w)) return p;
  }
  return nullptr;
}

[[maybe_unused]] void name_for_reports(worker& w, process_control& p) {
  const std::string_view label = p.extras == nullptr ? std::string_view{} : std::string_view{p.extras->label};
  fiber::name_stack(*p.stack, fmt::format("{} \"{}\"", w.home.pid_of(p), label).c_str());
}

// False: the slot is taken (the process waits in its line) or there is no memory to make room (it is queued again).
[[gnu::noinline]] bool take_shared_stack(worker& w, process_control& p) {
  if (!fiber::acquire(p)) {
    w.slot_waits.add();
    return false;
  }
  w.shared_slot.store(p.stack, std::memory_order_relaxed);
  auto* const before = static_cast<process_control*>(p.stack->resident);
  try {
    if (fiber::make_resident(p)) w.copies.add();
    if (before != nullptr && before != &p && before->most_parked_bytes > 0) weigh_parked(w, *before);
    return true;
  } catch (const std::bad_alloc&) {
    w.shared_slot.store(nullptr, std::memory_order_relaxed);
    requeue_chain(w, fiber::release(*p.stack));
    make_ready(w, p, false);
    return false;
  }
}

[[gnu::always_inline]] inline bool take_stack(worker& w, process_control& p) {
  if (p.stack == nullptr) w.home.stacks.assign(p, w.slots);
  if (p.stack->kind == fiber::slot_kind::shared) return take_shared_stack(w, p);
  if constexpr (fiber::checks_isolation) {
    if (p.stack->resident == nullptr) name_for_reports(w, p);
    fiber::open_stack(*p.stack);
  }
  if (p.parked != nullptr) [[unlikely]] {
    (void)fiber::make_resident(p);
  } else {
    p.stack->resident = &p;
  }
  return true;
}

// Its wait may be long: another process could take its signals only after leave_stack.
[[gnu::noinline]] void hibernate_stack(worker& w, process_control& p) noexcept {
  if (fiber::hibernate(p) && p.most_parked_bytes > 0) weigh_parked(w, p);
}

void leave_stack(worker& w, fiber::slot& s) {
  if (fiber::checks_isolation && !s.lent) fiber::close_stack(s);
  if (s.kind != fiber::slot_kind::shared) return;
  if (s.stuck.load(std::memory_order_relaxed)) [[unlikely]]
    s.stuck.store(false, std::memory_order_relaxed);
  w.shared_slot.store(nullptr, std::memory_order_relaxed);
  requeue_chain(w, fiber::release(s));
}

// It waits without frames: its slot is for others. In a scope of its owner's, for the watcher looks at stacks of those it
// claims.
[[gnu::noinline]] void vacate_stack(worker& w, process_control& p) noexcept {
  const owner_scope here{p};
  fiber::slot& s = *p.stack;
  fiber::vacate(p, fiber::stack_pool::stays_warm(s, w.slots));
  leave_stack(w, s);
  if (s.kind != fiber::slot_kind::own) w.home.stacks.give_back(p, w.slots);
}

void bury(worker& w, process_control& p) {
  fiber::slot& s = *p.stack;
  s.resident = nullptr;
  fiber::forget(p);
  leave_stack(w, s);
  w.home.stacks.give_back(p, w.slots);
  w.home.process_ended(w, p);
}

// The process has given its stack up: it runs its last words at the top of it, or of another.
[[gnu::noinline, gnu::cold]] void begin_again(worker& w, process_control& p) {
  fiber::slot& s = *p.stack;
  s.resident = nullptr;
  fiber::forget(p);
  stack_given_up(w, p);
  leave_stack(w, s);
  make_ready(w, p, true);
}

// Inlined into the loop: see fiber/switch.hpp.
[[gnu::always_inline]] inline void run_one(worker& w, process_control& p) {
  for (;;) {
    if (p.signals.has_signals()) take_signals(p);
    if (may_run(p)) break;
    if (p.signals.sleep()) return;
  }
  if (!take_stack(w, p)) return;
  w.running = &p;
  w.running_now.store(&p, std::memory_order_release);
  const std::int32_t before = w.reductions_left;
  fiber::enter(p, w.frame, &process_main);
  p.spend(static_cast<std::uint32_t>(before - w.reductions_left));
  w.running = nullptr;
  w.running_now.store(nullptr, std::memory_order_relaxed);
  switch (p.left_with) {
    case intent::yield:
      leave_stack(w, *p.stack);
      make_ready(w, p, false);
      return;
    case intent::hibernate: hibernate_stack(w, p); [[fallthrough]];
    case intent::wait:
    case intent::begin_anew:
      if (p.left_with == intent::begin_anew) [[unlikely]]
        vacate_stack(w, p);
      else
        leave_stack(w, *p.stack);
      // W2: from here another worker may run it, unless signals have come meanwhile.
      if (!p.signals.sleep()) make_ready(w, p, true);
      return;
    case intent::end: bury(w, p); return;
    case intent::abandon: begin_again(w, p); return;
  }
}

}  // namespace

// noinline, and the barrier: see this_cache() in base/pool.cpp.
[[gnu::noinline]] worker* this_worker() noexcept {
  asm volatile("");
  return current_worker;
}

[[gnu::noinline]] void set_this_worker(worker* w) noexcept {
  asm volatile("");
  current_worker = w;
}

worker::worker(scheduler& s, std::uint32_t n)
    : home{s},
      number{n},
      dice{n + 1U},
      injected_turns{injected_queue::turn{s.injected[0]}, injected_queue::turn{s.injected[1]},
                     injected_queue::turn{s.injected[2]}, injected_queue::turn{s.injected[3]}} {
  slots.dice = base::random{n + 17U};
}

void work(worker& w) {
  const fault_stack for_handlers{w.home.contains_faults};
  base::pool_attach_thread();
  set_this_worker(&w);
  w.thread_id.store(static_cast<pid_t>(::syscall(SYS_gettid)), std::memory_order_relaxed);
  fiber::describe_thread(w.frame, &w);
  w.resting.store(false, std::memory_order_seq_cst);
  w.home.watch.rouse();
  w.home.relief.await_post(w);
  while (process_control* p = next_process(w)) run_one(w, *p);
  if (w.home.lost()) {
    std::fputs(
        "joist: a process waits in a child made by fork, and the runtime stayed with its parent: expected exec or "
        "_exit right after fork\n",
        stderr);
    std::abort();
  }
  w.resting.store(true, std::memory_order_seq_cst);
  set_this_worker(nullptr);
  base::pool_detach_thread();
  w.left.store(true, std::memory_order_release);
}

void run(worker& w, process_control& p) { run_one(w, p); }

void make_ready(worker& w, process_control& p, bool next) {
  if (w.simulated != nullptr) return w.simulated->add(p);
  // R2, and the priorities other than normal.
  if (p.priority != priority::normal || w.duty.load(std::memory_order_relaxed) != post::on) return w.home.inject(p);
  process_control* pushed_out = &p;
  if (next) {
    pushed_out = put_next(w, p);
    if (pushed_out == nullptr) return;
  }
  if (!w.queue.push(pushed_out)) {
    // Full: half of it goes where all look, so that this happens once in 128 times.
    auto& shared = w.home.injected[static_cast<std::size_t>(priority::normal)];
    for (std::uint32_t i = 0; i < run_queue::size / 2; ++i) {
      if (process_control* oldest = w.queue.pop()) shared.push(oldest);
    }
    const bool fits = w.queue.push(pushed_out);
    JOIST_ASSERT(fits, "Q1: half of the run queue is free");
  }
  if (next) {
    owe_wake(w);
  } else {
    w.home.idle.notify();
  }
  base::light_fence();  // either who relieves us sees what we pushed, or we see that we are relieved
  if (w.duty.load(std::memory_order_relaxed) != post::on) [[unlikely]]
    give_up_queue(w);
}

void count_switch(worker& w) noexcept {
  // release: what this worker did in the process before; pairs with the acquire in the table's grace period.
  w.switches.store(w.switches.load(std::memory_order_relaxed) + 1, std::memory_order_release);
}

void give_up_queue(worker& w) {
  if (process_control* next = take_next(w)) w.home.inject(*next);
  while (process_control* p = w.queue.pop()) w.home.inject(*p);
}

turn give_turn(worker& w) {
  process_control& p = *w.running;
  if (p.box.in_guard || p.box.scanned || p.uninterrupted > 0) return turn::missed;
  if (p.signals.has_signals()) take_signals(p);
  p.ready = true;
  const worker& now = switch_away(w, intent::yield);
  if (!p.ending || p.finishing) return turn::over;
  const bool long_since = p.spent.load(std::memory_order_relaxed) - p.extras->spent_at_end > now.home.options.reductions;
  return long_since ? turn::to_be_unwound : turn::over;
}

[[gnu::noinline]] void out_of_reductions(worker& w) {
  process_control& p = *w.running;
  if (give_turn(w) == turn::to_be_unwound) unwind_from_wait(p, true);
}

worker& spend(worker& w, std::int32_t reductions) {
  charge(w, reductions);
  worker& now = *this_worker();
  if (now.running->ending && !cleans_up(*now.running)) [[unlikely]]
    unwind(*now.running);
  return now;
}

namespace {
[[noreturn, gnu::noinline, gnu::cold]] void refuse_thread(const char* call) {
  throw error{errc::not_a_process,
              fmt::format("{}: expected to be called by a process, this thread runs none; use joist::run, runtime::spawn or "
                          "runtime::ask",
                          call)};
}
}  // namespace

[[gnu::noinline]] worker& require_process(const char* call) {
  asm volatile("");
  worker* w = current_worker;
  if (w == nullptr || w->running == nullptr) [[unlikely]]
    refuse_thread(call);
  return *w;
}

void fire_timers(worker& w) {
  timer_shelf& shelf = *w.timers.load(std::memory_order_acquire);
  const std::int64_t now = now_ns();
  if (shelf.next_due.load(std::memory_order_relaxed) > now) return;
  std::array<timer*, timers_at_once> due;
  std::size_t count = 0;
  {
    const std::scoped_lock lock{shelf.mutex};
    count = shelf.wheel.advance(now, due);
    shelf.next_due.store(shelf.wheel.next_due(), std::memory_order_relaxed);
  }
  fire_timers(w, shelf, std::span{due}.first(count));
}

}  // namespace joist::inline v0::core
