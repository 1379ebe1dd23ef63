#include <joist/pubsub/memory_adapter.hpp>
#include <joist/pubsub/pubsub.hpp>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "support/ends.hpp"
#include "support/two_nodes.hpp"
#include "support/world.hpp"

using namespace std::chrono_literals;
using namespace support;
using joist::exit_reason;
using joist::pid;
using joist::pubsub;
using joist::pubsub_error;

namespace {

struct news {
  int number;
};

struct said {
  std::string by;
  std::string text;
};

struct unreadable {};

// Cannot be read, and that is said by something that is no exception of the library's; or ends who delivers it.
struct malicious {
  bool ends = false;
  void deliver_to(const joist::pubsub_subscriber&) const { joist::exit(exit_reason::timeout); }
};

// To subscribers that have said in which language, in that language alone.
struct greeting {
  std::string language;
  void deliver_to(const joist::pubsub_subscriber& to) const {
    const auto* spoken = to.metadata<std::string>();
    if (spoken != nullptr && *spoken == language) joist::send(to.process(), news{1});
  }
};

int next_number() {
  return joist::receive([](const news& n) { return n.number; });
}

/// A process that has subscribed, and counts what comes, until it is asked.
struct how_many {
  pid asker;
};
struct ready {};
joist::monitored counting(const pubsub& bus, const std::string& topic) {
  const auto counter = joist::spawn_monitor([bus, topic, parent = joist::self()] {
    bus.subscribe(topic);
    joist::send(parent, ready{});
    int count = 0;
    bool goes_on = true;
    while (goes_on) {
      joist::receive([&](const news&) { ++count; },
                     [&](const how_many& q) {
                       joist::send(q.asker, count);
                       goes_on = false;
                     });
    }
  });
  (void)joist::receive<ready>();
  return counter;
}
int count_of(const joist::monitored& counter) {
  joist::send(counter.process, how_many{joist::self()});
  const int count = joist::receive<int>();
  (void)reason_of(counter);
  return count;
}

}  // namespace

template <>
struct joist::message_format<said> {
  static constexpr std::string_view name = "test.said";
  static std::string write(const said& s) { return s.by + '\n' + s.text; }
  static std::optional<said> read(std::string_view bytes) {
    const auto end = bytes.find('\n');
    if (end == bytes.npos) return std::nullopt;
    return said{std::string{bytes.substr(0, end)}, std::string{bytes.substr(end + 1)}};
  }
};

template <>
struct joist::message_format<unreadable> {
  static constexpr std::string_view name = "test.unreadable";
  static std::string write(const unreadable&) { return "?"; }
  static std::optional<unreadable> read(std::string_view) { return std::nullopt; }
};

template <>
struct joist::message_format<malicious> {
  static constexpr std::string_view name = "test.malicious";
  static std::string write(const malicious& m) { return m.ends ? "ends" : "throws"; }
  static std::optional<malicious> read(std::string_view bytes) {
    if (bytes == "throws") throw 42;
    return malicious{true};
  }
};

TEST_CASE("pubsub: who has subscribed gets what is broadcast to the topic, in that order, and nothing else") {
  everywhere([] {
    const pubsub bus;
    bus.subscribe("a");
    EXPECT(bus.local_broadcast("a", news{1}) == 1);
    EXPECT(bus.local_broadcast("b", news{2}) == 0);
    EXPECT(bus.local_broadcast("a", news{3}) == 1);
    EXPECT(next_number() == 1 && next_number() == 3);
    EXPECT(mailbox_stays_empty());
  });
}

TEST_CASE("pubsub: who has subscribed twice gets a message twice, until it unsubscribes from both") {
  everywhere([] {
    const pubsub bus;
    bus.subscribe("a");
    bus.subscribe("a");
    bus.subscribe("b");
    EXPECT(bus.local_broadcast("a", news{1}) == 2);
    EXPECT(next_number() == 1 && next_number() == 1);
    EXPECT(bus.subscribers("a") == std::vector<pid>(2, joist::self()));
    EXPECT(bus.unsubscribe("a") == 2 && bus.unsubscribe("a") == 0);
    EXPECT(bus.local_broadcast("a", news{2}) == 0);
    EXPECT(bus.topics() == std::vector<std::string>{"b"});
    EXPECT(mailbox_stays_empty());
  });
}

TEST_CASE("pubsub: broadcast_from leaves out who it is from") {
  everywhere([] {
    const pubsub bus;
    bus.subscribe("a");
    const auto other = counting(bus, "a");
    EXPECT(bus.broadcast_from(joist::self(), "a", std::string{"text"}).has_value());
    EXPECT(bus.local_broadcast_from(joist::self(), "a", news{1}) == 1);
    EXPECT(bus.local_broadcast_from(other.process, "a", news{2}) == 1);
    EXPECT(next_number() == 2);
    EXPECT(count_of(other) == 1);
    EXPECT(mailbox_stays_empty());
  });
}

TEST_CASE("pubsub: two of them know nothing of each other, and copies are the same") {
  everywhere([] {
    const pubsub one, other;
    const pubsub copy = one;
    EXPECT(copy == one && !(one == other));
    one.subscribe("a");
    EXPECT(other.local_broadcast("a", news{1}) == 0 && other.unsubscribe("a") == 0);
    EXPECT(copy.local_broadcast("a", news{2}) == 1);
    EXPECT(next_number() == 2);
  });
}

TEST_CASE("pubsub: a process that has ended is no subscriber, however it ended") {
  everywhere([] {
    const pubsub bus;
    for (const bool is_killed : {false, true}) {
      const auto counter = counting(bus, "a");
      EXPECT(bus.subscriber_count("a") == 1);
      if (is_killed) {
        joist::exit(counter.process, exit_reason::kill);
        (void)reason_of(counter);
      } else {
        EXPECT(count_of(counter) == 0);
      }
      while (bus.subscriber_count("a") > 0) joist::yield();  // a killed one is unwound after its end is told
      EXPECT(bus.topics().empty());
    }
  });
}

TEST_CASE("pubsub: what subscribers have put beside their subscription decides how a message is delivered") {
  everywhere([] {
    const pubsub bus;
    bus.subscribe("a", std::string{"en"});
    bus.subscribe("a", 7);
    bus.subscribe("a");
    EXPECT(bus.local_broadcast("a", greeting{"en"}) == 3);
    EXPECT(bus.local_broadcast("a", greeting{"fr"}) == 3);
    EXPECT(next_number() == 1);
    EXPECT(mailbox_stays_empty());
  });
}

TEST_CASE("pubsub: many subscribers, who come and go while others broadcast, get each message once") {
  everywhere([] {
    const pubsub bus;
    constexpr int stay = 150;  // several blocks
    std::vector<joist::monitored> staying, going;
    for (int i = 0; i < stay; ++i) {
      staying.push_back(counting(bus, "a"));
      going.push_back(counting(bus, "a"));
    }
    const auto sender = joist::spawn_monitor([bus] {
      for (int i = 0; i < 10; ++i) (void)bus.local_broadcast("a", news{i});
    });
    for (const auto& g : going) joist::exit(g.process, exit_reason::kill);
    for (const auto& g : going) (void)reason_of(g);
    EXPECT(reason_of(sender) == exit_reason::normal);
    for (const auto& s : staying) EXPECT(count_of(s) == 10);
    while (bus.subscriber_count("a") > 0) joist::yield();
  });
}

TEST_CASE("pubsub: a broadcast keeps its order with what its sender sends itself") {
  everywhere([] {
    const pubsub bus;
    bus.subscribe("a");
    const auto sender = joist::spawn_monitor([bus, to = joist::self()] {
      for (int i = 0; i < 20; i += 2) {
        (void)bus.local_broadcast("a", news{i});
        joist::send(to, news{i + 1});
      }
    });
    for (int i = 0; i < 20; ++i) EXPECT(next_number() == i);
    (void)reason_of(sender);
  });
}

TEST_CASE("pubsub: with an adapter a broadcast reaches the subscribers of all nodes, a direct one those of one") {
  everywhere([] {
    const two_nodes nodes;
    const auto& [network, a, b] = nodes;
    EXPECT(a.broadcast("t", said{"ann", "early"}).error() == pubsub_error::not_started);
    nodes.start();
    a.subscribe("t");
    b.subscribe("t");
    const auto hear = [] { return joist::receive([](const said& s) { return s.by + s.text; }); };
    EXPECT(a.broadcast("t", said{"ann", "1"}).has_value());
    EXPECT(hear() == "ann1" && hear() == "ann1");
    EXPECT(a.broadcast_from(joist::self(), "t", said{"ann", "2"}).has_value());  // the caller subscribes at b as well
    EXPECT(hear() == "ann2");
    EXPECT(a.direct_broadcast("b", "t", said{"ann", "3"}).has_value() && hear() == "ann3");
    EXPECT(a.direct_broadcast("a", "t", said{"ann", "4"}).has_value() && hear() == "ann4");
    EXPECT(a.direct_broadcast("c", "t", said{"ann", "5"}).has_value());
    EXPECT(a.local_broadcast("t", said{"ann", "6"}) == 1 && hear() == "ann6");
    EXPECT(mailbox_stays_empty());
  });
}

TEST_CASE("pubsub: what is shared comes shared on other nodes as well") {
  everywhere([] {
    const two_nodes nodes;
    const auto& [network, a, b] = nodes;
    nodes.start();
    b.subscribe("t");
    b.subscribe("t");
    EXPECT(a.broadcast("t", std::make_shared<const said>(said{"ann", "hello"})).has_value());
    const auto first = joist::receive<std::shared_ptr<const said>>();
    const auto second = joist::receive<std::shared_ptr<const said>>();
    EXPECT(first == second && first->text == "hello");
  });
}

TEST_CASE("pubsub: while the network is split a broadcast says that it did not leave, and later ones arrive again") {
  everywhere([] {
    const two_nodes nodes;
    const auto& [network, a, b] = nodes;
    nodes.start();
    b.subscribe("t");
    network.split({{"a"}, {"b"}});
    EXPECT(a.broadcast("t", std::string{"lost"}).error() == pubsub_error::not_connected);
    network.heal();
    EXPECT(a.broadcast("t", std::string{"found"}).has_value());
    EXPECT(joist::receive<std::string>() == "found");
    EXPECT(mailbox_stays_empty());
  });
}

TEST_CASE("pubsub: what comes of other nodes and is not understood is dropped, and told") {
  everywhere([] {
    const two_nodes nodes;
    const auto& [network, a, b] = nodes;
    const auto refused = std::make_shared<std::atomic<int>>(0);
    joist::telemetry::attach<joist::pubsub_refused>("test", [refused](const joist::pubsub_refused& r) {
      EXPECT(r.metadata.from == "a" && r.metadata.type == "test.unreadable" && r.metadata.topic == "t");
      ++*refused;
    });
    nodes.start();
    b.subscribe("t");
    EXPECT(a.broadcast("t", unreadable{}).has_value());
    EXPECT(a.broadcast("t", std::string{"behind it"}).has_value());
    EXPECT(joist::receive<std::string>() == "behind it");
    EXPECT(*refused == 1);
    joist::telemetry::detach("test");
  });
}

TEST_CASE(
    "pubsub: a message whose read or deliver_to throws anything, or exits, is dropped, and told; the adapter goes on") {
  everywhere([] {
    const two_nodes nodes;
    const auto& [network, a, b] = nodes;
    const auto refused = std::make_shared<std::atomic<int>>(0);
    joist::telemetry::attach<joist::pubsub_refused>("test", [refused](const joist::pubsub_refused& r) {
      EXPECT(r.metadata.type == "test.malicious" && !r.metadata.why.empty());
      ++*refused;
    });
    nodes.start();
    b.subscribe("t");
    for (const bool ends : {false, true}) EXPECT(a.broadcast("t", malicious{ends}).has_value());
    EXPECT(a.broadcast("t", std::string{"behind them"}).has_value());
    EXPECT(joist::receive<std::string>() == "behind them");
    EXPECT(*refused == 2);
    joist::telemetry::detach("test");
  });
}

TEST_CASE("pubsub: one that was stopped is not started, and one that is split off is not connected") {
  everywhere([] {
    const two_nodes nodes;
    const auto& [network, a, b] = nodes;
    const auto top = joist::start_supervisor({}, {joist::child_pubsub("pubsub", a)});
    joist::start_pubsub(b);
    network.split({{"a"}, {"b"}});
    EXPECT(a.broadcast("t", std::string{"lost"}).error() == pubsub_error::not_connected);
    EXPECT(top.terminate_child("pubsub").has_value());
    EXPECT(a.broadcast("t", std::string{"lost"}).error() == pubsub_error::not_started);
    EXPECT(top.restart_child("pubsub").has_value());
    EXPECT(a.broadcast("t", std::string{"lost"}).error() == pubsub_error::not_connected);
  });
}

TEST_CASE("pubsub: as a child it comes again after a crash of its adapter, with the subscriptions that there were") {
  everywhere([] {
    const two_nodes nodes;
    const auto& [network, a, b] = nodes;
    joist::start_pubsub(a);
    const auto top = joist::start_supervisor({}, {joist::child_pubsub("pubsub", b), joist::child_pubsub("none", pubsub{})});
    const auto children = top.which_children();
    EXPECT(children.size() == 2);
    b.subscribe("t");
    const auto runs = std::find_if(children.begin(), children.end(), [](const auto& c) { return c.id == "pubsub"; });
    const joist::ref watch = joist::monitor(runs->process);
    joist::exit(runs->process, exit_reason::kill);
    (void)joist::receive<joist::down>([watch](const joist::down& d) { return d.monitor == watch; });
    (void)top.which_children();  // it has been started again
    EXPECT(a.broadcast("t", std::string{"hello"}).has_value());
    EXPECT(joist::receive<std::string>() == "hello");
  });
}

TEST_CASE("pubsub: names that are too long are refused when they are given") {
  everywhere([] {
    EXPECT(refuses(joist::errc::bad_argument, [] { const pubsub bus{{.node = std::string(256, 'n')}}; }));
    const pubsub bus;
    EXPECT(refuses(joist::errc::bad_argument, [&] { bus.subscribe(std::string(65'536, 't')); }));
    EXPECT(!bus.node().empty() && bus.node() != pubsub{}.node());
  });
}
