#include <joist/blocking.hpp>
#include <joist/error.hpp>

#include "core/scheduler.hpp"

namespace joist::inline v0 {

using namespace core;

namespace {

// Waits in the line for a spare thread until there may be one. Returns at once when there is one.
void wait_for_spare(worker& w) {
  process_control& p = *w.running;
  const std::uint64_t token = new_ref(w);
  p.receive_timer = token;
  if (!w.home.relief.join_line(w.home.pid_of(p), token)) {
    p.receive_timer = 0;
    return;
  }
  while (p.receive_timer == token) {
    if (!p.ending) take_signals(p);
    if (p.ending) {
      // We may have been told, and are not going to use it.
      this_worker()->home.relief.tell_line(*this_worker());
      p.receive_timer = 0;
      return unwind_from_wait(p, true);
    }
    if (p.receive_timer != token) break;
    p.ready = false;
    (void)switch_away(*this_worker(), intent::wait);
  }
}

// Back among the processes that workers run, unless this thread is a worker again, or still.
void rejoin() noexcept {
  worker& w = *this_worker();
  w.blocking.store(false, std::memory_order_relaxed);
  if (w.running == nullptr || w.running->box.in_guard || w.duty.load(std::memory_order_relaxed) == post::on) return;
  w.running->ready = true;
  (void)switch_away(w, intent::yield);
}

bool applies(const worker* w) noexcept { return w != nullptr && w->running != nullptr && w->simulated == nullptr; }

}  // namespace

void detail::begin_blocking() {
  if (!applies(this_worker())) return;
  for (;;) {
    worker& w = spend(*this_worker());
    if (w.running->box.in_guard)
      throw error{errc::bad_wait, "blocking: not from a receive guard: it would wait in the middle of a scan"};
    w.blocking.store(true, std::memory_order_relaxed);
    if (w.home.relief.relieve(w) != relief::result::no_spare) return;
    w.blocking.store(false, std::memory_order_relaxed);
    if (w.running->ending) return;  // in a destructor: nothing may wait there
    wait_for_spare(w);
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
