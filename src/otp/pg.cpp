#include <joist/joist.hpp>
#include <joist/otp/pg.hpp>

namespace joist::inline v0::detail {

void check_members(const std::vector<pid>& processes) {
  for (const pid p : processes) {
    if (!p || p.node() != self().node()) {
      throw error{errc::bad_argument,
                  fmt::format("pg: expected processes of the caller's runtime, got {}: only these are watched", p)};
    }
  }
}

pid running_scope(pid scope) {
  if (!scope)
    throw error{errc::not_running,
                "pg: the scope does not run: start it by start_pg, or by child_pg before those who use it"};
  return scope;
}

std::vector<pid> processes_of(const std::vector<registration<no_value>>& entries) {
  std::vector<pid> processes;
  processes.reserve(entries.size());
  for (const auto& e : entries) processes.push_back(e.process);
  return processes;
}

}  // namespace joist::inline v0::detail
