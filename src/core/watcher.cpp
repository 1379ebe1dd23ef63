#include "core/watcher.hpp"

#include <joist/log.hpp>

#include <fmt/format.h>
#include <time.h>

#include <algorithm>
#include <string>

#include "base/pool.hpp"
#include "core/claim.hpp"
#include "core/scheduler.hpp"
#include "core/signal.hpp"

namespace joist::inline v0::core {
namespace {

constexpr std::int64_t ns_per_ms = 1'000'000;
constexpr std::int64_t longest_period = 5 * ns_per_ms;  // wakes that are owed wait for it
constexpr std::int64_t warn_again_after = 1'000 * ns_per_ms;
constexpr std::size_t most_places_remembered = 4096;

std::int64_t steady_now() noexcept { return std::chrono::steady_clock::now().time_since_epoch().count(); }

bool others_wait(const worker& w, std::int64_t now) noexcept {
  return w.run_next.load(std::memory_order_relaxed) != nullptr ||
         w.timers.load(std::memory_order_acquire)->next_due.load(std::memory_order_relaxed) <= now || !w.home.queues_empty();
}

}  // namespace

void watcher::watch(scheduler& home) {
  base::pool_attach_thread();
  // What it does for a process is done by the functions that workers use: it is one that never looks for processes, and
  // R2 holds for it.
  worker mine{home, static_cast<std::uint32_t>(most_workers)};
  mine.duty.store(post::relieved, std::memory_order_relaxed);
  mine.timers.store(home.shelves.front().get(), std::memory_order_relaxed);
  set_this_worker(&mine);
  const std::int64_t period =
      std::clamp<std::int64_t>(home.options.stuck_after.count() * ns_per_ms / 2, ns_per_ms, longest_period);
  while (!home.quit.load(std::memory_order_seq_cst)) {
    if (look(home, steady_now())) {
      bed_.park(steady_now() + period);
      continue;
    }
    asleep_.store(true, std::memory_order_seq_cst);
    const bool again = look(home, steady_now());
    if (!again && !home.quit.load(std::memory_order_seq_cst)) bed_.park(INT64_MAX);
    asleep_.store(false, std::memory_order_seq_cst);
  }
  set_this_worker(nullptr);
  base::pool_detach_thread();
  left.store(true, std::memory_order_release);
}

namespace {

// Processor time of another thread: the kernel's clock for it (clock_getcpuclockid(3) makes it so, of a process).
std::int64_t cpu_time_of(pid_t thread) noexcept {
  constexpr unsigned of_a_thread = 6;
  const auto clock = static_cast<clockid_t>((~static_cast<unsigned>(thread) << 3) | of_a_thread);
  timespec used{};
  return ::clock_gettime(clock, &used) == 0 ? used.tv_sec * 1'000 * ns_per_ms + used.tv_nsec : 0;
}

}  // namespace

bool watcher::look(scheduler& home, std::int64_t now) {
  while (seen_.size() < home.workers.size())
    seen_.push_back({home.workers[seen_.size()].switches.load(std::memory_order_acquire), now, 0, 0});
  bool soon = false;
  bool computing = false;
  for (std::size_t i = 0; i < seen_.size(); ++i) {
    soon |= look_at(home.workers[i], seen_[i], now);
    computing |= computes(home.workers[i], seen_[i]);
  }
  // Some worker is busy; one that sleeps, if there is one, could sit in the seat.
  if (soon && home.io.is_deserted()) home.idle.notify();
  if (computing != relieved_compute()) computing_.store(computing, std::memory_order_relaxed);  // workers read it often
  return soon;
}

// A worker that was relieved: whether its thread has used the processor since the last look.
bool watcher::computes(const worker& w, sight& s) {
  if (w.duty.load(std::memory_order_relaxed) != post::relieved) return false;
  const std::int64_t used = cpu_time_of(w.thread_id.load(std::memory_order_relaxed));
  return used - std::exchange(s.cpu_ns, used) > ns_per_ms / 10;
}

bool watcher::look_at(worker& w, sight& s, std::int64_t now) {
  const std::uint64_t switches = w.switches.load(std::memory_order_acquire);
  if (w.resting.load(std::memory_order_seq_cst)) {
    s = {switches, now, s.cpu_ns, 0};
    return false;
  }
  if (switches != s.switches) {
    s = {switches, now, s.cpu_ns, 0};
    return true;
  }
  const std::int64_t stuck = now - s.since;
  const bool on = w.duty.load(std::memory_order_relaxed) == post::on;
  if (on && w.owes_wake.load(std::memory_order_relaxed)) w.home.idle.notify();
  if (on && stuck >= w.home.options.stuck_after.count() * ns_per_ms && others_wait(w, now)) relieve(w, s, now);
  process_control* p = w.running_now.load(std::memory_order_acquire);
  if (p == nullptr || !p->urgent.load(std::memory_order_seq_cst)) return on;
  if (s.urgent_since == 0) s.urgent_since = now;
  if (now - s.urgent_since < w.home.options.kill_after.count() * ns_per_ms) return true;
  return act_for(w, *p) ? on : true;
}

void watcher::relieve(worker& w, const sight& s, std::int64_t now) {
  process_control* p = w.running_now.load(std::memory_order_acquire);
  const relief::result r = w.home.relief.relieve(w);
  if (r != relief::result::not_on) warn(w, p, s, now);
}

// False: the process is in the middle of a runtime call; soon again.
bool watcher::act_for(worker& w, process_control& p) {
  std::optional<report> crash;
  std::optional<end_to_tell> end;
  {
    const claim mine{p, w.home.claim_mutex};
    if (!mine.holds()) return false;
    if (w.running_now.load(std::memory_order_seq_cst) != &p || p.signals.is_closed()) return true;
    p.urgent.store(false, std::memory_order_seq_cst);
    acting_.store(true, std::memory_order_seq_cst);
    crash = take_signals_for(p);
    if (p.declared_dead.load(std::memory_order_relaxed)) end = end_to_tell::of(w.home, p);
    acting_.store(false, std::memory_order_seq_cst);
  }
  if (crash) w.home.log(*std::move(crash));
  if (end) end->tell(w.home);
  return true;
}

void watcher::warn(worker& w, process_control* p, const sight& s, std::int64_t now) {
  if (!w.home.options.stuck_warnings || p == nullptr) return;
  std::string who;
  const void* place = nullptr;
  stack_range stack;
  {
    const claim mine{*p, w.home.claim_mutex};
    if (!mine.holds() || w.running_now.load(std::memory_order_seq_cst) != p || p->signals.is_closed()) return;
    place = p->body != nullptr ? reinterpret_cast<const void*>(p->body->run) : nullptr;
    if (warned_.size() >= most_places_remembered) warned_.clear();
    std::int64_t& last = warned_[place];
    if (last != 0 && now - last < warn_again_after) return;
    last = now;
    const fiber::slot& slot = *p->stack;
    stack.top = reinterpret_cast<std::uintptr_t>(slot.top);
    stack.bottom = stack.top - slot.bytes;
    who = fmt::format("process {} \"{}\"", w.home.pid_of(*p), p->extras == nullptr ? "" : p->extras->label);
  }
  const std::string where = whereabouts(w, s.switches, stack, place, where_);
  w.home.log(log_level::warning,
             fmt::format("{} has not come back to worker {} for {} ms while others wait: {}. For code that takes long: "
                         "joist::checkpoint, joist_preemptible or joist::blocking (docs/guides/blocking.md){}",
                         who, w.number, (now - s.since) / ns_per_ms,
                         w.duty.load(std::memory_order_relaxed) == post::on
                             ? "no spare thread is left to go on with them (runtime_options::spare_threads)"
                             : "another thread goes on with them",
                         where));
}

}  // namespace joist::inline v0::core
