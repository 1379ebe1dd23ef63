// tests/support/registries.hpp: what tests of registries have in common: options, owners, and partitions seen from outside.
#pragma once

#include <joist/otp/registry.hpp>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "support/ends.hpp"

namespace support {

inline joist::registry_options parts(std::size_t n, std::vector<std::string> listeners = {}) {
  joist::registry_options o;
  o.name = "tested";
  o.partitions = n;
  o.listeners = std::move(listeners);
  return o;
}

/// A process that is ready when `prepare` has run, and lives until it is ended.
template <class Prepare>
joist::monitored ready(Prepare prepare) {
  const joist::pid me = joist::self();
  const joist::monitored m = joist::spawn_monitor([me, prepare] {
    prepare();
    joist::send(me, go{});
    wait_for_ever();
  });
  joist::receive<go>();
  return m;
}

inline void end(const joist::monitored& m, const joist::exit_reason& why = joist::exit_reason::kill) {
  joist::exit(m.process, why);
  (void)reason_of(m);
}

/// Partitions hear of an end as anybody else does: not before it is seen elsewhere.
template <class Registry>
void await_count(const Registry& r, std::size_t count) {
  while (r.count() != count) joist::yield();
}

inline std::vector<joist::pid> partitions_of(joist::supervisor_ref top) {
  std::vector<joist::pid> all;
  for (const auto& child : top.which_children()) all.push_back(child.process);
  return all;
}

inline bool is_linked_to_one_of(const std::vector<joist::pid>& partitions) {
  const auto links = joist::process_info(joist::self())->links;
  return std::any_of(links.begin(), links.end(),
                     [&](joist::pid p) { return std::find(partitions.begin(), partitions.end(), p) != partitions.end(); });
}

std::vector<joist::pid> processes_of(const auto& entries) {
  std::vector<joist::pid> all;
  for (const auto& e : entries) all.push_back(e.process);
  return all;
}

}  // namespace support
