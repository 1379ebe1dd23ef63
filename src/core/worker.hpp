// core/worker.hpp: a thread that runs processes, one after the other.
//
// Where the next process comes from, in this order:
//   1  queues of the priorities max and high
//   2  run_next: woken by the one that ran last; it has the message in the cache, and goes on with the same reductions, so
//      that two processes which wake each other cannot keep the rest waiting
//   3  its own run queue; every 61st time the injected ones first, and every eighth time one of low priority
//   4  injected processes, other workers' queues, low priority
// While one of high priority waits for the answer to a question, every fourth time without 1: else who is to answer would
// never run beside others of high priority that are always ready.
// A process that became ready and was pushed out of run_next goes to the run queue, where others may steal it.
// Another worker is woken for what is pushed to the queue: at once for a process that is spawned, has had its turn or comes
// from elsewhere. One that was pushed out of run_next is expected to run here a moment later, and the wake-up is owed: paid
// when the queue has not been empty for some switches, or a turn is used up; by the watcher, where this worker
// does not come to that.
// After a turn that was used up: who is in run_next goes to the run queue, if anybody waits; every second time the injected
// ones come first; and a worker with one process of its own takes from those with more, so that endless loops are spread
// evenly (every 17th time also from those with as many: three loops on two workers get the same).
//
// A worker that is stuck in a process, or blocks on purpose, is relieved of what waits for it: relief.hpp. So its queue,
// its timers and its run-next place are made for being taken by another thread, at any moment, without its help.
//
// post       meaning                                                   who moves it on
//   on       looks for processes and runs them                         relief -> relieved
//   relieved runs the process it was relieved in, then becomes spare   itself -> spare
//   spare    parked                                                    relief -> on
//
// Invariants
//   R1  as many workers are on as runtime_options says, but for the moment in which one relieves another
//   R2  what a worker that is not on makes ready goes to the injected queues
//   R3  a process in the run-next place of a worker is taken by one: by the worker, or by who relieves it (settle_next)
#pragma once

#include <joist/clock.hpp>

#include <array>
#include <atomic>
#include <cstdint>
#include <mutex>
#include <thread>

#include "base/random.hpp"
#include "core/injected_queue.hpp"
#include "core/parker.hpp"
#include "core/process_control.hpp"
#include "core/process_table.hpp"
#include "core/run_queue.hpp"
#include "core/timer_shelf.hpp"
#include "fiber/stack_pool.hpp"
#include "fiber/switch.hpp"

namespace joist::inline v0::core {

class simulation;

/// Counts of one worker: it alone writes, anybody may read about now. Who reads one count and then another sees what the
/// first had come after: an end counts only where its spawn does.
class counter {
 public:
  void add(std::uint64_t n = 1) noexcept {
    value_.store(value_.load(std::memory_order_relaxed) + n, std::memory_order_release);
  }
  [[nodiscard]] std::uint64_t get() const noexcept { return value_.load(std::memory_order_acquire); }

 private:
  std::atomic<std::uint64_t> value_{0};
};

/// References of timers have room for so many.
inline constexpr std::size_t most_workers = 1023;

enum class post : std::uint8_t { on, relieved, spare };

struct question;

struct worker {
  worker(scheduler& s, std::uint32_t number);

  // -- the worker's thread
  scheduler& home;
  const std::uint32_t number;
  process_control* running = nullptr;
  std::int32_t reductions_left = 0;
  std::int32_t polls_left = 0;  // of preemptible code, until they are one reduction: preempt.cpp
  std::uint32_t round = 0;
  std::uint32_t turns_used_up = 0;  // reductions ran out
  std::uint32_t wake_owed_at = 0;   // the round in which owes_wake was set
  std::uint64_t next_ref = 0;
  fiber::thread_frame frame;
  fiber::slot_cache slots;
  process_table::cache places;
  base::random dice;
  std::array<injected_queue::turn, 4> injected_turns;  // by priority
  simulation* simulated = nullptr;

  // -- the worker's thread, and who relieves it
  std::atomic<process_control*> run_next{nullptr};
  std::atomic<core::post> duty{post::on};
  std::mutex relief_mutex;                    // guards taken_next and the way out of `on`
  process_control* taken_next = nullptr;      // what was in run_next when it was relieved last
  std::atomic<timer_shelf*> timers{nullptr};  // where it starts timers; while it is on it attends to them

  // -- any thread
  run_queue queue;
  parker bed;
  std::atomic<std::uint64_t> switches{0};              // grows whenever it is outside of any process; the worker writes
  std::atomic<bool> resting{true};                     // sleeps, or has not begun, or has ended
  std::atomic<bool> left{false};                       // its thread is about to end
  std::atomic<pid_t> thread_id{0};                     // the kernel's
  std::atomic<question*> asked{nullptr};               // whereabouts.hpp
  std::atomic<bool> owes_wake{false};                  // has pushed to its queue and told nobody; it writes
  std::atomic<process_control*> running_now{nullptr};  // for reports and the watcher
  std::atomic<fiber::slot*> shared_slot{nullptr};      // that it holds
  counter spawned, ended, copies, slot_waits, steals, abandoned;
  std::thread thread;
};

/// What this_worker() returns, for code that asks at each of its blocks. initial-exec: one load, also in a shared library.
[[gnu::tls_model("initial-exec")]] extern constinit thread_local worker* current_worker;

/// The worker that runs on this thread, or null. Asked anew after every switch: never keep it over one.     [any thread]
[[nodiscard]] worker* this_worker() noexcept;
void set_this_worker(worker* w) noexcept;

/// The life of a worker thread.
void work(worker& w);

/// Runs `p` until it waits, yields or ends.     [worker stack]
void run(worker& w, process_control& p);

/// `p` may run: the caller has the right to run it and gives it away here.     [worker]
void make_ready(worker& w, process_control& p, bool next);

/// Fires what is due on its shelf.     [worker stack]
void fire_timers(worker& w);

/// The worker is outside of any process: for the watcher, and the table's grace period.     [worker]
void count_switch(worker& w) noexcept;

/// What is ready to run and waits for this worker goes to the injected queues.     [worker]
void give_up_queue(worker& w);

/// Asked when a process is about to leave its worker and means to come back; null unless joist::lock_check is linked.
extern std::atomic<void (*)(worker&)> before_leaving;

/// From the running process back to its worker; returns when it runs again, on the worker that is returned.
[[gnu::always_inline]] inline worker& switch_away(worker& w, intent why) {
  process_control& p = *w.running;
  if (why <= intent::begin_anew) {
    if (const auto ask = before_leaving.load(std::memory_order_relaxed); ask != nullptr) [[unlikely]]
      ask(w);
  }
  p.left_with = why;
  return *static_cast<worker*>(fiber::leave(p, w.frame, why >= intent::begin_anew).owner);
}

/// How the running process leaves for a wait.     [process]
[[nodiscard]] inline intent wait_of(process_control& p) noexcept {
  if (!p.hibernates) [[likely]]
    return intent::wait;
  p.hibernates = false;
  return intent::hibernate;
}

/// The running process, which has no frames of its own any more, waits for a message, and begins anew then. Returns only if
/// there is one already, or if it is to end.     [process]
void wait_without_frames(process_control& p);

/// A reference that is unique in the program.     [worker]
[[nodiscard]] std::uint64_t new_ref(worker& w);

/// A limited mailbox counts what has been sent and not been taken: counts off what has been taken.     [owner]
void count_off(process_control& p) noexcept;

/// The budget is used up: others have their turn, signals are acted on. A process that was ended and goes on calling as
/// long as another budget, outside of destructors that run while its stack is unwound, is unwound here.     [process]
void out_of_reductions(worker& w);

/// What giving others their turn came to.
enum class turn : std::uint8_t {
  missed,         // it is not to be interrupted now: a receive guard, no_preempt
  over,           // it goes on
  to_be_unwound,  // it was ended, and has gone on calling for another budget
};
/// As out_of_reductions, and leaves it to the caller how the process is unwound.     [process]
[[nodiscard]] turn give_turn(worker& w);

/// For calls that destructors make, such as send: one reduction. Anything may have happened meanwhile: ask for
/// this_worker() again.     [process]
inline void charge(worker& w, std::int32_t reductions = 1) {
  w.reductions_left -= reductions;
  if (w.reductions_left <= 0) [[unlikely]]
    out_of_reductions(w);
}

/// For the other calls: as charge, and a process that is being ended does not return from it, unless it cleans up. Returns
/// the worker it runs on now.     [process]
worker& spend(worker& w, std::int32_t reductions = 1);

/// The worker of the calling process; throws errc::not_a_process naming `call`.     [any thread]
[[nodiscard]] worker& require_process(const char* call);

/// Unwinds a process that is ending; see forced_exit in process.hpp.     [process]
[[noreturn]] void unwind(process_control& p);
/// As unwind, at a wait; returns when the wait is to end at once instead.
void unwind_from_wait(process_control& p, bool has_timeout);
/// Whether what an ended process does now is cleaning up: in a destructor while its stack is unwound, or where it caught
/// its end.     [process]
[[nodiscard]] bool cleans_up(const process_control& p) noexcept;

}  // namespace joist::inline v0::core
