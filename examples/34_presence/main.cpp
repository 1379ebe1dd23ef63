// Who is in a room: two nodes of a chat in one program. Who joins on one is seen on both, until its process ends.
#include <joist/joist.hpp>
#include <joist/pubsub/memory_adapter.hpp>
#include <joist/pubsub/presence.hpp>

namespace {

using namespace std::chrono_literals;

// [snippet: list]
std::string who_is_there(const joist::presence& online) {
  std::string all;
  for (const auto& user : online.list("room:lobby")) {
    all += all.empty() ? "" : ", ";
    all += fmt::format("{} ({})", user->key, user->metas.back()->meta);
  }
  return all.empty() ? "nobody" : all;
}
// [end]

// [snippet: user]
void be_in_the_lobby(const joist::presence& online, const std::string& name, const std::string& device) {
  if (!online.track("room:lobby", name, device)) fmt::print("{} is there already\n", name);
  joist::receive([](joist::any_message) {});  // until somebody says something
}
// [end]

// [snippet: diffs]
void print_next_change() {
  joist::receive([](const joist::presence_diff_ptr& diff) {
    for (const auto& user : diff->joins) fmt::print("{} is {}\n", user->key, user->metas.back()->meta);
    for (const auto& user : diff->leaves) fmt::print("{} is no longer {}\n", user->key, user->metas.back()->meta);
  });
}
// [end]

// [snippet: start]
struct node {
  joist::pubsub bus;
  joist::presence online{bus, {.period = 20ms}};  // of telling others; the usual 1.5 s are long for an example

  void start() const {
    joist::start_supervisor({}, {joist::child_pubsub("pubsub", bus), joist::child_presence("presence", online)});
  }
};
// [end]

}  // namespace

int main() {
  joist::runtime_options options;
  options.log = joist::silent_sink();
  return joist::run(
      [] {
        const joist::memory_exchange network;
        const node here{joist::pubsub{{.adapter = network.adapter(), .node = "here"}}};
        const node there{joist::pubsub{{.adapter = network.adapter(), .node = "there"}}};
        here.start();
        there.start();

        // [snippet: join]
        here.bus.subscribe("room:lobby");
        fmt::print("there is {}\n", who_is_there(here.online));
        const auto ann = joist::spawn([there] { be_in_the_lobby(there.online, "ann", "on her phone"); });
        print_next_change();
        fmt::print("there is {}\n", who_is_there(here.online));
        // [end]

        // [snippet: update]
        (void)there.online.update(ann, "room:lobby", "ann", "away");
        print_next_change();
        (void)there.online.update(ann, "room:lobby", "ann", [](const std::string& meta) { return meta + " for lunch"; });
        print_next_change();
        // [end]

        // [snippet: leave]
        joist::exit(ann, joist::exit_reason::kill);
        print_next_change();
        fmt::print("there is {}\n", who_is_there(here.online));
        // [end]
      },
      options);
}

// Output:
// there is nobody
// ann is on her phone
// there is ann (on her phone)
// ann is away
// ann is no longer on her phone
// ann is away for lunch
// ann is no longer away
// ann is no longer away for lunch
// there is nobody
