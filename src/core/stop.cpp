// Stopping a runtime: asks, then kills, then leaves behind what does not come back; bounded in time throughout.
#include <algorithm>

#include "core/scheduler.hpp"

namespace joist::inline v0::detail {

using core::process_control;
using clock_point = std::chrono::steady_clock::time_point;

void scheduler::worker_left() {
  const std::scoped_lock lock{stop_mutex_};
  --workers_left_;
  stop_changed_.notify_all();
}

bool scheduler::wait_until_empty(clock_point limit) {
  std::unique_lock lock{stop_mutex_};
  // process_ended() counts first and takes the mutex second: the last end is seen here or notifies us.
  // Zombies are dead to all; a stop does not wait for their threads.
  return stop_changed_.wait_until(lock, limit, [this] { return alive() <= zombies_.load(std::memory_order_seq_cst); });
}

void scheduler::lose_in_fork() noexcept {
  lost_.store(true);
  accepts_.store(false);
  stopping_.store(true);
  quit.store(true);
}

void scheduler::abandon() noexcept {
  accepts_.store(false);
  stopping_.store(true);
  quit.store(true);
  wake_threads();
  const std::scoped_lock lock{stop_mutex_};
  for (const auto& w : workers) {
    if (w->thread.joinable()) w->thread.detach();  // it holds this scheduler
  }
  if (watch.thread.joinable()) watch.thread.detach();
}

stop_report scheduler::stop(std::chrono::milliseconds limit) {
  if (lost()) return {};
  constexpr auto longest = std::chrono::hours{24 * 365};
  limit = std::min<std::chrono::milliseconds>(limit, longest);
  const clock_point begin = std::chrono::steady_clock::now();
  {
    std::unique_lock lock{stop_mutex_};
    if (stop_stage_ == stop_stage::under_way) {
      const bool over = stop_changed_.wait_until(lock, begin + limit, [this] { return stop_stage_ == stop_stage::over; });
      if (!over) {
        lock.unlock();
        return still_running({});
      }
    }
    if (stop_stage_ == stop_stage::over) return report_;
    stop_stage_ = stop_stage::under_way;
  }
  stop_report report = stop_once(begin, limit);
  const std::scoped_lock lock{stop_mutex_};
  report_ = report;
  stop_stage_ = stop_stage::over;
  stop_changed_.notify_all();
  return report;
}

stop_report scheduler::stop_once(clock_point begin, std::chrono::milliseconds limit) {
  {
    // A foreign thread that was let in is counted by now: alive() waits for what it makes.
    const std::scoped_lock lock{foreign_mutex_};
    accepts_.store(false, std::memory_order_seq_cst);
  }
  stopping_.store(true, std::memory_order_seq_cst);
  auto end_all = [this](const exit_reason& reason) {
    for (const pid process : all()) {
      node_ptr signal = core::make_signal<node_kind::exit, core::exit_payload>(0, reason, false);
      (void)deliver(process, signal, nullptr);
    }
  };
  end_all(exit_reason::shutdown);
  if (!wait_until_empty(begin + limit / 10)) end_all(exit_reason::shutdown);  // for those made while we looked
  if (!wait_until_empty(begin + limit / 2)) {
    end_all(exit_reason::kill);
    wait_until_empty(begin + limit * 3 / 4);
  }
  stop_report report = still_running(stop_workers(begin + limit));
  handlers_.release();
  core::retract_node(node);  // from elsewhere, what still runs is as good as dead
  const std::scoped_lock lock{foreign_mutex_};
  for (const auto& l : listeners_) {
    if (const auto listener = l.lock()) listener->tell(exit_reason::killed);
  }
  return report;
}

void scheduler::wake_threads() {
  idle.wake_all();
  relief.wake_all();
  watch.wake();
}

bool scheduler::is_left_to_a_zombie(const core::worker& w) const noexcept {
  if (w.left.load(std::memory_order_acquire)) return false;
  const process_control* p = w.running_now.load(std::memory_order_acquire);
  return p != nullptr && p->declared_dead.load(std::memory_order_relaxed);
}

std::vector<const process_control*> scheduler::stop_workers(clock_point limit) {
  {
    // Nobody starts a further thread from here: start_thread() looks at quit under the mutex.
    const std::scoped_lock lock{stop_mutex_};
    quit.store(true, std::memory_order_seq_cst);
  }
  wake_threads();
  {
    std::unique_lock lock{stop_mutex_};
    auto all_but_zombies_left = [this] {
      std::size_t left_to_them = 0;
      for (const auto& w : workers) left_to_them += is_left_to_a_zombie(*w) ? 1 : 0;
      return workers_left_ <= left_to_them;
    };
    stop_changed_.wait_until(lock, limit, all_but_zombies_left);
  }
  if (watch.thread.joinable()) {
    if (watch.left.load(std::memory_order_acquire)) {
      watch.thread.join();
    } else {
      watch.thread.detach();  // in a log sink that does not come back
    }
  }
  std::vector<const process_control*> stuck;
  for (const auto& w : workers) {
    if (!w->thread.joinable()) continue;
    if (w->left.load(std::memory_order_acquire)) {
      w->thread.join();
    } else {
      stuck.push_back(w->running_now.load(std::memory_order_acquire));
      w->thread.detach();  // it holds this scheduler, and ends when its process comes back
    }
  }
  return stuck;
}

stop_report scheduler::still_running(const std::vector<const process_control*>& stuck) {
  stop_report report;
  table.for_each_place([&](const process_control& p) {
    const std::scoped_lock lock{report_mutex};  // see clear_process: while it is alive, its label stays
    if (!p.alive.load(std::memory_order_seq_cst)) return;
    stop_report::straggler s;
    s.process = pid_of(p);
    if (p.extras != nullptr) s.label = p.extras->label;
    s.stuck_thread = std::find(stuck.begin(), stuck.end(), &p) != stuck.end();
    report.still_running.push_back(std::move(s));
  });
  return report;
}

}  // namespace joist::inline v0::detail
