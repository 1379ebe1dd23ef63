// Presence on several nodes. What depends on time runs in simulated worlds alone.
#include <joist/pubsub/presence.hpp>

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/random.hpp"
#include "support/presences.hpp"

using namespace std::chrono_literals;
using namespace support;
using joist::exit_reason;
using joist::memory_exchange;
using joist::presence;

namespace {

using program = presence_program;

/// In their usual periods.
program usual(const memory_exchange& network, const std::string& name) { return {network, name, {}}; }

std::vector<std::string> nodes_of(const presence& p) {
  std::vector<std::string> all;
  for (const auto& n : p.nodes()) all.push_back(n.name + (n.is_up ? " is up" : " is down"));
  return all;
}

}  // namespace

TEST_CASE("presence: who is tracked on a node is listed on all, with the same reference, and told there") {
  everywhere([] {
    const memory_exchange network;
    const program a{network, "a"}, b{network, "b"};
    b.bus.subscribe("room");
    const auto ref = *a.online.track("room", "ann", "0");
    await([&] { return text(b.online, "room") == "ann=0"; });
    EXPECT(b.online.get_by_key("room", "ann")->metas.front()->ref == ref);
    const auto bob = tracked(b.online, "room", "bob", "1");
    a.bus.subscribe("room");
    b.bus.unsubscribe("room");
    await([&] { return text(a.online, "room") == "ann=0 bob=1"; });
    EXPECT(a.online.nodes().size() == 1 && a.online.nodes().front().presences == 1);
    end(bob);
    await([&] { return text(a.online, "room") == "ann=0"; });
  });
}

TEST_CASE("presence: updates and leaves reach other nodes as what they are") {
  everywhere([] {
    const memory_exchange network;
    const program a{network, "a"}, b{network, "b"};
    b.bus.subscribe("room");
    const auto first = *a.online.track("room", "ann", "0");
    await([&] { return text(b.online, "room") == "ann=0"; });
    (void)a.online.update("room", "ann", "1");
    await([&] { return text(b.online, "room") == "ann=1"; });
    EXPECT(b.online.get_by_key("room", "ann")->metas.front()->previous == first);
    a.online.untrack("room", "ann");
    await([&] { return b.online.list("room").empty(); });
  });
}

TEST_CASE("presence: a node that comes later learns who is there, however many they are") {
  const auto body = [] {
    const memory_exchange network;
    const program a{network, "a"};
    constexpr int many = 2300;  // several messages
    for (int i = 0; i < many; ++i) (void)a.online.track("room", std::to_string(i), "0");
    const program b{network, "b"};
    b.bus.subscribe("room");
    await([&] { return b.online.list("room").size() == many; });
    a.online.untrack(joist::self());
    await([&] { return b.online.list("room").empty(); });
  };
  in_simulation(body, 5);
  on_workers(body, 3);
}

TEST_CASE("presence: two of a pubsub know nothing of each other") {
  everywhere([] {
    const memory_exchange network;
    const program a{network, "a"}, b{network, "b"};
    auto other = soon();
    other.label = "guests";
    const presence guests_a{a.bus, other}, guests_b{b.bus, other};
    joist::start_presence(guests_a);
    joist::start_presence(guests_b);
    b.bus.subscribe("room");
    (void)guests_a.track("room", "guest", "0");
    (void)a.online.track("room", "ann", "0");
    await([&] { return text(guests_b, "room") == "guest=0" && text(b.online, "room") == "ann=0"; });
  });
}

TEST_CASE("presence: who is on the other side of a split leaves the list in time, and comes back with it") {
  in_simulation([] {
    const memory_exchange network;
    const program a = usual(network, "a"), b = usual(network, "b"), c = usual(network, "c");
    b.bus.subscribe("room");
    (void)a.online.track("room", "ann", "0");
    const auto gone = tracked(a.online, "room", "gone");
    await([&] { return text(b.online, "room") == "ann=0 gone=0"; });
    network.split({{"a"}, {"b", "c"}});
    const auto split_at = joist::clock::now();
    end(gone);
    (void)a.online.track("room", "new", "1");
    await([&] { return b.online.list("room").empty(); });
    const auto took = joist::clock::now() - split_at;
    EXPECT(took > 14s && took < 32s);
    EXPECT(nodes_of(b.online) == std::vector<std::string>{"a is down", "c is up"});
    EXPECT(text(a.online, "room") == "ann=0 new=1");
    network.heal();
    await([&] { return text(b.online, "room") == "ann=0 new=1"; });
    EXPECT(nodes_of(b.online) == std::vector<std::string>{"a is up", "c is up"});
  });
}

TEST_CASE("presence: a short split is not seen, but for what has changed in it") {
  in_simulation([] {
    const memory_exchange network;
    const program a = usual(network, "a"), b = usual(network, "b"), c = usual(network, "c");
    const auto ann = tracked(a.online, "room", "ann");
    (void)tracked(a.online, "room", "eve");
    b.bus.subscribe("room");
    await([&] { return b.online.list("room").size() == 2; });
    network.split({{"a", "c"}, {"b"}});  // a sends, and b does not hear it
    end(ann);
    (void)tracked(a.online, "room", "bob");
    joist::sleep_for(4s);
    network.heal();
    bool eve_has_left = false;
    await([&] {
      eve_has_left = eve_has_left || b.online.get_by_key("room", "eve") == nullptr;
      return text(b.online, "room") == "eve=0 bob=0";
    });
    EXPECT(!eve_has_left);
  });
}

TEST_CASE("presence: a node that starts anew is another one: nobody of before is a ghost") {
  in_simulation([] {
    const memory_exchange network;
    const program b = usual(network, "b");
    b.bus.subscribe("room");
    {
      const program a = usual(network, "a");
      (void)a.online.track("room", "ann", "0");
      await([&] { return text(b.online, "room") == "ann=0"; });
      // As a machine that loses its power: none of its processes says a word.
      network.split({{"a"}, {"b"}});
      a.top.stop();
      network.heal();
    }
    EXPECT(text(b.online, "room") == "ann=0");
    const program again = usual(network, "a");
    (void)again.online.track("room", "eve", "0");
    await([&] { return text(b.online, "room") == "eve=0"; });
  });
}

TEST_CASE("presence: a node that stops in order takes its leave: it is forgotten at once, and may come again") {
  in_simulation([] {
    const memory_exchange network;
    const program a = usual(network, "a"), b = usual(network, "b");
    b.bus.subscribe("room");
    (void)a.online.track("room", "ann", "0");
    await([&] { return text(b.online, "room") == "ann=0"; });
    const auto stopped_at = joist::clock::now();
    EXPECT(a.top.terminate_child("presence").has_value());
    await([&] { return b.online.list("room").empty(); });
    EXPECT(joist::clock::now() - stopped_at < 1s);
    EXPECT(b.online.nodes().empty());
    EXPECT(b.online.nodes().empty());
    (void)a.online.track("room", "eve", "0");  // told when it runs again
    EXPECT(a.top.restart_child("presence").has_value());
    await([&] { return b.online.list("room").size() == 2; });
  });
}

TEST_CASE("presence: a node that stays away is forgotten") {
  in_simulation(
      [] {
        const memory_exchange network;
        const program a = usual(network, "a"), b = usual(network, "b");
        b.bus.subscribe("room");
        (void)a.online.track("room", "ann", "0");
        await([&] { return text(b.online, "room") == "ann=0"; });
        network.split({{"a"}, {"b"}});
        await([&] { return b.online.list("room").empty(); });
        EXPECT(nodes_of(b.online) == std::vector<std::string>{"a is down"});
        joist::sleep_for(20min);
        EXPECT(b.online.nodes().empty());
        network.heal();
        await([&] { return text(b.online, "room") == "ann=0"; });
      },
      usual_seeds / 10);
}

TEST_CASE("presence: when the server of a node crashes, nobody leaves on others") {
  everywhere([] {
    const memory_exchange network;
    const program a{network, "a"}, b{network, "b"};
    b.bus.subscribe("room");
    (void)a.online.track("room", "ann", "0");
    await([&] { return text(b.online, "room") == "ann=0"; });
    const joist::supervisor_ref of{a.top.which_child("presence")->process};
    crash(of, "server");
    (void)a.online.track("room", "bob", "0");
    await([&] {
      EXPECT(b.online.get_by_key("room", "ann") != nullptr);
      return text(b.online, "room") == "ann=0 bob=0";
    });
  });
}

namespace {

/// Three nodes, and who is there by what has been done.
class world {
 public:
  explicit world(std::uint64_t seed) : choose_{seed} {
    for (const char* name : {"a", "b", "c"}) programs_.push_back(std::make_unique<program>(usual(network_, name)));
  }
  void act() {
    switch (choose_.below(9)) {
      case 0:
      case 1:
      case 2: come(); break;
      case 3:
      case 4: go(); break;
      case 5: change(); break;
      case 6: divide(); break;
      case 7: crash_something(); break;
      default: joist::sleep_for(std::chrono::milliseconds{choose_.below(choose_.below(4) == 0 ? 40'000 : 3000)});
    }
  }
  void restart_a_node() {
    const std::size_t n = choose_.below(3);
    if (choose_.below(2) == 0) network_.split({{"a"}, {"b"}, {"c"}});
    programs_[n]->top.stop();
    for (const auto& p : there_)
      if (p.node == n) end(p.process);
    std::erase_if(there_, [n](const auto& p) { return p.node == n; });
    programs_[n] = std::make_unique<program>(usual(network_, std::string(1, static_cast<char>('a' + n))));
  }
  /// Longer than a node is silent, is down, and asks again.
  void heal() {
    network_.heal();
    joist::sleep_for(50s);
  }
  void check() const {
    std::vector<std::string> expected;
    for (const auto& p : there_) expected.push_back(p.key + '=' + p.meta);
    std::sort(expected.begin(), expected.end());
    for (const auto& p : programs_) {
      EXPECT(sorted(p->online, "room") == sorted(programs_.front()->online, "room"));
      std::vector<std::string> listed;
      for (const auto& g : p->online.list("room"))
        for (const auto& m : g->metas) listed.push_back(g->key + '=' + m->meta);
      std::sort(listed.begin(), listed.end());
      EXPECT(listed == expected);
    }
  }

 private:
  struct present {
    std::size_t node;
    joist::monitored process;
    std::string key, meta;
  };
  present* anybody() { return there_.empty() ? nullptr : &there_[choose_.below(static_cast<std::uint32_t>(there_.size()))]; }
  void come() {
    const std::size_t n = choose_.below(3);
    const std::string key(1, static_cast<char>('k' + choose_.below(4)));
    there_.push_back({n, tracked(programs_[n]->online, "room", key), key, "0"});
  }
  void go() {
    present* p = anybody();
    if (p == nullptr) return;
    if (choose_.below(2) == 0) (void)programs_[p->node]->online.untrack(p->process.process, "room", p->key);
    end(p->process, choose_.below(2) == 0 ? exit_reason::kill : exit_reason::shutdown);
    *p = there_.back();
    there_.pop_back();
  }
  void change() {
    present* p = anybody();
    if (p == nullptr) return;
    p->meta = std::to_string(choose_.below(100));
    EXPECT(programs_[p->node]->online.update(p->process.process, "room", p->key, p->meta).has_value());
  }
  void divide() {
    switch (choose_.below(4)) {
      case 0: network_.split({{"a", "b"}, {"c"}}); break;
      case 1: network_.split({{"a"}, {"b", "c"}}); break;
      case 2: network_.split({{"a", "c"}, {"b"}}); break;
      default: network_.heal();
    }
  }
  void crash_something() {
    const joist::supervisor_ref of{programs_[choose_.below(3)]->top.which_child("presence")->process};
    crash(of, choose_.below(2) == 0 ? "server" : "teller");
    joist::sleep_for(2s);  // a supervisor permits some within its period
  }

  joist::base::random choose_;
  memory_exchange network_;
  std::vector<std::unique_ptr<program>> programs_;
  std::vector<present> there_;
};

}  // namespace

TEST_CASE("presence: whatever happens, nodes that hear each other come to list the same: no ghost, and nobody is lost") {
  try {
    joist::for_each_schedule(usual_seeds, [](std::uint64_t seed) {
      world w{seed};
      for (int i = 0; i < 25; ++i) w.act();
      if (seed % 2 == 0) w.restart_a_node();
      for (int i = 0; i < 5; ++i) w.act();
      w.heal();
      w.check();
    });
  } catch (const joist::schedule_failed& failure) {
    FAIL(failure.what());
  }
}
