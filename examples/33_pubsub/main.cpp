// Two nodes of a chat in one program, joined by an adapter: what is said on one is heard on both. With joist/dist the same
// program runs on several machines, and one line is another.
#include <joist/joist.hpp>
#include <joist/pubsub/memory_adapter.hpp>
#include <joist/pubsub/pubsub.hpp>

// [snippet: message]
struct said {
  std::string by;
  std::string text;
};
// [end]

// [snippet: format]
template <>
struct joist::message_format<said> {
  static constexpr std::string_view name = "chat.said";
  static std::string write(const said& s) { return s.by + '\n' + s.text; }
  static std::optional<said> read(std::string_view bytes) {
    const auto end = bytes.find('\n');
    if (end == bytes.npos) return std::nullopt;  // somebody else's
    return said{std::string{bytes.substr(0, end)}, std::string{bytes.substr(end + 1)}};
  }
};
// [end]

namespace {

std::string hear() {
  return joist::receive([](const said& s) { return s.by + " said " + s.text; });
}

// [snippet: subscriber]
void listen(const joist::pubsub& bus, joist::pid parent) {
  bus.subscribe("room:lobby");
  joist::send(parent, std::string{"bob is there"});
  joist::send(parent, "bob has heard: " + hear());
}
// [end]

}  // namespace

int main() {
  joist::run([] {
    // [snippet: nodes]
    const joist::memory_exchange network;
    const joist::pubsub here{{.adapter = network.adapter(), .node = "here"}};
    const joist::pubsub there{{.adapter = network.adapter(), .node = "there"}};
    joist::start_supervisor({}, {joist::child_pubsub("here", here), joist::child_pubsub("there", there)});
    // [end]

    const auto bob = joist::spawn_monitor([there, me = joist::self()] { listen(there, me); });
    fmt::print("{}\n", joist::receive<std::string>());
    // [snippet: broadcast]
    here.subscribe("room:lobby");
    if (!here.broadcast("room:lobby", said{"ann", "hello"})) fmt::print("only this node has heard it\n");
    // [end]
    fmt::print("ann has heard: {}\n{}\n", hear(), joist::receive<std::string>());
    (void)joist::receive<joist::down>([&](const joist::down& d) { return d.monitor == bob.monitor; });
    fmt::print("{} subscribers are left there\n", there.subscriber_count("room:lobby"));

    network.split({{"here"}, {"there"}});
    const auto sent = here.broadcast_from(joist::self(), "room:lobby", said{"ann", "is anybody there?"});
    fmt::print("{}\n", joist::to_string(sent.error()));
  });
}

// Output:
// bob is there
// ann has heard: ann said hello
// bob has heard: ann said hello
// 0 subscribers are left there
// the adapter has no connection, or cannot keep up: this node alone has the message
