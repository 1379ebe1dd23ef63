// core/timers.hpp: the wheels of the workers, seen from processes. A timer's reference says in which wheel it is, so any
// process may cancel it: one mutex per wheel, taken for a few instructions.
#pragma once

#include <joist/pid.hpp>

#include <cstdint>
#include <span>

#include "core/worker.hpp"

namespace joist::inline v0::core {

/// The running process waits until then at the latest: a timeout signal ends its wait: wait_timer.hpp. Throws
/// std::bad_alloc. [process]
void begin_timed_wait(worker& w, std::int64_t until);
/// The running process waits without a limit: what the signal that ends its wait has as its word. Throws std::bad_alloc.
/// [process]
[[nodiscard]] inline std::uint64_t begin_untimed_wait(worker& w) {
  constexpr std::uint64_t no_time = std::uint64_t{1} << 63;  // tokens of timed waits are points of time
  return w.running->timed().token = new_ref(w) | no_time;
}
/// The wait is over, by time or otherwise.     [owner]
inline void end_timed_wait(process_control& p) noexcept {
  wait_timer& w = p.timed();
  w.token = 0;
  w.until.store(wait_timer::none, std::memory_order_relaxed);  // who fires and misses it sends a signal that nobody heeds
}
/// Stops and drops a timer. Its deadline; -1 when it has fired, or never was.     [worker]
std::int64_t drop_timer(scheduler& home, std::uint64_t reference) noexcept;
/// Delivers, restarts or drops what the wheel of `shelf` gave out; overwrites the list.     [worker stack]
void fire_timers(worker& w, timer_shelf& shelf, std::span<timer*> due);
/// The process has ended: its timers go.     [worker]
void drop_timers_of(scheduler& home, pid process) noexcept;

}  // namespace joist::inline v0::core
