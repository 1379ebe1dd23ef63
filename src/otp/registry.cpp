#include <joist/joist.hpp>
#include <joist/otp/registry.hpp>

#include <algorithm>

namespace joist::inline v0::detail {
namespace {

std::string shown(const registry_options& options) {
  return options.name.empty() ? "the registry" : fmt::format("the registry \"{}\"", options.name);
}

exit_reason await_piece(const monitored& piece) {
  down end = receive<down>([&piece](const down& d) { return d.monitor == piece.monitor; });
  unlink(piece.process);  // its exit, where exits are trapped, is what its down has told
  (void)receive<exited>([&piece](const exited& e) { return e.process == piece.process; }, after(std::chrono::seconds{0}));
  return std::move(end.reason);
}

std::optional<exit_reason> await_pieces(const std::vector<monitored>& pieces) {
  std::optional<exit_reason> failed;
  for (const monitored& piece : pieces) {
    exit_reason reason = await_piece(piece);
    if (!failed && reason != exit_reason::normal) failed = std::move(reason);
  }
  return failed;
}

}  // namespace

void check_registry_options(const registry_options& options) {
  if (options.partitions > table_shards) {
    throw error{errc::bad_argument,
                fmt::format("{}: expected at most {} partitions, got {}", shown(options), table_shards, options.partitions)};
  }
}

void registry_is_not_running(const registry_options& options) {
  throw error{errc::not_running,
              fmt::format("{} does not run: start it by start_registry, or by child_registry before those who use it",
                          shown(options))};
}

void refuse_who_has_ended(const registry_options& options) {
  throw error{errc::no_process,
              fmt::format("{}: {} is being ended, and comes under no key any more; in destructors, send to "
                          "who is to know, or unregister",
                          shown(options), self())};
}

void lock_is_held_by_caller(const registry_options& options) {
  throw error{errc::bad_wait, fmt::format("{}: lock: {} has the lock of this key already, and would wait for itself",
                                          shown(options), self())};
}

start_error is_kept_by(pid keeper) {
  return {start_error::kind::already_started, exit_reason::of(fmt::format("{} runs for it", keeper)), keeper};
}

bool lives_on(pid keeper) {
  const auto seen = has_ended(keeper) ? std::nullopt : process_info(keeper);
  if (!seen) return false;
  if (!has_ended(seen->parent)) return true;
  // Its parent has ended, and keepers are linked to their parents: its own end is under way.
  const ref end = monitor(keeper);
  (void)receive<down>([end](const down& d) { return d.monitor == end; });
  return false;
}

void count_call() {
  if (in_process()) checkpoint();
}

void link_to_partition(pid partition, const registry_options& options) {
  try {
    link(partition);
  } catch (const error& e) {
    if (e.code() != errc::no_process) throw;
    registry_is_not_running(options);
  }
}

result<supervisor_ref, start_error> start_partitions(const registry_options& options, const partition_start& partition) {
  const std::size_t partitions = options.partitions > 0 ? options.partitions : std::min(system_info().workers, table_shards);
  supervisor_options top;
  top.intensity = 3;
  std::vector<child_spec> children;
  for (std::size_t n = 0; n < partitions; ++n)
    children.push_back({fmt::format("partition {}", n), partition(n, partitions)});
  return try_start_supervisor(std::move(top), std::move(children));
}

void run_in_parallel(std::vector<closure_ptr> pieces) {
  std::vector<monitored> run;
  run.reserve(pieces.size());
  try {
    for (closure_ptr& piece : pieces) run.push_back(spawn_closure(std::move(piece), nullptr, spawn_mode::link_and_monitor));
  } catch (const error&) {
    (void)await_pieces(run);
    throw;
  }
  if (std::optional<exit_reason> failed = await_pieces(run)) exit(std::move(*failed));
}

}  // namespace joist::inline v0::detail
