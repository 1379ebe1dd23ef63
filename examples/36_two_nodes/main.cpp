// A chat of two nodes. Without arguments both run in this program, joined in memory; with the url of an engine and a name,
// this is one node of a system of programs:
//   example_36_two_nodes redis://127.0.0.1 ann      and in another terminal     example_36_two_nodes redis://127.0.0.1 bob
#include <joist/dist/nats.hpp>
#include <joist/dist/redis.hpp>
#include <joist/joist.hpp>
#include <joist/otp/supervisor.hpp>
#include <joist/pubsub/adapter_contract.hpp>
#include <joist/pubsub/memory_adapter.hpp>
#include <joist/pubsub/pubsub.hpp>
#include <joist/telemetry.hpp>

#include <atomic>
#include <map>
#include <memory>
#include <string>

using namespace std::chrono_literals;

namespace {

// [snippet: adapter]
std::shared_ptr<joist::pubsub_adapter> adapter_of(const std::string& url) {
  if (url.starts_with("nats://")) return joist::dist::nats({.url = url, .system = "chat"});
  return joist::dist::redis({.url = url, .system = "chat"});
}
// [end]

// [snippet: node]
joist::supervisor_ref start_node(const joist::pubsub& bus) {
  return joist::start_supervisor({}, {joist::child_pubsub("pubsub", bus)});  // and those who use it behind it
}
// [end]

// [snippet: monitoring]
struct connections {
  std::atomic<bool> is_connected{false};
  std::atomic<int> lost{0};
};
void watch(const std::shared_ptr<connections>& seen) {
  joist::telemetry::attach<joist::pubsub_connected>("nodes",
                                                    [seen](const joist::pubsub_connected&) { seen->is_connected = true; });
  joist::telemetry::attach<joist::pubsub_disconnected>("no nodes", [seen](const joist::pubsub_disconnected&) {
    if (seen->is_connected.exchange(false)) ++seen->lost;
  });
}
// [end]

// [snippet: broadcast]
void say(const joist::pubsub& bus, const std::string& text) {
  const auto sent = bus.broadcast_from(joist::self(), "lobby", text);
  if (!sent) fmt::print("only this node has heard \"{}\"\n", text);
}
// [end]

// [snippet: contract]
// An author's test: here of the adapter in memory, which keeps systems apart by an exchange for each.
int kept_promises() {
  std::map<std::string, joist::memory_exchange> exchanges;
  const joist::adapter_under_test mine{.make = [&](const std::string& system) { return exchanges[system].adapter(); }};
  int kept = 0;
  for (const joist::adapter_check& c : joist::adapter_contract()) {
    if (joist::is_left_out(c, mine)) continue;
    c.run(mine);  // throws contract_broken
    ++kept;
  }
  return kept;
}
// [end]

void both_nodes() {
  const auto seen = std::make_shared<connections>();
  watch(seen);
  const joist::memory_exchange network;
  const joist::pubsub ann{{.adapter = network.adapter(), .node = "ann"}};
  const joist::pubsub bob{{.adapter = network.adapter(), .node = "bob"}};
  start_node(ann);
  start_node(bob);
  bob.subscribe("lobby");
  say(ann, "hello");
  fmt::print("{} has heard \"{}\"\n", bob.node(), joist::receive<std::string>());

  network.split({{"ann"}, {"bob"}});
  say(ann, "are you there?");
  network.heal();
  say(ann, "again");
  fmt::print("{} has heard \"{}\"\n", bob.node(), joist::receive<std::string>());
  fmt::print("of the adapter in memory {} promises are kept\n", kept_promises());
}

// Says its name now and then, and prints who else is there.
void one_node(const std::string& url, const std::string& name) {
  const joist::pubsub bus{{.adapter = adapter_of(url), .node = name}};
  start_node(bus);
  bus.subscribe("lobby");
  for (;;) {
    say(bus, name + " is here");
    const auto until = joist::clock::now() + 1s;
    while (joist::receive(
        [](const std::string& text) {
          fmt::print("{}\n", text);
          return true;
        },
        joist::after(until, [] { return false; }))) {
    }
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) return joist::run(both_nodes);
  return joist::run([url = std::string{argv[1]}, name = std::string{argv[2]}] { one_node(url, name); });
}

// Output:
// bob has heard "hello"
// only this node has heard "are you there?"
// bob has heard "again"
// of the adapter in memory 9 promises are kept
