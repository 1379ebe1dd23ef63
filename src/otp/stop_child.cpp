#include "otp/stop_child.hpp"

#include <joist/joist.hpp>

namespace joist::inline v0::otp {

using namespace std::chrono_literals;

shutdown_policy policy_of(const child_spec& spec) {
  if (spec.shutdown) return *spec.shutdown;
  return spec.type == child_type::worker ? shutdown_policy{5s} : shutdown_policy{infinity};
}

exit_reason stop_child(pid process, const shutdown_policy& policy) {
  const ref watch = monitor(process);
  unlink(process);
  const std::optional<exited> ended =
      receive<exited>([process](const exited& e) { return e.process == process; }, after(0s));
  auto is_its = [watch](const down& d) { return d.monitor == watch; };
  exit(process, policy.kills() ? exit_reason::kill : exit_reason::shutdown);
  std::optional<down> end = receive<down>(is_its, after(policy.limit()));
  if (!end) {
    exit(process, exit_reason::kill);
    end = receive<down>(is_its);
  }
  // One that was gone before is noproc to its monitor; its exit told the reason.
  return ended && end->reason == exit_reason::noproc ? ended->reason : end->reason;
}

bool stopped_as_told(const exit_reason& reason, const child_spec& spec) {
  if (policy_of(spec).kills()) return reason == exit_reason::killed;
  if (reason.which() == exit_reason::kind::shutdown) return true;
  return reason == exit_reason::normal && spec.restart != restart_type::permanent;
}

result<started_child, start_error> run_start(const start_function& start) {
  std::optional<result<started_child, start_error>> started;
  if (auto failed = catch_end([&] { started = start(); }))
    return failure{start_error{start_error::kind::failed, std::move(*failed)}};
  return *std::move(started);
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
}  // namespace

void report(std::string_view context, const exit_reason& reason, const child_spec& spec, pid process) {
  std::string text = fmt::format("supervisor {}: {}\n  reason: {}\n  child: \"{}\"", self(), context, reason, spec.id);
  if (process) text += fmt::format(" {}", process);
  text += fmt::format(", {}, {}", name_of(spec.restart), spec.type == child_type::worker ? "worker" : "supervisor");
  log(log_level::error, text);
}

}  // namespace joist::inline v0::otp
