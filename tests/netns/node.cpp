// One node of scripts/nodes-network-test. It counts aloud, hears others count, and prints what changes: that it is
// connected, or alone, and whom it hears for the first time, or again after a pause.
//   network_node URL NAME
#include <joist/dist/redis.hpp>
#include <joist/joist.hpp>
#include <joist/pubsub/pubsub.hpp>
#include <joist/telemetry.hpp>

#include <cstdio>
#include <cstdlib>
#include <string>

using namespace std::chrono_literals;

namespace {

void tell(const std::string& line) {
  fmt::print("{}\n", line);
  (void)std::fflush(stdout);
}

struct count_on {};

void count_aloud(const std::string& url, const std::string& name) {
  joist::telemetry::attach<joist::pubsub_connected>("connected",
                                                    [](const joist::pubsub_connected&) { tell("is connected"); });
  joist::telemetry::attach<joist::pubsub_disconnected>("disconnected",
                                                       [](const joist::pubsub_disconnected&) { tell("is alone"); });
  const joist::dist::connection_options options{.connect_limit = 2s, .ping_every = 1s, .longest_pause = 1s};
  const joist::pubsub bus{{.adapter = joist::dist::redis({.url = url, .connection = options}), .node = name}};
  joist::start_pubsub(bus);
  bus.subscribe("numbers");
  joist::send_interval(50ms, joist::self(), count_on{});
  int own = 0, last = 0;
  joist::clock::time_point heard{};
  for (;;) {
    joist::receive([&](count_on) { (void)bus.broadcast_from(joist::self(), "numbers", name + ' ' + std::to_string(++own)); },
                   [&](const std::string& text) {
                     const auto space = text.find(' ');
                     const int number = std::atoi(text.c_str() + space);
                     if (number <= last) tell(fmt::format("expected a number above {}, got {}", last, number));
                     last = number;
                     const auto now = joist::clock::now();
                     if (now - heard > 1s) tell("hears " + text.substr(0, space));
                     heard = now;
                   });
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    fmt::print(stderr, "usage: network_node URL NAME\n");
    return 2;
  }
  return joist::run([url = std::string{argv[1]}, name = std::string{argv[2]}] { count_aloud(url, name); });
}
