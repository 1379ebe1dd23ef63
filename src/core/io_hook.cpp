#include "core/io_hook.hpp"

#include <joist/error.hpp>

#include <fmt/format.h>

#include "core/scheduler.hpp"
#include "core/signal.hpp"
#include "core/timers.hpp"

namespace joist::inline v0::core {

outside_wait::outside_wait(const char* call) {
  worker& w = require_process(call);
  process_control& p = *w.running;
  if (p.box.in_guard || p.uninterrupted > 0)
    throw error{errc::bad_wait, fmt::format("{}: not from a receive guard, nor within no_preempt: it may wait", call)};
  spend(w);
}

bool outside_wait::begin(const detail::deadline& limit) {
  worker& w = *this_worker();
  process_control& p = *w.running;
  if (!p.ending && p.signals.has_signals()) take_signals(p);
  if (token_ != 0) end();
  if (p.ending || limit.is_zero()) return false;
  timed_ = !limit.is_never();
  if (timed_) {
    const std::int64_t until = limit.resolve();
    if (limit.is_point() && until <= clock::now().time_since_epoch().count()) return false;
    begin_timed_wait(w, until);
    token_ = p.timed().token;
  } else {
    token_ = begin_untimed_wait(w);
  }
  return true;
}

detail::node_ptr outside_wait::wake_up() const { return make_signal<node_kind::timeout>(token_); }

void outside_wait::wake(pid waiter, detail::node_ptr wake_up) noexcept {
  const node_guard home{waiter.node()};
  if (home.get() != nullptr) (void)home.get()->deliver(waiter, wake_up, nullptr);
}

void outside_wait::sleep() {
  for (;;) {
    process_control& p = *this_worker()->running;
    if (!p.ending) take_signals(p);
    if (p.ending || p.timed().token != token_) break;
    p.ready = false;
    (void)switch_away(*this_worker(), wait_of(p));
  }
  end();
}

void outside_wait::end() noexcept {
  process_control& p = *this_worker()->running;
  token_ = 0;
  if (timed_) {
    end_timed_wait(p);
  } else {
    p.timed().token = 0;
  }
}

void outside_wait::leave() {
  process_control& p = *this_worker()->running;
  if (p.ending) unwind_from_wait(p, true);
}

}  // namespace joist::inline v0::core
