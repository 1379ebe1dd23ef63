#include "core/scheduler.hpp"

#include <joist/log.hpp>

#include <sched.h>
#include <signal.h>

#include <algorithm>
#include <bit>
#include <system_error>
#include <thread>

#include "base/assert.hpp"
#include "base/asymmetric_fence.hpp"
#include "base/pool.hpp"
#include "base/sanitizer.hpp"
#include "core/memory_limit.hpp"
#include "core/process_main.hpp"
#include "core/simulation.hpp"
#include "core/whereabouts.hpp"
#include "fiber/isolation.hpp"

namespace joist::inline v0::detail {

using core::node_kind;
using core::process_control;
using core::worker;

namespace {

#ifdef JOIST_OWN_STACKS
constexpr bool always_own_stacks = true;
#else
constexpr bool always_own_stacks = base::sanitized || fiber::checks_isolation;
#endif

constexpr std::size_t least_slot_bytes = std::size_t{16} << 10;

std::size_t usable_cores() noexcept {
  cpu_set_t set;
  if (::sched_getaffinity(0, sizeof set, &set) == 0) return static_cast<std::size_t>(std::max(1, CPU_COUNT(&set)));
  return std::max(1U, std::thread::hardware_concurrency());
}

void check_memory_limit(const memory_limit& m, const char* whose) {
  const bool limits = m.max_mailbox_bytes > 0 || m.max_parked_stack_bytes > 0;
  if (limits && !m.kill && !m.log)
    throw error{errc::bad_argument, fmt::format("{}: expected kill or log in a memory_limit, got neither", whose)};
}

runtime_options checked(runtime_options o) {
  if (o.workers == 0) o.workers = usable_cores();
  auto require = [](bool ok, const char* what, auto got) {
    if (!ok) throw error{errc::bad_argument, fmt::format("runtime_options: expected {}, got {}", what, got)};
  };
  require(o.workers <= 1000, "at most 1000 workers", o.workers);
  require(o.process_limit >= 1 && o.process_limit <= std::size_t{60'000'000}, "a process_limit of 1 to 60000000",
          o.process_limit);
  require(o.slots >= 1 && o.slots <= std::size_t{1} << 20, "1 to 1048576 slots", o.slots);
  require(std::has_single_bit(o.slot_bytes) && o.slot_bytes >= least_slot_bytes && o.slot_bytes <= std::size_t{1} << 30,
          "slot_bytes to be a power of two from 16 KiB to 1 GiB", o.slot_bytes);
  require(o.stop_deadline >= o.stop_deadline.zero(), "a stop_deadline of 0 or more",
          fmt::format("{} ms", o.stop_deadline.count()));
  require(o.spare_threads <= core::most_workers && o.workers + o.spare_threads <= core::most_workers,
          "workers and spare_threads to be at most 1023 together", o.workers + o.spare_threads);
  // Beyond, where it counts in nanoseconds: never.
  constexpr std::chrono::milliseconds longest = std::chrono::hours{24} * 365 * 100;
  o.stuck_after = std::min(o.stuck_after, longest);
  o.kill_after = std::min(o.kill_after, longest);
  require(o.stuck_after.count() >= 1, "a stuck_after of 1 ms or more", fmt::format("{} ms", o.stuck_after.count()));
  require(o.kill_after >= o.kill_after.zero(), "a kill_after of 0 or more", fmt::format("{} ms", o.kill_after.count()));
  require(o.faults <= fault_policy::contain_wild_access, "one of the two fault policies", static_cast<unsigned>(o.faults));
  require(o.reductions >= 1 && o.reductions <= 1'000'000'000, "1 to 1000000000 reductions", o.reductions);
  check_memory_limit(o.memory_limit, "runtime_options");
  return o;
}

constexpr std::size_t most_stack_bytes = std::size_t{1} << 40;

void check_spawn_options(const spawn_options& o) {
  auto require = [](bool ok, const char* what, auto got) {
    if (!ok) throw error{errc::bad_argument, fmt::format("spawn_options: expected {}, got {}", what, got)};
  };
  require(o.priority <= priority::max, "one of the four priorities", static_cast<unsigned>(o.priority));
  require(o.when_full <= mailbox_policy::kill, "one of the three mailbox policies", static_cast<unsigned>(o.when_full));
  require(o.stack_bytes <= most_stack_bytes, "stack_bytes of at most a terabyte", o.stack_bytes);
  require(o.stack_bytes == 0 || o.own_stack, "own_stack = true where stack_bytes is given, for shared ones have slot_bytes",
          o.stack_bytes);
  if (o.memory_limit) check_memory_limit(*o.memory_limit, "spawn_options");
}

/// Threads made while it lives take no signals but those that a thread raises by what it does itself, and the
/// profiler's, and with `but_questions` the watcher's (whereabouts.hpp): handlers of the program run on threads of the
/// program, not on the small stacks of processes.
class signals_held_back {
 public:
  explicit signals_held_back(bool but_questions) noexcept {
    sigset_t held;
    ::sigfillset(&held);
    for (const int own : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS, SIGABRT, SIGPROF}) ::sigdelset(&held, own);
    ::pthread_sigmask(SIG_BLOCK, &held, &before_);
    if (!but_questions) return;
    sigset_t questions;  // the watcher, who makes spare threads, does not take them
    ::sigemptyset(&questions);
    ::sigaddset(&questions, core::question_signal());
    ::pthread_sigmask(SIG_UNBLOCK, &questions, nullptr);
  }
  ~signals_held_back() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  signals_held_back(const signals_held_back&) = delete;
  signals_held_back& operator=(const signals_held_back&) = delete;

 private:
  sigset_t before_{};
};

}  // namespace

scheduler::scheduler(const runtime_options& o, bool simulated) try
    : scheduler{checked(o), core::held_node{simulated}, simulated
}
{}
catch (const std::bad_alloc&) {
  throw error{errc::out_of_memory,
              "runtime: the system gives no memory for its tables and stacks; lower process_limit or slots"};
}

scheduler::scheduler(const runtime_options& o, core::held_node claim, bool simulated)
    : node{claim.get().node},
      options{o},
      slot_bytes{o.slot_bytes},
      contains_faults{core::can_contain_faults() && o.contain_faults.value_or(false)},
      asks_stuck{contains_faults && o.stuck_backtraces},
      table{o.process_limit, o.workers + o.spare_threads + 1, claim.get().first_generation},
      stacks{always_own_stacks ? 1 : o.slots, o.slot_bytes},
      names{table, claim.get().node},
      workers{(simulated ? 1 : o.workers) + o.spare_threads},
      sink_{o.log ? o.log : spdlog_sink()},
      on_report_{o.on_report},
      log_from_{detail::is_silent(sink_) ? log_level::none : o.log_from} {
  const std::size_t count = simulated ? 1 : options.workers;
  for (std::uint32_t i = 0; i < count; ++i) {
    worker& w = workers.add(std::make_unique<worker>(*this, i));
    shelves.push_back(std::make_unique<core::timer_shelf>(i));
    shelves.back()->attendant = &w;
    w.timers.store(shelves.back().get(), std::memory_order_relaxed);
  }
  base::prepare_asymmetric_fences();
  if constexpr (fiber::checks_isolation) handlers_.hold(asks_stuck);  // they report who uses the stack of another
  table.set_grace({[this] {
                     std::vector<std::uint64_t> since;
                     for (const auto& w : workers) since.push_back(w->switches.load(std::memory_order_seq_cst));
                     return since;
                   },
                   [this](const std::vector<std::uint64_t>& since) {
                     for (std::size_t i = 0; i < since.size(); ++i) {  // those made after it were in no process then
                       if (!workers[i].resting.load() && workers[i].switches.load() == since[i]) return false;
                     }
                     return !watch.acts() && core::node_is_quiet(node);
                   }});
  claim.keep();
  core::publish_node(node, this);
}

scheduler::~scheduler() {
  core::retract_node(node);
  table.for_each_place([](process_control& p) {
    if (p.alive.load(std::memory_order_acquire)) core::drop_contents(p);
  });
  core::free_node(node, table.highest_generation());
}

bool scheduler::start_thread(worker& w) {
  const std::scoped_lock lock{stop_mutex_};
  if (quit.load(std::memory_order_seq_cst)) return false;
  const signals_held_back held{asks_stuck};
  try {
    w.thread = std::thread{[keep = shared_from_this(), &w] {
      core::work(w);
      keep->worker_left();
    }};
  } catch (const std::system_error&) {
    return false;
  }
  ++workers_left_;
  return true;
}

void scheduler::start_threads() {
  if (contains_faults) {
    handlers_.hold(asks_stuck);
  } else if (options.contain_faults == true) {
    log(log_level::warning, core::why_not_contained());
  }
  auto refuse = [this](const std::string& whom) {
    abandon();  // those that have begun
    throw error{errc::out_of_memory, fmt::format("runtime: the system gives no thread for {}", whom)};
  };
  if (options.stuck_backtraces && !asks_stuck)
    log(log_level::warning, "stuck_backtraces: expected contain_faults, and no sanitizer, for its handlers; there are none");
  for (const auto& w : workers) {
    if (!start_thread(*w)) refuse(fmt::format("worker {} of {}", w->number + 1, workers.size()));
  }
  if (!start_watcher()) refuse("the watcher");
}

bool scheduler::start_watcher() {
  const std::scoped_lock lock{stop_mutex_};
  const signals_held_back held{false};
  try {
    watch.thread = std::thread{[keep = shared_from_this()] {
      keep->watch.watch(*keep);
      keep->worker_left();
    }};
  } catch (const std::system_error&) {
    return false;
  }
  ++workers_left_;
  return true;
}

void scheduler::check_accepts() const {
  if (lost())
    throw error{errc::not_running,
                "spawn: this program is a child made by fork, and the runtime stayed with its parent; "
                "call exec, or start a runtime in the child"};
  if (!accepts()) throw error{errc::not_running, "spawn: the runtime is stopping and takes no new processes"};
}

process_control& scheduler::take_place(worker* here) {
  check_accepts();  // before any mutex: in a child made by fork it may stay locked for ever
  process_control* p = nullptr;
  if (here != nullptr) {
    p = table.take(here->places);
    if (p != nullptr) here->spawned.add();
  } else {
    const std::scoped_lock lock{foreign_mutex_};
    check_accepts();
    p = table.take(foreign_places_);
    if (p != nullptr) foreign_spawned_.add();
  }
  if (p == nullptr) {
    throw error{errc::process_limit,
                fmt::format("spawn: {} processes are alive, which is the limit; raise runtime_options::process_limit",
                            table.limit())};
  }
  return *p;
}

void scheduler::listen(const std::shared_ptr<ask_state>& listener) {
  const std::scoped_lock lock{foreign_mutex_};
  if (listeners_.size() >= most_listeners_) {
    std::erase_if(listeners_, [](const auto& l) { return l.expired(); });
    most_listeners_ = std::max<std::size_t>(64, 2 * listeners_.size());
  }
  listeners_.push_back(listener);
}

process_control& scheduler::create(closure_ptr body, const spawn_options* o, worker* here,
                                   std::shared_ptr<ask_state> listener) {
  if (o != nullptr) check_spawn_options(*o);
  if (listener != nullptr) listen(listener);
  process_control& p = take_place(here);
  p.next = nullptr;
  p.traps_exits = p.finishing = false;
  p.uninterrupted = 0;
  p.ending.store(false, std::memory_order_relaxed);
  p.urgent.store(false, std::memory_order_relaxed);
  p.declared_dead.store(false, std::memory_order_relaxed);
  p.inside.store(false, std::memory_order_relaxed);  // of a stack that was given up in the middle
  p.uncontained = 0;
  p.telling = p.hibernates = p.begins_anew = p.end_is_told = false;
  p.ready = true;
  p.left_with = core::intent::yield;
  p.spent.store(0, std::memory_order_relaxed);
  if (core::wait_timer* w = p.waits.load(std::memory_order_relaxed)) {
    w->token = 0;
    w->until.store(core::wait_timer::none, std::memory_order_relaxed);  // of one that was given up in its wait
  }
  p.backlog.store(0, std::memory_order_relaxed);
  p.box = {};
  p.box.tail = &p.box.head;
  p.box.traced = here != nullptr && here->simulated != nullptr && here->simulated->traces();
  p.priority = priority::normal;
  p.parent = here != nullptr && here->running != nullptr ? pid_of(*here->running) : pid{};
  try {
    if (o != nullptr || listener != nullptr) p.extras.set(new core::process_extras);
    if (listener != nullptr) p.extras->rarely().listener = std::move(listener);
    if (o != nullptr) {
      p.extras->label = o->label;
      p.priority = o->priority;
      p.when_full.store(o->when_full, std::memory_order_relaxed);
      p.queued.begin(p.generation.load(std::memory_order_relaxed));
      p.mailbox_limit.store(o->mailbox_limit, std::memory_order_relaxed);
      p.box.limited = o->mailbox_limit > 0;
      if (o->memory_limit) p.extras->rarely().memory = std::make_unique<const memory_limit>(*o->memory_limit);
    }
    core::begin_weighing(p, o != nullptr && o->memory_limit ? *o->memory_limit : options.memory_limit);
    if (always_own_stacks || (o != nullptr && o->own_stack)) {
      stacks.assign_own(p, o != nullptr && o->stack_bytes > 0 ? o->stack_bytes : slot_bytes);
      p.stack->lent = o != nullptr && o->own_stack;
    }
  } catch (...) {
    delete p.extras.release();
    p.mailbox_limit.store(0, std::memory_order_relaxed);
    if (here != nullptr) {
      here->ended.add();
      table.give_back(&p, here->places);
    } else {
      const std::scoped_lock lock{foreign_mutex_};
      foreign_spawned_.add(std::uint64_t(-1));
      table.give_back(&p, foreign_places_);
    }
    throw error{errc::out_of_memory, "spawn: the system gives no memory for another process or its stack"};
  }
  p.body = body.release();
  p.alive.store(true, std::memory_order_release);
  p.signals.open(p.generation.load(std::memory_order_relaxed));
  return p;
}

void scheduler::inject(process_control& p) {
  injected[static_cast<std::size_t>(p.priority)].push(&p);
  idle.notify();
}

void scheduler::enqueue(process_control& p, worker* here, bool next) {
  if (here != nullptr) {
    core::make_ready(*here, p, next);
  } else {
    inject(p);
  }
}

bool scheduler::deliver(pid target, node_ptr& signal, worker* here) {
  if (target.node() != node) {
    const core::node_guard other{target.node()};
    return other.get() != nullptr && other.get()->deliver(target, signal, nullptr);
  }
  process_control* p = table.place_of(target);
  if (p == nullptr) return false;
  const bool ends = signal->type->kind == node_kind::exit;
  const auto result = push_signal(*p, target, signal, here);
  // One that waits is woken for it. One that is awake may be busy for long: the watcher keeps an eye on it.
  if (ends && result == core::signal_word::push_result::delivered) note_urgent(*p);
  return result != core::signal_word::push_result::closed;
}

void scheduler::note_urgent(process_control& p) noexcept {
  const worker* w = core::this_worker();
  if (w != nullptr && (w->simulated != nullptr || w->running == &p)) return;
  p.urgent.store(true, std::memory_order_seq_cst);
  watch.rouse();
}

process_control* scheduler::find(pid target) const noexcept {
  if (target.node() != node) return nullptr;
  process_control* p = table.place_of(target);
  return p == nullptr || p->signals.is_over(target.generation(), p->generation) ? nullptr : p;
}

void scheduler::process_ended(worker& w, process_control& p) noexcept {
  p.alive.store(false, std::memory_order_seq_cst);
  p.mailbox_limit.store(0, std::memory_order_relaxed);
  if (p.declared_dead.load(std::memory_order_relaxed)) count_zombie(-1);
  table.give_back(&p, w.places);
  w.ended.add();
  // Counted before the look, as the one who stops looks at the count after saying that he does: one of the two sees the
  // other.
  std::atomic_thread_fence(std::memory_order_seq_cst);
  if (stopping()) {
    const std::scoped_lock lock{stop_mutex_};
    stop_changed_.notify_all();
  }
}

std::size_t scheduler::alive() const noexcept {
  std::uint64_t ended = 0;
  std::uint64_t spawned = 0;
  for (const auto& w : workers) ended += w->ended.get();
  for (const auto& w : workers) spawned += w->spawned.get();
  spawned += foreign_spawned_.get();
  return static_cast<std::size_t>(spawned > ended ? spawned - ended : 0);
}

void scheduler::count_zombie(int change) noexcept {
  zombies_.fetch_add(static_cast<std::size_t>(change), std::memory_order_seq_cst);
  if (!stopping()) return;
  const std::scoped_lock lock{stop_mutex_};  // a stop waits for all but the zombies
  stop_changed_.notify_all();
}

bool scheduler::queues_empty() const noexcept {
  for (const auto& q : injected) {
    if (!q.empty()) return false;
  }
  return std::all_of(workers.begin(), workers.end(), [](const auto& w) { return w->queue.empty(); });
}

std::vector<mailbox_length> scheduler::longest_mailboxes(std::size_t most, std::size_t at_least) const {
  std::vector<mailbox_length> found;
  table.for_each_place([&](const process_control& p) {
    // relaxed: a figure that is outdated soon; what it counts is not looked at.
    const std::size_t messages = p.backlog.load(std::memory_order_relaxed);
    if (messages >= at_least && !p.signals.is_closed()) found.push_back({pid_of(p), messages});
  });
  const auto end = found.begin() + static_cast<std::ptrdiff_t>(std::min(most, found.size()));
  std::partial_sort(found.begin(), end, found.end(), [](auto& a, auto& b) { return a.messages > b.messages; });
  found.erase(end, found.end());
  return found;
}

std::vector<pid> scheduler::all() const {
  std::vector<pid> found;
  table.for_each_place([&](const process_control& p) {
    if (!p.signals.is_closed()) found.push_back(pid_of(p));
  });
  return found;
}

system_details scheduler::info() const {
  system_details d;
  d.workers = options.workers;
  d.threads = workers.size();
  d.spare_threads = relief.waiting();
  d.reliefs = relief.times();
  d.zombies = zombies_.load(std::memory_order_relaxed);
  const std::size_t living = alive();
  d.process_count = living > d.zombies ? living - d.zombies : 0;
  d.process_limit = table.limit();
  for (const auto& q : injected) d.run_queue_length += q.waiting();
  for (const auto& w : workers) d.run_queue_length += w->simulated != nullptr ? w->simulated->waiting() : w->queue.waiting();
  d.slots_made = stacks.slots_made();
  d.slot_limit = stacks.slot_limit();
  d.slot_bytes = stacks.slot_bytes();
  d.own_stacks = stacks.own_stacks();
  d.spawned = foreign_spawned_.get();
  for (const auto& w : workers) {
    d.spawned += w->spawned.get();
    d.context_switches += w->switches.load(std::memory_order_relaxed);
    d.stack_copies += w->copies.get();
    d.slot_waits += w->slot_waits.get();
    d.steals += w->steals.get();
    d.abandoned_stacks += w->abandoned.get();
    if (w->duty.load(std::memory_order_relaxed) == core::post::relieved) {
      ++d.relieved;
      if (const fiber::slot* s = w->shared_slot.load(std::memory_order_relaxed))
        d.behind_stuck += std::max(1U, s->users.load(std::memory_order_relaxed)) - 1;
    }
  }
  for (const auto& s : shelves) {
    const std::scoped_lock lock{s->mutex};
    d.timers += s->wheel.size() - std::min(s->waits, s->wheel.size());  // those that fire now are in `waits` alone
  }
  d.live_nodes = base::pool_live_blocks();
  d.stack_guards_by_madvise = fiber::stack_pool::guards_by_madvise();
  return d;
}

// What a filter takes out must not be logged because it failed: nothing of that report is.
void scheduler::write(report& r) {
  bool wanted = true;
  if (on_report_) {
    std::string failure;
    try {
      wanted = on_report_(r);
    } catch (...) {
      const auto [type, what] = core::describe_current_exception();
      failure = fmt::format("a report ({}, of {}) is not shown: runtime_options::on_report threw {}: {}", to_string(r.kind),
                            r.process, type, what);
    }
    if (!failure.empty()) return sink_(r.level, failure);
  }
  if (wanted) sink_(r.level, r.fields.empty() ? r.text : r.to_string());
}

void scheduler::log(report r) noexcept {
  if (!logs(r.level)) return;
  const core::worker* here = core::this_worker();
  process_control* p = here != nullptr ? here->running : nullptr;
  // Who holds the mutex keeps its turn, and its fault stops the program, or others would wait for ever. Unlike no_preempt
  // this gives no turn at its end: the caller may be in the middle of an end.
  const core::section<&process_control::uninterrupted> uninterrupted{p};
  const core::uncontained uncontained{p};
  try {
    const std::scoped_lock lock{log_mutex_};
    write(r);
  } catch (...) {
    // A sink that throws loses its line; there is nobody left to tell.
  }
}

void scheduler::log(log_level level, std::string_view text) noexcept {
  if (!logs(level)) return;
  try {
    log(report{report_kind::notice, level, {}, std::string{text}});
  } catch (...) {
    // No memory for the words: they are lost.
  }
}

}  // namespace joist::inline v0::detail
