#include <joist/runtime.hpp>

#include <algorithm>

#include "core/scheduler.hpp"

namespace joist::inline v0 {

using detail::ask_state;
using detail::closure_ptr;
using detail::node_ptr;
using detail::scheduler;

namespace {

void refuse_in_process(const char* call) {
  if (!in_process()) return;
  throw error{errc::bad_wait,
              fmt::format("{}: expected a thread that runs no process: it would block a worker; in a process, "
                          "send and receive",
                          call)};
}

}  // namespace

ask_failed::ask_failed(exit_reason reason)
    : std::runtime_error{fmt::format("ask: the asking process ended before it had an answer: {}", reason.to_string())},
      reason_{std::move(reason)} {}

runtime::runtime(runtime_options options)
    : scheduler_{std::make_shared<scheduler>(options, false)}, stop_deadline_{options.stop_deadline} {
  scheduler_->start_threads();
}

runtime::~runtime() {
  if (scheduler_->lost()) {
    // The threads of the parent cannot be joined here: what belongs to them is left as it is.
    (void)new std::shared_ptr<scheduler>{std::move(scheduler_)};
  } else if (running()) {
    // In one of its own processes: exit() was called there, and destroys what is static. It cannot wait for its own thread.
    const core::worker* here = core::this_worker();
    const bool in_own_process = here != nullptr && &here->home == scheduler_.get();
    try {
      if (!in_own_process) (void)scheduler_->stop(stop_deadline_);
    } catch (...) {  // no memory for a report
    }
    scheduler_->abandon();
  }
}

bool runtime::running() const noexcept { return !scheduler_->stopping() && !scheduler_->lost(); }

system_details runtime::info() const { return scheduler_->info(); }

stop_report runtime::stop(std::chrono::milliseconds limit) {
  refuse_in_process("runtime::stop");
  if (limit < limit.zero())
    throw error{errc::bad_argument, fmt::format("runtime::stop: expected a limit of 0 or more, got {} ms", limit.count())};
  return scheduler_->stop(limit);
}

pid runtime::spawn_closure(closure_ptr body, const spawn_options* options) {
  core::process_control& p = scheduler_->create(std::move(body), options, nullptr);
  const pid made = scheduler_->pid_of(p);
  scheduler_->inject(p);
  return made;
}

void runtime::ask_closure(closure_ptr body, detail::deadline limit) {
  refuse_in_process("runtime::ask");
  const auto state = std::make_shared<ask_state>();
  core::process_control& p = scheduler_->create(std::move(body), nullptr, nullptr, state);
  const pid asker = scheduler_->pid_of(p);
  scheduler_->inject(p);
  std::unique_lock lock{state->mutex};
  auto done = [&state] { return state->done; };
  if (limit.is_never()) {
    state->ended.wait(lock, done);
  } else {
    const std::chrono::steady_clock::time_point until{std::chrono::nanoseconds{limit.resolve()}};
    if (!state->ended.wait_until(lock, until, done)) {
      lock.unlock();
      exit(asker, exit_reason::kill);
      throw ask_failed{exit_reason::timeout};
    }
  }
  if (state->reason.which() != exit_reason::kind::normal) throw ask_failed{state->reason};
}

int detail::run_main(closure_ptr first, runtime_options options) {
  refuse_in_process("run");
  const auto state = std::make_shared<ask_state>();
  if (core::can_contain_faults() && !options.contain_faults) options.contain_faults = true;
  const auto home = std::make_shared<scheduler>(options, false);
  home->start_threads();
  core::process_control& p = home->create(std::move(first), nullptr, nullptr, state);
  const pid process = home->pid_of(p);
  home->inject(p);
  {
    std::unique_lock lock{state->mutex};
    state->ended.wait(lock, [&state] { return state->done; });
  }
  // An end in order that it has not chosen: for whoever looks after the program, as a supervisor that gave up is, it failed.
  const bool ended_by_another = state->ended_by && state->reason.is_orderly();
  if (ended_by_another) {
    home->log(report{report_kind::notice, log_level::error, process,
                     fmt::format("the first process was ended by {}: {}", state->ended_by, state->reason)});
  }
  const stop_report report = home->stop(options.stop_deadline);
  constexpr std::size_t most_named = 10;
  for (std::size_t i = 0; i < std::min(most_named, report.still_running.size()); ++i) {
    const stop_report::straggler& s = report.still_running[i];
    home->log(log_level::warning, fmt::format("stopped, but process {} \"{}\" still runs{}", s.process, s.label,
                                              s.stuck_thread ? " and holds its thread" : ""));
  }
  if (report.still_running.size() > most_named)
    home->log(log_level::warning,
              fmt::format("stopped, but {} more processes still run", report.still_running.size() - most_named));
  return state->reason.is_orderly() && !ended_by_another ? 0 : 1;
}

}  // namespace joist::inline v0
