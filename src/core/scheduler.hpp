// core/scheduler.hpp: one running system: its processes, workers, stacks, names. Held by the runtime object, and by every
// worker thread, so that a thread that is stuck in a process when the runtime stops keeps what it needs.
#pragma once

#include <joist/error.hpp>
#include <joist/message.hpp>
#include <joist/runtime.hpp>

#include <array>
#include <atomic>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "core/abandon.hpp"
#include "core/fault.hpp"
#include "core/idle.hpp"
#include "core/injected_queue.hpp"
#include "core/io_hook.hpp"
#include "core/names_registry.hpp"
#include "core/process_table.hpp"
#include "core/relief.hpp"
#include "core/signal.hpp"
#include "core/telemetry.hpp"
#include "core/watcher.hpp"
#include "core/worker.hpp"
#include "core/worker_list.hpp"
#include "fiber/stack_pool.hpp"

namespace joist::inline v0::core {

/// A node number for a starting runtime, and the first generation that no pid of that number has had.
struct node_claim {
  std::uint32_t node;
  std::uint32_t first_generation;
};
/// Throws errc::out_of_memory when all numbers are in use: 3839 runtimes, 256 simulated worlds. A simulated world begins
/// with generation 1 always, so that its pids, but for the node, are the same in each run.
[[nodiscard]] node_claim claim_node(bool simulated);
void publish_node(std::uint32_t node, scheduler* s) noexcept;
/// Nobody finds the runtime any more; waits for those who did.
void retract_node(std::uint32_t node) noexcept;
void free_node(std::uint32_t node, std::uint32_t highest_generation) noexcept;
[[nodiscard]] bool node_is_quiet(std::uint32_t node) noexcept;

/// A claim that is given back unless it is kept.
class held_node {
 public:
  explicit held_node(bool simulated) : claim_{claim_node(simulated)} {}
  held_node(held_node&& from) noexcept : claim_{std::exchange(from.claim_, {})} {}
  held_node& operator=(held_node&&) = delete;
  ~held_node() {
    if (claim_.node != 0) free_node(claim_.node, claim_.first_generation);
  }
  [[nodiscard]] node_claim get() const noexcept { return claim_; }
  void keep() noexcept { claim_ = {}; }

 private:
  node_claim claim_;
};

}  // namespace joist::inline v0::core

namespace joist::inline v0::detail {

/// One ask(), or the first process of run(): who waits for the end of a process.
struct ask_state {
  std::mutex mutex;
  std::condition_variable ended;
  bool done = false;
  exit_reason reason;
  pid ended_by;  // whose exit signal it was; nobody: its own end, or what no process has asked for

  /// The first answer counts.
  void tell(const exit_reason& why, pid by = {}) {
    const std::scoped_lock lock{mutex};
    if (done) return;
    reason = why;
    ended_by = by;
    done = true;
    ended.notify_all();
  }
};

class scheduler : public std::enable_shared_from_this<scheduler> {
 public:
  scheduler(const runtime_options& options, bool simulated);
  ~scheduler();

  void start_threads();
  /// False: the system gives no thread, or the runtime stops.     [any thread]
  bool start_thread(core::worker& w);
  void worker_left();
  /// A second caller waits for the first, within its own limit.     [any thread]
  stop_report stop(std::chrono::milliseconds limit);

  /// Makes a process; the caller queues it. Throws errc::process_limit, errc::not_running.     [any thread]
  core::process_control& create(closure_ptr body, const spawn_options* options, core::worker* here,
                                std::shared_ptr<ask_state> listener = nullptr);
  /// Queues a new or woken process, from wherever.     [any thread]
  void enqueue(core::process_control& p, core::worker* here, bool next);
  void inject(core::process_control& p);

  [[nodiscard]] pid pid_of(const core::process_control& p) const noexcept {
    return {node, p.index, p.generation.load(std::memory_order_relaxed)};
  }
  /// Gives the signal to the process. False when there is none: the caller keeps it.     [any thread]
  bool deliver(pid target, node_ptr& signal, core::worker* here);
  /// As deliver, to a place of this runtime.     [any thread]
  bool push(core::process_control& p, pid target, node_ptr& signal, core::worker* here) {
    return push_signal(p, target, signal, here) != core::signal_word::push_result::closed;
  }
  /// The process of a pid while it lives, else null: a look, soon outdated.     [any thread]
  [[nodiscard]] core::process_control* find(pid target) const noexcept;
  void process_ended(core::worker& w, core::process_control& p) noexcept;

  void log(report r) noexcept;
  void log(log_level level, std::string_view text) noexcept;
  [[nodiscard]] bool logs(log_level level) const noexcept { return level >= log_from_ && level < log_level::none; }
  [[nodiscard]] system_details info() const;
  [[nodiscard]] std::vector<pid> all() const;
  [[nodiscard]] std::vector<mailbox_length> longest_mailboxes(std::size_t most, std::size_t at_least) const;
  [[nodiscard]] std::size_t alive() const noexcept;
  [[nodiscard]] bool accepts() const noexcept { return accepts_.load(std::memory_order_acquire); }
  [[nodiscard]] bool stopping() const noexcept { return stopping_.load(std::memory_order_seq_cst); }
  [[nodiscard]] bool queues_empty() const noexcept;
  /// One process more, or less, that is declared dead and has not come back.     [watcher; worker]
  void count_zombie(int change) noexcept;

  /// In a child made by fork(): the workers are not there, and never will be.     [the child's only thread]
  void lose_in_fork() noexcept;
  [[nodiscard]] bool lost() const noexcept { return lost_.load(std::memory_order_relaxed); }
  /// Lets the workers go without waiting for them: the program ends, on one of them.     [any thread]
  void abandon() noexcept;

  const std::uint32_t node;
  const runtime_options options;
  const std::size_t slot_bytes;
  const bool contains_faults;
  const bool asks_stuck;  // runtime_options::stuck_backtraces, where it can
  core::process_table table;
  fiber::stack_pool stacks;
  core::names_registry names;
  core::idle_workers idle;
  core::io_seat io;
  core::worker_list workers;                                // on, relieved and spare
  std::vector<std::unique_ptr<core::timer_shelf>> shelves;  // one for each that is on
  core::relief relief;
  core::watcher watch;
  std::mutex claim_mutex;                        // held by the watcher while it acts for a process: claim.hpp
  std::array<core::injected_queue, 4> injected;  // by priority
  std::atomic<bool> quit{false};                 // workers leave
  std::atomic<std::uint32_t> urgent_askers{0};   // of high priority, waiting for answers of others
  std::mutex report_mutex;                       // between a report at a stop and ends: see clear_process
  core::places_logged given_up;                  // stacks are, in these places
  core::event_handlers events;                   // who listens

 private:
  scheduler(const runtime_options& checked, core::held_node claim, bool simulated);
  core::process_control& take_place(core::worker* here);
  core::signal_word::push_result push_signal(core::process_control& p, pid target, node_ptr& signal, core::worker* here) {
    const auto result = p.signals.push(signal.get(), target.generation(), p.generation);
    if (result == core::signal_word::push_result::closed) return result;
    (void)signal.release();
    if (result == core::signal_word::push_result::wake) enqueue(p, here, true);
    return result;
  }
  void write(report& r);
  void note_urgent(core::process_control& p) noexcept;
  void check_accepts() const;
  void listen(const std::shared_ptr<ask_state>& listener);
  stop_report stop_once(std::chrono::steady_clock::time_point begin, std::chrono::milliseconds limit);
  std::vector<const core::process_control*> stop_workers(std::chrono::steady_clock::time_point limit);
  stop_report still_running(const std::vector<const core::process_control*>& stuck);
  bool wait_until_empty(std::chrono::steady_clock::time_point limit);
  bool start_watcher();
  void wake_threads();
  [[nodiscard]] bool is_left_to_a_zombie(const core::worker& w) const noexcept;

  std::atomic<bool> accepts_{true};
  std::atomic<bool> stopping_{false};
  std::atomic<bool> lost_{false};
  std::atomic<std::size_t> zombies_{0};
  std::mutex foreign_mutex_;  // guards foreign_places_ and listeners_
  core::process_table::cache foreign_places_;
  core::counter foreign_spawned_;  // under foreign_mutex_
  std::vector<std::weak_ptr<ask_state>> listeners_;
  std::size_t most_listeners_ = 64;  // before those that are gone are taken out
  std::mutex stop_mutex_;            // guards all below
  std::condition_variable stop_changed_;
  std::size_t workers_left_ = 0;
  enum class stop_stage : std::uint8_t { none, under_way, over } stop_stage_ = stop_stage::none;
  stop_report report_;
  std::mutex log_mutex_;
  log_sink sink_;
  report_filter on_report_;
  const log_level log_from_;
  core::fault_handlers handlers_;
};

}  // namespace joist::inline v0::detail

namespace joist::inline v0::core {

/// Gives a message to a process, by its mailbox limit. `message` stays with the caller when nobody takes it.     [any
/// thread]
send_result deliver_message(scheduler& home, pid target, node_ptr& message, worker* here);

struct sending {
  send_result result = send_result::sent;
  std::int32_t price = 1;  // in reductions of the sender
};
/// As deliver_message, to whatever runtime `target` is of.     [any thread; a worker names itself]
sending send_on(worker* here, pid target, node_ptr& message);

/// Gives a message of the runtime's own to a process, whatever its mailbox limit. False when there is none: the caller keeps
/// it.     [any thread]
bool deliver_uncounted(scheduler& home, pid target, node_ptr& message, worker* here);

/// Which runtime a node number belongs to, for calls from foreign threads; while the guard lives it is not taken down.
class node_guard {
 public:
  explicit node_guard(std::uint32_t node) noexcept;
  ~node_guard();
  node_guard(const node_guard&) = delete;
  node_guard& operator=(const node_guard&) = delete;
  [[nodiscard]] scheduler* get() const noexcept { return found_; }

 private:
  std::uint32_t node_;
  scheduler* found_;
};

}  // namespace joist::inline v0::core
