#include "core/relief.hpp"

#include <memory>
#include <utility>

#include "base/asymmetric_fence.hpp"
#include "core/scheduler.hpp"

namespace joist::inline v0::core {
namespace {

// The first half of the table at the head of relief.hpp. False: it is not on.
bool take_off(worker& w, process_control*& next) {
  const std::scoped_lock lock{w.relief_mutex};
  if (w.duty.load(std::memory_order_relaxed) != post::on) return false;
  w.duty.store(post::relieved, std::memory_order_seq_cst);
  if (&w != this_worker()) base::heavy_fence();
  // acquire: the process, as it was put there.
  next = w.taken_next = w.run_next.exchange(nullptr, std::memory_order_acq_rel);
  return true;
}

// Who starts a timer there sees the old attendant, whose successor looks at the shelf when it begins, or sees the new one.
void give_shelf(worker& from, worker& to) {
  timer_shelf& shelf = *from.timers.load(std::memory_order_acquire);
  const std::scoped_lock lock{shelf.mutex};
  shelf.attendant = &to;
  to.timers.store(&shelf, std::memory_order_release);
}

worker* make_worker(scheduler& home) {
  try {
    auto made = std::make_unique<worker>(home, static_cast<std::uint32_t>(home.workers.size()));
    made->duty.store(post::spare, std::memory_order_relaxed);
    made->timers.store(home.shelves.front().get(), std::memory_order_relaxed);
    return &home.workers.add(std::move(made));
  } catch (const std::bad_alloc&) {
    return nullptr;
  }
}

}  // namespace

worker* relief::take_spare(scheduler& home) {
  const std::scoped_lock lock{mutex_};
  if (!spares_.empty()) {
    worker* spare = spares_.back();
    spares_.pop_back();
    ++out_;
    return spare;
  }
  if (unstarted_ == nullptr && home.workers.has_room()) unstarted_ = make_worker(home);
  if (unstarted_ == nullptr || !home.start_thread(*unstarted_)) return nullptr;
  ++out_;
  return std::exchange(unstarted_, nullptr);
}

relief::result relief::relieve(worker& w) {
  if (w.duty.load(std::memory_order_relaxed) != post::on) return result::not_on;
  worker* spare = take_spare(w.home);
  if (spare == nullptr) return result::no_spare;
  process_control* next = nullptr;
  if (!take_off(w, next)) {
    put_back(*spare);
    spare->bed.unpark();  // a stop may have come while it was in nobody's list
    if (worker* here = this_worker()) tell_line(*here);
    return result::not_on;
  }
  times_.fetch_add(1, std::memory_order_relaxed);
  // If its process has just come back, the slot is marked in vain, until the next one leaves it.
  if (fiber::slot* s = w.shared_slot.load(std::memory_order_relaxed)) s->stuck.store(true, std::memory_order_relaxed);
  give_shelf(w, *spare);
  // release: all of the above. Pairs with stand_by().
  spare->duty.store(post::on, std::memory_order_release);
  if (next != nullptr) w.home.inject(*next);
  while (process_control* p = w.queue.take()) w.home.inject(*p);
  spare->bed.unpark();
  w.home.idle.wake(w);  // between two processes it may have gone to sleep as one that is on
  return result::relieved;
}

void relief::put_back(worker& spare) {
  const std::scoped_lock lock{mutex_};
  spares_.push_back(&spare);
  --out_;
}

void relief::stand_by(worker& w) {
  give_up_queue(w);
  w.home.stacks.give_up(w.slots);
  // Woken as a searcher while it was relieved, it leaves the search to another: idle.hpp.
  w.home.idle.notify();
  w.duty.store(post::spare, std::memory_order_relaxed);
  put_back(w);
  tell_line(w);
  await_post(w);
}

void relief::await_post(worker& w) {
  if (w.duty.load(std::memory_order_acquire) == post::on) return;
  w.resting.store(true, std::memory_order_seq_cst);
  while (w.duty.load(std::memory_order_acquire) == post::spare && !w.home.quit.load(std::memory_order_seq_cst)) {
    w.bed.park(INT64_MAX);
  }
  count_switch(w);  // the watcher counts from here
  w.resting.store(false, std::memory_order_seq_cst);
  w.home.watch.rouse();
}

relief::place relief::join_line(pid process, std::uint64_t token, bool first) {
  const std::scoped_lock lock{mutex_};
  if (!spares_.empty()) return place::at_the_head;
  if (out_ == 0) return place::no_line;
  if (first) {
    line_.emplace_front(process, token);
  } else {
    line_.emplace_back(process, token);
  }
  return place::in_line;
}

void relief::leave_line(std::uint64_t token) {
  const std::scoped_lock lock{mutex_};
  std::erase_if(line_, [token](const auto& entry) { return entry.second == token; });
}

void relief::tell_line(worker& here) {
  for (;;) {
    std::pair<pid, std::uint64_t> first;
    {
      const std::scoped_lock lock{mutex_};
      if (line_.empty() || spares_.empty()) return;
      first = line_.front();
      line_.pop_front();
    }
    node_ptr signal = make_signal<node_kind::timeout>(first.second);
    if (here.home.deliver(first.first, signal, &here)) return;
  }
}

void relief::wake_all() {
  const std::scoped_lock lock{mutex_};
  for (worker* spare : spares_) spare->bed.unpark();
}

std::size_t relief::waiting() const {
  const std::scoped_lock lock{mutex_};
  return spares_.size();
}

}  // namespace joist::inline v0::core
