#include <joist/blocking.hpp>
#include <joist/error.hpp>

#include "core/scheduler.hpp"
#include "core/timers.hpp"

namespace joist::inline v0 {

using namespace core;

namespace {

// Waits in the line for a spare thread until it is its turn. False: there are none.
bool wait_for_spare(worker& w, bool first) {
  process_control& p = *w.running;
  const std::uint64_t token = begin_untimed_wait(w);
  wait_timer& wait = p.timed();
  const relief::place place = w.home.relief.join_line(w.home.pid_of(p), token, first);
  if (place != relief::place::in_line) {
    wait.token = 0;
    return place == relief::place::at_the_head;
  }
  for (;;) {
    if (!p.ending) take_signals(p);
    if (p.ending) break;
    if (wait.token != token) return true;
    p.ready = false;
    (void)switch_away(*this_worker(), intent::wait);
  }
  // Our turn may have come, with the signal that ended us: it is another's.
  relief& home = this_worker()->home.relief;
  home.leave_line(token);
  home.tell_line(*this_worker());
  wait.token = 0;
  unwind_from_wait(p, true);
  return false;
}

/// Whose turn came tells the next in the line, whether it used its turn or was ended: there may be another spare.
class turn_in_line {
 public:
  turn_in_line() = default;
  ~turn_in_line() {
    if (has_) this_worker()->home.relief.tell_line(*this_worker());
  }
  turn_in_line(const turn_in_line&) = delete;
  turn_in_line& operator=(const turn_in_line&) = delete;
  void take() noexcept { has_ = true; }
  [[nodiscard]] bool had() const noexcept { return has_; }

 private:
  bool has_ = false;
};

// Back among the processes that workers run, unless this thread is a worker again, or still.
void rejoin() noexcept {
  worker& w = *this_worker();
  if (w.duty.load(std::memory_order_relaxed) != post::on) (void)give_turn(w);  // who was ended is unwound by the caller
}

bool applies(const worker* w) noexcept { return w != nullptr && w->running != nullptr && w->simulated == nullptr; }

}  // namespace

void detail::begin_blocking() {
  if (!applies(this_worker())) return;
  for (turn_in_line turn;;) {
    worker& w = spend(*this_worker());
    if (w.running->box.in_guard)
      throw error{errc::bad_wait, "blocking: not from a receive guard: it would wait in the middle of a scan"};
    if (w.running->uninterrupted > 0) throw error{errc::bad_wait, "blocking: not within no_preempt"};
    if (w.home.relief.relieve(w) != relief::result::no_spare) return;
    if (w.running->ending) return;  // in a destructor: nothing may wait there
    if (!wait_for_spare(w, turn.had())) return;
    turn.take();
  }
}

void detail::abort_blocking() noexcept {
  if (applies(this_worker())) rejoin();
}

void detail::end_blocking() {
  if (!applies(this_worker())) return;
  rejoin();
  process_control& p = *this_worker()->running;
  if (p.signals.has_signals() && !p.ending) take_signals(p);
  if (p.ending) unwind_from_wait(p, true);
}

}  // namespace joist::inline v0
