#include <joist/simulate.hpp>

#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <optional>
#include <string_view>
#include <system_error>

#include "base/pool.hpp"
#include "core/replay_command.hpp"
#include "core/scheduler.hpp"
#include "core/simulation.hpp"
#include "core/trace.hpp"

namespace joist::inline v0 {

using namespace core;
using detail::ask_state;
using detail::closure_ptr;

process_control& core::simulation::choose(std::int32_t& reductions, bool urgent) noexcept {
  const bool of_all = urgent && dice_.below(4) == 0;
  auto rank = [of_all](const process_control& p) {
    return of_all ? priority::normal : std::max(p.priority, priority::normal);
  };
  priority highest = priority::normal;
  for (const process_control* p : ready_) highest = std::max(highest, rank(*p));
  std::uint32_t candidates = 0;
  for (const process_control* p : ready_) candidates += rank(*p) == highest ? 1 : 0;
  std::uint32_t nth = dice_.below(candidates);
  std::size_t at = 0;
  while (rank(*ready_[at]) != highest || nth-- > 0) ++at;
  process_control& chosen = *ready_[at];
  ready_[at] = ready_.back();
  ready_.pop_back();
  // Mostly few, so that processes are interrupted where it hurts; now and then enough to get through.
  reductions = dice_.below(8) == 0 ? 4000 : 1 + static_cast<std::int32_t>(dice_.below(12));
  note(chosen.index);
  note(static_cast<std::uint64_t>(reductions));
  ++steps_;
  return chosen;
}

void core::simulation::note_end(const process_control& p, const process_extras& x, pid by) {
  trace_end(*this, p, x.reason, by);
  if (!looks_for_crashes_ || crash_ || x.reason.is_orderly() || !x.links.empty() || !x.watchers.empty()) return;
  if (x.rare != nullptr && x.rare->listener != nullptr) return;  // the first process: its end is the run's
  scheduler& home = this_worker()->home;
  crash_ = unheard_crash{home.pid_of(p), called(home, p), x.reason};
}

namespace {

constexpr std::uint32_t most_messages_shown = 4;

// Types of the oldest ones: "int, char and 3 more".
std::string types_in(const detail::mailbox& box) {
  std::string types;
  std::uint32_t shown = 0;
  for (const detail::node* n = box.head; n != nullptr && shown < most_messages_shown; n = n->next, ++shown)
    types += (shown > 0 ? ", " : "") + type_in(*n);
  if (box.length > shown) types += fmt::format(" and {} more", box.length - shown);
  return types;
}

/// A world of one worker, run by the calling thread, which is that worker for the time.
class world {
 public:
  world(std::uint64_t seed, const simulate_options& options)
      : seed_{seed},
        options_{options},
        home_{std::make_shared<detail::scheduler>(settings(options), true)},
        choices_{seed, options} {
    worker& w = home_->workers[0];
    w.simulated = &choices_;
    attached_ = base::pool_attach_thread();
    set_this_worker(&w);
    fiber::describe_thread(w.frame, &w);
    // F2: the caller may be in the middle of an exception of its own.
    callers_exceptions_ = std::exchange(*w.frame.exceptions, {});
    w.resting.store(false);
  }
  world(const world&) = delete;
  world& operator=(const world&) = delete;
  ~world() {
    *home_->workers[0].frame.exceptions = callers_exceptions_;
    set_this_worker(nullptr);
    if (attached_) base::pool_detach_thread();
  }

  simulate_report run(closure_ptr first) {
    const auto state = std::make_shared<ask_state>();
    worker& w = home_->workers[0];
    make_ready(w, home_->create(std::move(first), nullptr, &w, state), false);
    while (!state->done && !choices_.crash()) step();
    const exit_reason& reason = state->done ? state->reason : choices_.crash()->reason;
    const simulate_report report{seed_,           reason, choices_.steps(), choices_.fingerprint(), choices_.elapsed(),
                                 choices_.crash()};
    end_the_others();
    return report;
  }

 private:
  static runtime_options settings(const simulate_options& o) {
    runtime_options r;
    r.workers = 1;
    r.process_limit = o.process_limit;
    r.slots = o.slots;
    r.log = o.log;
    r.memory_limit = o.memory_limit;
    return r;
  }

  void step() {
    worker& w = home_->workers[0];
    if (choices_.steps() > options_.step_limit) {
      end_the_others();
      throw error{errc::deadlock,
                  fmt::format("simulate: seed {} did not end within {} steps; raise step_limit if that is right", seed_,
                              options_.step_limit)};
    }
    count_switch(w);
    if (choices_.idle()) {
      const std::int64_t due = home_->shelves.front()->next_due.load();
      if (due == INT64_MAX) throw_deadlock();
      choices_.advance_to(due);
    }
    fire_timers(w);
    if (choices_.idle()) return choices_.count_idle_step();
    process_control& p = choices_.choose(w.reductions_left, home_->urgent_askers.load() > 0);
    trace_turn(w, p);
    core::run(w, p);
  }

  [[noreturn]] void throw_deadlock() {
    std::string waiting;
    for (const pid process : home_->all()) {
      const process_control* p = home_->find(process);
      waiting += fmt::format("\n  {}, {} messages in its mailbox", who_is(*home_, *p), p->box.length);
      if (p->box.length > 0) waiting += ": " + types_in(p->box);
    }
    end_the_others();
    throw error{errc::deadlock, fmt::format("simulate: seed {}: nothing can run any more; waiting are{}", seed_, waiting)};
  }

  void end_the_others() {
    choices_.close();
    worker& w = home_->workers[0];
    for (const pid process : home_->all()) {
      node_ptr signal = make_signal<node_kind::exit, exit_payload>(0, exit_reason::kill, false);
      (void)home_->deliver(process, signal, &w);
    }
    // Kills unwind; only a process that catches its end and goes on without waiting could take for ever.
    for (std::uint64_t left = options_.step_limit; home_->alive() > 0 && left > 0; --left) {
      if (choices_.idle()) return;
      process_control& p = choices_.choose(w.reductions_left, home_->urgent_askers.load() > 0);
      core::run(w, p);
    }
  }

  const std::uint64_t seed_;
  const simulate_options options_;
  const std::shared_ptr<detail::scheduler> home_;
  simulation choices_;
  fiber::exception_globals callers_exceptions_;
  bool attached_ = false;
};

}  // namespace

namespace {

std::optional<std::uint64_t> seed_to_replay() {
  const char* given = std::getenv("JOIST_SEED");
  if (given == nullptr) return std::nullopt;
  const std::string_view text{given};
  std::uint64_t seed = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), seed);
  if (problem != std::errc{} || end != text.data() + text.size())
    throw error{errc::bad_argument, fmt::format("JOIST_SEED: expected the number of a seed, got \"{}\"", text)};
  return seed;
}

bool trace_is_wanted() noexcept {
  const char* given = std::getenv("JOIST_TRACE");
  return given != nullptr && *given != '\0' && std::string_view{given} != "0";
}

void tell_standard_error(std::string_view line) {
  std::fprintf(stderr, "%.*s\n", static_cast<int>(line.size()), line.data());
}

// What went wrong; empty: nothing.
std::string problem_of(const simulate_report& report) {
  if (report.reason.is_orderly()) return {};
  if (!report.crash) return report.reason.to_string();
  return fmt::format("process {} \"{}\" crashed, and nobody was linked to it or monitored it: {}", report.crash->process,
                     report.crash->label, report.crash->reason);
}

}  // namespace

simulate_report detail::run_simulation(std::uint64_t seed, closure_ptr first, const simulate_options& options) {
  if (this_worker() != nullptr) throw error{errc::bad_wait, "simulate: expected a thread that runs no process"};
  world w{seed, options};
  return w.run(std::move(first));
}

void detail::explore(std::uint64_t runs, simulate_options options, const one_run& one) {
  if (this_worker() != nullptr) throw error{errc::bad_wait, "for_each_schedule: expected a thread that runs no process"};
  const std::optional<std::uint64_t> only = seed_to_replay();
  const std::uint64_t first = only.value_or(1);
  const std::uint64_t count = only ? 1 : runs;
  if (only && trace_is_wanted() && options.trace == nullptr) options.trace = &tell_standard_error;
  for (std::uint64_t i = 0; i < count; ++i) {
    const std::uint64_t seed = first + i;
    std::string problem;
    try {
      problem = problem_of(one(seed, options));
    } catch (const std::exception& e) {
      problem = e.what();
    }
    if (!problem.empty()) {
      throw schedule_failed{seed,
                            fmt::format("seed {} failed: {}\nreplay it: JOIST_SEED={} {}\nJOIST_TRACE=1 before that tells "
                                        "each step",
                                        seed, problem, seed, own_command())};
    }
  }
}

}  // namespace joist::inline v0
