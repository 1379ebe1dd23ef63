// tests/support/presences.hpp: nodes of one program with who is present on them, and lists as texts.
#pragma once

#include <joist/joist.hpp>
#include <joist/pubsub/memory_adapter.hpp>
#include <joist/pubsub/presence.hpp>

#include <algorithm>
#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "support/ends.hpp"
#include "support/world.hpp"

namespace support {

/// Fast, and no node is down only because a machine is slow.
inline joist::presence_options soon() {
  using namespace std::chrono_literals;
  return {.period = 5ms, .silent_periods = 2, .down_after = 60s};
}

/// What a program has at each start.
struct presence_program {
  presence_program(const joist::memory_exchange& network, const std::string& name, joist::presence_options o = soon())
      : bus{{.adapter = network.adapter(), .node = name}},
        online{bus, std::move(o)},
        top{joist::start_supervisor({.intensity = 100},
                                    {joist::child_pubsub("pubsub", bus), joist::child_presence("presence", online)})} {}

  joist::pubsub bus;
  joist::presence online;
  joist::supervisor_ref top;
};

/// "ann=1,2 bob=3": keys, and what is tracked under them.
inline std::string text(const joist::presence_list& list) {
  std::string all;
  for (const auto& g : list) {
    all += (all.empty() ? "" : " ") + g->key;
    for (const auto& m : g->metas) all += (m == g->metas.front() ? '=' : ',') + m->meta;
  }
  return all;
}
inline std::string text(const joist::presence& p, const std::string& topic) { return text(p.list(topic)); }
/// In an order that is the same on all nodes.
inline std::vector<std::string> sorted(const joist::presence& p, const std::string& topic) {
  std::vector<std::string> all;
  for (const auto& g : p.list(topic))
    for (const auto& m : g->metas) all.push_back(g->key + '=' + m->meta + '@' + m->ref.to_string());
  std::sort(all.begin(), all.end());
  return all;
}

inline joist::presence_diff_ptr next_diff() { return joist::receive<joist::presence_diff_ptr>(); }

/// Until it holds: looked at again after each diff, for which the caller has subscribed.
template <class Condition>
void await(Condition holds) {
  while (!holds()) (void)next_diff();
}

/// A process that is tracked, until it is ended.
struct is_tracked {};
inline joist::monitored tracked(const joist::presence& p, const std::string& topic, const std::string& key,
                                const std::string& meta = "0") {
  const auto made = joist::spawn_monitor([p, topic, key, meta, parent = joist::self()] {
    (void)p.track(topic, key, meta).value();
    joist::send(parent, is_tracked{});
    wait_for_ever();
  });
  (void)joist::receive<is_tracked>();
  return made;
}
inline void end(const joist::monitored& process, joist::exit_reason reason = joist::exit_reason::kill) {
  joist::exit(process.process, std::move(reason));
  (void)reason_of(process);
}

/// One of the two processes that a presence runs: it is gone when this returns, and followed by another one.
inline void crash(const joist::supervisor_ref& of, const std::string& id) {
  const joist::pid process = of.which_child(id)->process;
  joist::exit(process, joist::exit_reason::kill);
  (void)await_end(process);
  (void)of.which_children();  // answered after it has been started again
}

}  // namespace support
