// tests/support/joined.hpp: nodes that are joined by an engine, and what tests of adapters ask of them.
#pragma once

#include <joist/dist/connection_options.hpp>
#include <joist/pubsub/adapter_contract.hpp>
#include <joist/pubsub/pubsub.hpp>
#include <joist/telemetry.hpp>

#include <chrono>
#include <memory>
#include <string>
#include <utility>

#include "support/ends.hpp"
#include "support/world.hpp"

namespace support {

using namespace std::chrono_literals;

/// Short pauses: tests do not wait for what is gone. What is only slow is not missed, unless `ping_every` is short.
inline joist::dist::connection_options impatient(std::chrono::milliseconds ping_every = 20s) {
  return {.connect_limit = 2s, .ping_every = ping_every, .first_pause = 5ms, .longest_pause = 50ms};
}

/// What the connection of a node tells.
struct told_connected {
  std::string node;
};
struct told_disconnected {
  std::string node;
  std::string why;
};
/// Tells the calling process, until it is gone.
class watched_connections {
 public:
  watched_connections() {
    joist::telemetry::attach<joist::pubsub_connected>("connected", [to = joist::self()](const joist::pubsub_connected& c) {
      joist::send(to, told_connected{std::string{c.metadata.node}});
    });
    joist::telemetry::attach<joist::pubsub_disconnected>(
        "disconnected", [to = joist::self()](const joist::pubsub_disconnected& d) {
          joist::send(to, told_disconnected{std::string{d.metadata.node}, std::string{d.metadata.why}});
        });
  }
  watched_connections(const watched_connections&) = delete;
  watched_connections& operator=(const watched_connections&) = delete;
  ~watched_connections() {
    joist::telemetry::detach("connected");
    joist::telemetry::detach("disconnected");
  }
  void await(const std::string& node) const {
    (void)joist::receive<told_connected>([&node](const told_connected& c) { return c.node == node; });
    // What failed before is of no interest: a server may still have been starting.
    const auto earlier = [&node](const told_disconnected& d) { return d.node == node; };
    while (joist::receive(joist::when(earlier, [](const told_disconnected&) { return true; }),
                          joist::after(0ms, [] { return false; }))) {
    }
  }
  [[nodiscard]] std::string why_lost(const std::string& node) const {
    return joist::receive<told_disconnected>([&node](const told_disconnected& d) { return d.node == node; }).why;
  }
};

/// The whole contract, against one engine.
inline void run_contract(const joist::adapter_under_test& tested) {
  for (const joist::adapter_check& c : joist::adapter_contract()) {
    INFO(c.sentence);
    on_workers([&] { c.run(tested); }, 1);
  }
}

/// While the engine is killed and started again between. `make(system, connection_options)` is the adapter.
template <class Engine, class Make>
void run_contract_while_killed(Engine& engine, Make make) {
  run_contract({.make = [make](const std::string& system) { return make(system, impatient()); },
                .interrupt = [&engine] { engine.kill(); },
                .restore = [&engine] { engine.start(); }});
}
/// While it is there, and says nothing.
template <class Engine, class Make>
void run_contract_while_frozen(Engine& engine, Make make) {
  run_contract({.make = [make](const std::string& system) { return make(system, impatient(1s)); },
                .interrupt = [&engine] { engine.freeze(); },
                .restore = [&engine] { engine.thaw(); },
                .load = 500});
}

/// Starts both, and waits until they are connected.
inline void start_both(const watched_connections& watched, const joist::pubsub& a, const joist::pubsub& b) {
  joist::start_pubsub(a);
  joist::start_pubsub(b);
  watched.await("a");
  watched.await("b");
}

/// What is published without connection is refused, and everything else arrives. Why `a` had none.
template <class Engine>
std::string refuses_only_what_is_lost(Engine& engine, const joist::pubsub& a, const joist::pubsub& b) {
  const watched_connections watched;
  start_both(watched, a, b);
  b.subscribe("t");
  EXPECT(a.broadcast("t", std::string{"before"}).has_value() && joist::receive<std::string>() == "before");
  engine.kill();
  std::string why = watched.why_lost("a");
  (void)watched.why_lost("b");
  for (int i = 0; i < 10; ++i) EXPECT(a.broadcast("t", std::string{"lost"}).error() == joist::pubsub_error::not_connected);
  engine.start();
  watched.await("a");
  watched.await("b");
  EXPECT(a.broadcast("t", std::string{"after"}).has_value() && joist::receive<std::string>() == "after");
  return why;
}

}  // namespace support
