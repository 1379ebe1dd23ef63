#include "core/idle.hpp"

#include <algorithm>

#include "core/worker.hpp"

namespace joist::inline v0::core {

void idle_workers::notify() noexcept {
  std::atomic_thread_fence(std::memory_order_seq_cst);  // between the push and the reads: see the proof
  if (searchers_.load(std::memory_order_relaxed) != 0 || sleepers_.load(std::memory_order_relaxed) == 0) return;
  worker* chosen = nullptr;
  {
    const std::scoped_lock lock{mutex_};
    if (asleep_.empty()) return;
    chosen = asleep_.back();
    asleep_.pop_back();
    sleepers_.fetch_sub(1, std::memory_order_relaxed);
    searchers_.fetch_add(1, std::memory_order_seq_cst);
  }
  chosen->bed.unpark();
}

bool idle_workers::begin_search(std::size_t workers) noexcept {
  if (2 * (searchers_.load(std::memory_order_relaxed) + 1) > workers + 1) return false;
  searchers_.fetch_add(1, std::memory_order_seq_cst);
  return true;
}

void idle_workers::found() noexcept {
  if (searchers_.fetch_sub(1, std::memory_order_seq_cst) == 1) notify();
}

void idle_workers::found_nothing() noexcept { searchers_.fetch_sub(1, std::memory_order_seq_cst); }

void idle_workers::prepare_sleep(worker& w, bool searching) {
  {
    const std::scoped_lock lock{mutex_};
    asleep_.push_back(&w);
    sleepers_.fetch_add(1, std::memory_order_seq_cst);
  }
  if (searching) searchers_.fetch_sub(1, std::memory_order_seq_cst);
  std::atomic_thread_fence(std::memory_order_seq_cst);
}

bool idle_workers::remove(worker& w) {
  const std::scoped_lock lock{mutex_};
  const auto found = std::find(asleep_.begin(), asleep_.end(), &w);
  if (found == asleep_.end()) return false;
  asleep_.erase(found);
  sleepers_.fetch_sub(1, std::memory_order_relaxed);
  return true;
}

void idle_workers::cancel_sleep(worker& w) {
  // Woken meanwhile: then it is counted as a searcher already, and the unpark is used up here.
  if (remove(w)) {
    searchers_.fetch_add(1, std::memory_order_seq_cst);
  } else {
    w.bed.park(0);
  }
}

bool idle_workers::was_woken(worker& w) { return !remove(w); }

void idle_workers::wake(worker& w) {
  {
    const std::scoped_lock lock{mutex_};
    const auto found = std::find(asleep_.begin(), asleep_.end(), &w);
    if (found == asleep_.end()) return;
    asleep_.erase(found);
    sleepers_.fetch_sub(1, std::memory_order_relaxed);
    searchers_.fetch_add(1, std::memory_order_seq_cst);
  }
  w.bed.unpark();
}

void idle_workers::wake_all() {
  std::vector<worker*> all;
  {
    const std::scoped_lock lock{mutex_};
    all.swap(asleep_);
    sleepers_.fetch_sub(static_cast<std::uint32_t>(all.size()), std::memory_order_relaxed);
    searchers_.fetch_add(static_cast<std::uint32_t>(all.size()), std::memory_order_seq_cst);
  }
  for (worker* w : all) w->bed.unpark();
}

}  // namespace joist::inline v0::core
