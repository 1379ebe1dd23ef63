#include "otp/children.hpp"

#include <joist/joist.hpp>
#include <joist/otp/telemetry.hpp>

namespace joist::inline v0 {

std::string supervisor_error::to_string() const {
  switch (what) {
    case kind::already_started: return fmt::format("the child is not started: it runs already, as {}", process);
    case kind::already_present:
      return "the child is not started: its spec is there, and it does not run: restart_child starts it, delete_child "
             "forgets "
             "it";
    case kind::running: return fmt::format("the child runs, as {}: terminate_child stops it", process);
    case kind::restarting: return "the child is being started again, for its last start has failed";
    case kind::not_found: return "the supervisor has no such child";
    case kind::start_failed: return fmt::format("the child is not started: {}", start.to_string());
    case kind::bad_spec: return fmt::format("the child is not started: its spec is refused: {}", text);
    case kind::max_children: return "the child is not started: the supervisor has as many as max_children allows";
  }
  return "the supervisor has refused";
}

}  // namespace joist::inline v0

namespace joist::inline v0::otp {

using namespace std::chrono_literals;

failure<supervisor_error> refused(supervisor_error::kind why, pid process) {
  supervisor_error e;
  e.what = why;
  e.process = process;
  return {std::move(e)};
}

failure<supervisor_error> refused(std::string problem) {
  supervisor_error e;
  e.what = supervisor_error::kind::bad_spec;
  e.text = std::move(problem);
  return {std::move(e)};
}

failure<supervisor_error> not_started(start_error why) {
  supervisor_error e;
  e.what = supervisor_error::kind::start_failed;
  e.process = why.process;
  e.start = std::move(why);
  return {std::move(e)};
}

failure<supervisor_error> not_started(start_error why, const child_spec& spec) {
  if (why.what == start_error::kind::failed) report_child("start_error", why.reason, spec, {});
  return not_started(std::move(why));
}

std::optional<std::string> check_period(std::chrono::milliseconds period) {
  if (period > 0ms && period <= std::chrono::hours{24} * 36'500) return std::nullopt;
  return fmt::format("supervisor: expected a period of more than 0 ms and at most a hundred years, got {} ms",
                     period.count());
}

bool starts_again(restart_type type, const exit_reason& reason) noexcept {
  return type == restart_type::permanent || (type == restart_type::transient && !reason.is_orderly());
}

bool is_reported(restart_type type, const exit_reason& reason) noexcept {
  return type == restart_type::permanent || !reason.is_orderly();
}

shutdown_policy policy_of(const child_spec& spec) {
  if (spec.shutdown) return *spec.shutdown;
  return spec.type == child_type::worker ? shutdown_policy{5s} : shutdown_policy{infinity};
}

stopping_child begin_to_stop(pid process) {
  stopping_child child{process, monitor(process), {}};
  unlink(process);
  return child;
}

void tell_to_stop(pid process, const shutdown_policy& policy) {
  exit(process, policy.kills() ? exit_reason::kill : exit_reason::shutdown);
}

exit_reason end_of(const stopping_child& child, exit_reason told) {
  return child.ended && told == exit_reason::noproc ? *child.ended : std::move(told);
}

exit_reason stop_child(pid process, const shutdown_policy& policy) {
  stopping_child child = begin_to_stop(process);
  if (auto end = receive<exited>([process](const exited& e) { return e.process == process; }, after(0s)))
    child.ended = std::move(end->reason);
  tell_to_stop(process, policy);
  auto is_its = [&child](const down& d) { return d.monitor == child.watch; };
  std::optional<down> end = receive<down>(is_its, after(policy.limit()));
  if (!end) {
    exit(process, exit_reason::kill);
    end = receive<down>(is_its);
  }
  return end_of(child, std::move(end->reason));
}

void stop_child(pid process, const child_spec& spec) { report_stopped(stop_child(process, policy_of(spec)), spec, process); }

namespace {

bool stopped_as_told(const exit_reason& reason, const child_spec& spec) {
  if (policy_of(spec).kills()) return reason == exit_reason::killed;
  if (reason.which() == exit_reason::kind::shutdown) return true;
  return reason == exit_reason::normal && spec.restart != restart_type::permanent;
}

}  // namespace

void report_stopped(const exit_reason& reason, const child_spec& spec, pid process) {
  if (!stopped_as_told(reason, spec)) report_child("shutdown_error", reason, spec, process);
}

void tell_too_many_restarts(const child_spec& spec, std::size_t restarts) {
  telemetry::execute(telemetry::supervisor_gave_up{{restarts}, {self(), spec.id}});
  report_child("shutdown", exit_reason::of("reached the most restarts within the period"), spec, {});
}

result<started_child, start_error> run_start(const start_function& start) {
  std::optional<result<started_child, start_error>> started;
  auto failed = catch_end([&] {
    try {
      started = start();
    } catch (const start_failed& f) {
      started = failure{f.error()};
    } catch (start_error& e) {
      started = failure{std::move(e)};
    } catch (start_refused& r) {
      started = failure{start_error{start_error::kind::refused, std::move(r.reason)}};
    } catch (const start_ignored&) {
      started = started_child{};
    }
  });
  if (failed) return failure{start_error{start_error::kind::failed, std::move(*failed)}};
  if (!*started && started->error().what == start_error::kind::ignored) return started_child{};
  return *std::move(started);
}

std::optional<child_spec> copy_for_caller(const child_spec& spec, pid process) {
  std::optional<child_spec> copy;
  if (const auto failed = catch_end([&] { copy = spec; })) {
    report_child("get_childspec_error", *failed, spec, process);
    return std::nullopt;
  }
  return copy;
}

void take_name(const std::string& name) {
  if (name.empty() || whereis(name) == self()) return;
  try {
    register_name(name);
  } catch (const error& e) {
    if (e.code() != errc::name_taken) throw;
    throw detail::name_is_taken(whereis(name).value_or(pid{}));
  }
}

namespace {

std::string_view name_of(restart_type t) {
  switch (t) {
    case restart_type::permanent: return "permanent";
    case restart_type::transient: return "transient";
    case restart_type::temporary: return "temporary";
  }
  return "?";
}

std::string who() {
  const auto me = process_info(self());
  return me && !me->name.empty() ? fmt::format("{} {}", self(), me->name) : fmt::format("{}", self());
}

std::string words_for(const child_spec& spec, pid process) {
  std::string words = fmt::format("\"{}\"", spec.id);
  if (process) words += fmt::format(" {}", process);
  return words + fmt::format(", {}, {}", name_of(spec.restart), spec.type == child_type::worker ? "worker" : "supervisor");
}

}  // namespace

void report_child(std::string_view context, const exit_reason& reason, const child_spec& spec, pid process) {
  if (!logs(log_level::error)) return;
  report r{report_kind::supervisor, log_level::error, self(), fmt::format("supervisor {}: {}", who(), context)};
  r.add("reason", reason.to_string());
  log(r.add("child", words_for(spec, process)));
}

void tell_started(const child_spec& spec, pid process, std::size_t restarts, std::optional<log_level> reported) {
  if (!process) return;
  if (restarts == 0) {
    telemetry::execute(telemetry::child_started{{}, {self(), spec.id, process}});
  } else {
    telemetry::execute(telemetry::child_restarted{{restarts}, {self(), spec.id, process}});
  }
  if (!reported || !logs(*reported)) return;
  report r{report_kind::progress, *reported, self(), fmt::format("supervisor {}: started", who())};
  log(r.add("child", words_for(spec, process)));
}

}  // namespace joist::inline v0::otp
