// The waiting behind receive(): see joist/detail/receive.hpp for the scan.
#include <joist/receive.hpp>

#include <exception>

#include "core/scheduler.hpp"
#include "core/timers.hpp"
#include "core/trace.hpp"

namespace joist::inline v0 {

using namespace core;

namespace {

// noinline, here and below: what a wait needs rarely is not part of the frame that lies on the stack while it lasts.
// L22: a suspension counts from the moment its signal is taken, not from the next wait.
[[gnu::noinline]] void take_signals_and_obey(process_control& p) {
  take_signals(p);
  while (p.extras != nullptr && p.extras->suspends > 0 && !p.ending && p.uninterrupted == 0) {
    p.ready = true;
    (void)switch_away(*this_worker(), intent::yield);
  }
}

mailbox& begin_receive(const char* call) {
  worker& w = require_process(call);
  process_control& p = *w.running;
  if (p.box.in_guard)
    throw error{errc::bad_wait,
                fmt::format("{}: not from a receive guard: it would change the mailbox under the scan", call)};
  charge(w);
  // While the stack is unwound, what is in the mailbox may still be looked at; waiting is refused in more().
  if (p.ending && !p.finishing && std::uncaught_exceptions() == 0) unwind(p);
  p.box.scanned = true;
  return p.box;
}

[[noreturn, gnu::noinline, gnu::cold]] void refuse_to_wait() {
  throw error{errc::bad_wait, "receive: expected a message that is here already: it would wait within no_preempt"};
}

// Whether there is a limit ahead, which ends the wait from now on.
[[gnu::noinline]] bool set_limit(worker& w, const detail::deadline& limit) {
  const std::int64_t until = limit.resolve();
  if (limit.is_point() && until <= clock::now().time_since_epoch().count()) return false;
  begin_timed_wait(w, until);
  return true;
}

}  // namespace

void core::count_off(process_control& p) noexcept {
  process_extras& x = *p.extras;
  const std::uint32_t gone = x.arrived - p.box.length;
  x.arrived = p.box.length;
  p.queued.take_off(p.generation.load(std::memory_order_relaxed), gone);
}

void core::wait_without_frames(process_control& p) {
  if (!p.ending && p.signals.has_signals()) take_signals_and_obey(p);
  if (p.ending || p.box.length > 0) return;
  if (p.uninterrupted > 0) refuse_to_wait();
  p.ready = false;
  (void)switch_away(*this_worker(), intent::begin_anew);
}

namespace detail {

receive_wait::receive_wait(const char* call) : box_{begin_receive(call)} {}

void receive_wait::finish() noexcept {
  if (timed_) end_timed_wait(*this_worker()->running);
  if (box_.limited) {
    process_control& p = *this_worker()->running;
    if (!p.ending) count_off(p);
  }
}

[[gnu::cold]] void receive_wait::trace(const node& taken) noexcept {
  worker& w = *this_worker();
  trace_receive(*w.simulated, *w.running, taken);
}

bool receive_wait::more(const deadline& limit) {
  // The worker takes signals in too, before it resumes us: what is new is what the scan has not seen.
  const std::uint32_t seen = box_.length;
  for (;;) {
    process_control& p = *this_worker()->running;
    if (!p.ending && p.signals.has_signals()) take_signals_and_obey(p);
    worker& w = *this_worker();  // perhaps another one by now
    if (p.ending) {
      unwind_from_wait(p, !limit.is_never());
      return false;
    }
    if (p.box.length > seen) return true;
    if (limit.is_zero()) return false;
    if (p.uninterrupted > 0) refuse_to_wait();
    if (!limit.is_never()) {
      if (!timed_) {
        if (!set_limit(w, limit)) return false;
        timed_ = true;
      } else if (p.timed().token == 0) {
        return false;
      }
    }
    p.ready = false;
    (void)switch_away(w, wait_of(p));
  }
}

}  // namespace detail

void sleep_for(detail::deadline limit) {
  detail::receive_wait wait{"sleep_for"};
  while (wait.more(limit)) {
  }
}

}  // namespace joist::inline v0
