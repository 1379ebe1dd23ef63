#include <joist/joist.hpp>
#include <joist/otp/supervisor.hpp>
#include <joist/pubsub/adapter_contract.hpp>
#include <joist/pubsub/pubsub.hpp>

#include <fmt/format.h>

#include <array>
#include <atomic>
#include <optional>
#include <utility>
#include <vector>

namespace joist::inline v0 {
namespace detail {
namespace {

/// What a subscriber has been given: at which of its nodes, by whom, the how manieth, and the rest.
struct contract_heard {
  std::string node;
  std::string by;
  int number;
  std::string bytes;
};

/// What travels. One process subscribes at several nodes, and so is told at which it has heard.
struct contract_message {
  std::string by;
  int number = 0;
  std::string bytes = {};
  void deliver_to(const pubsub_subscriber& to) const {
    if (const auto* node = to.metadata<std::string>()) (void)send(to.process(), contract_heard{*node, by, number, bytes});
  }
};

}  // namespace
}  // namespace detail

template <>
struct message_format<detail::contract_message> {
  static constexpr std::string_view name = "joist.contract";
  [[nodiscard]] static std::string write(const detail::contract_message& m) {
    return fmt::format("{} {} {}", m.by, m.number, m.bytes);
  }
  [[nodiscard]] static std::optional<detail::contract_message> read(std::string_view bytes) {
    const auto first = bytes.find(' ');
    const auto second = first == bytes.npos ? first : bytes.find(' ', first + 1);
    if (second == bytes.npos) return std::nullopt;
    detail::contract_message m{std::string{bytes.substr(0, first)}};
    for (const char digit : bytes.substr(first + 1, second - first - 1)) {
      if (digit < '0' || digit > '9' || m.number > 100'000'000) return std::nullopt;
      m.number = m.number * 10 + (digit - '0');
    }
    m.bytes = bytes.substr(second + 1);
    return m;
  }
};

namespace detail {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view topic = "joist.contract";

template <class... Arguments>
void require(bool ok, fmt::format_string<Arguments...> sentence, Arguments&&... arguments) {
  if (!ok)
    throw contract_broken{"adapter contract: expected " + fmt::format(sentence, std::forward<Arguments>(arguments)...)};
}

void forget_what_came() {
  while (receive([](const contract_heard&) { return true; }, after(0ms, [] { return false; }))) {
  }
}

/// Nodes of a system, and the calling process as a subscriber at each of them.
class nodes {
 public:
  nodes(const adapter_under_test& tested, std::string system, const std::vector<std::string>& names) : tested_{tested} {
    std::vector<child_spec> children;
    for (const std::string& name : names) {
      all_.push_back(pubsub{{.adapter = tested.make(system), .node = name}});
      children.push_back(child_pubsub(name, all_.back()));
    }
    for (const pubsub& bus : all_) bus.subscribe(topic, bus.node());
    top_ = start_supervisor({.intensity = 10, .period = 10s}, std::move(children));
  }
  nodes(const nodes&) = delete;
  nodes& operator=(const nodes&) = delete;
  ~nodes() = default;
  void stop() const {
    for (const pubsub& bus : all_) bus.unsubscribe(topic);
    top_->stop();
    forget_what_came();
  }

  [[nodiscard]] const pubsub& operator[](std::size_t i) const { return all_[i]; }
  [[nodiscard]] const supervisor_ref& supervisor() const { return *top_; }
  /// Ends a node's process, and returns when it has ended; its supervisor starts another.
  void crash(const std::string& node) const {
    const pid process = process_of(node);
    const ref watch = monitor(process);
    exit(process, exit_reason::kill);
    (void)receive<down>([watch](const down& d) { return d.monitor == watch; });
  }
  /// Waits until each node hears each other.
  void meet() const {
    for (const pubsub& from : all_) {
      for (const pubsub& to : all_) {
        if (!(from == to)) reach(from, to);
      }
    }
    forget_what_came();
  }
  /// Sends until something arrives: a connection that is being made is no failure, and what is sent meanwhile is lost.
  void reach(const pubsub& from, const pubsub& to) const {
    const auto until = deadline{tested_.limit}.fixed();
    for (int i = 0; clock::now() < clock::time_point{std::chrono::nanoseconds{until.resolve()}}; ++i) {
      (void)from.direct_broadcast(to.node(), topic, contract_message{"probe", i});
      const bool came = receive([&to](const contract_heard& h) { return h.by == "probe" && h.node == to.node(); },
                                after(10ms, [] { return false; }));
      if (came) return;
    }
    require(false, "node {} to be reached by node {} within {} ms", to.node(), from.node(), tested_.limit.count());
  }

  /// The next message but for those of reach() and await_loss(), of which nobody knows whether they arrive.
  [[nodiscard]] contract_heard hear(std::string_view what) const {
    const auto until = deadline{tested_.limit}.fixed();
    for (;;) {
      auto heard = receive([](contract_heard h) { return std::optional{std::move(h)}; },
                           after(until, [] { return std::optional<contract_heard>{}; }));
      require(heard.has_value(), "{} within {} ms, and nothing came", what, tested_.limit.count());
      if (heard->by != "probe" && heard->by != "unsure") return *std::move(heard);
    }
  }
  /// Nothing but what reach() has sent is on its way: a message that is sent now is the next to arrive.
  void expect_silence(const pubsub& from, const pubsub& to) const {
    say(from, {"last", 0});
    const contract_heard last = hear("the last message");
    require(last.by == "last" && last.node == to.node(), "nothing more to arrive, got message {} of {} at node {}",
            last.number, last.by, last.node);
  }
  /// To the other nodes alone, for the caller subscribes here as well. Again and again while too much waits.
  void say(const pubsub& from, const contract_message& m) const {
    const auto begun = clock::now();
    while (!from.broadcast_from(self(), topic, m)) {
      require(clock::now() - begun < tested_.limit, "a connected adapter to take a frame within {} ms",
              tested_.limit.count());
      sleep_for(1ms);
    }
  }

 private:
  [[nodiscard]] pid process_of(const std::string& node) const {
    for (const auto& child : top_->which_children()) {
      if (child.id == node) return child.process;
    }
    return {};
  }

  const adapter_under_test& tested_;
  std::vector<pubsub> all_;
  std::optional<supervisor_ref> top_;
};

// The nodes are stopped when the check has failed as well: another one follows.
template <class Body>
void with_nodes(const adapter_under_test& tested, std::string system, const std::vector<std::string>& names, Body body) {
  const nodes all{tested, std::move(system), names};
  std::optional<contract_broken> broken;
  try {
    body(all);
  } catch (const contract_broken& why) {
    broken = why;
  }
  all.stop();
  if (broken) throw *std::move(broken);
}

// -- the checks

void keeps_order(const adapter_under_test& tested) {
  with_nodes(tested, "order", {"a", "b"}, [&](const nodes& n) {
    n.meet();
    for (int i = 0; i < 500; ++i) n.say(n[0], {"a", i});
    for (int i = 0; i < 500; ++i) {
      const contract_heard h = n.hear("a message");
      require(h.node == "b" && h.number == i, "message {} at node b, got {} at node {}", i, h.number, h.node);
    }
  });
}

void keeps_bytes(const adapter_under_test& tested) {
  with_nodes(tested, "bytes", {"a", "b"}, [&](const nodes& n) {
    n.meet();
    std::string every, large(tested.large_bytes, '\0');
    for (int c = 0; c < 256; ++c) every += static_cast<char>(c);
    for (std::size_t i = 0; i < large.size(); ++i) large[i] = static_cast<char>(i * 2'654'435'761U >> 13);
    const std::array<std::string, 7> all{
        "", every, "\r\n", std::string(1, '\0'), large, every + every, "after the large one"};
    for (int i = 0; i < static_cast<int>(all.size()); ++i) n.say(n[0], {"a", i, all[static_cast<std::size_t>(i)]});
    for (int i = 0; i < static_cast<int>(all.size()); ++i) {
      const std::string& sent = all[static_cast<std::size_t>(i)];
      const contract_heard h = n.hear("a message of any bytes");
      require(h.number == i && h.bytes == sent, "message {} of {} bytes unchanged, got message {} of {} bytes", i,
              sent.size(), h.number, h.bytes.size());
    }
  });
}

void reaches_all_others(const adapter_under_test& tested) {
  with_nodes(tested, "others", {"a", "b", "c"}, [&](const nodes& n) {
    n.meet();
    n.say(n[0], {"a", 1});
    std::array<int, 3> heard{};
    for (int i = 0; i < 2; ++i) ++heard[static_cast<std::size_t>(n.hear("a message at both other nodes").node[0] - 'a')];
    require(heard == std::array<int, 3>{0, 1, 1}, "one message at b and at c and none at a, got {}, {} and {}", heard[1],
            heard[2], heard[0]);
    (void)n[0].direct_broadcast("c", topic, contract_message{"done", 0});
    require(n.hear("a message to one node").by == "done", "no second copy of a message");
  });
}

void reaches_one(const adapter_under_test& tested) {
  with_nodes(tested, "one", {"a", "b", "c", "name of many kinds: \xc3\xa4.*>% \x01"}, [&](const nodes& n) {
    n.meet();
    for (const std::size_t to : {std::size_t{1}, std::size_t{3}}) {
      require(n[0].direct_broadcast(n[to].node(), topic, contract_message{"a", 1}).has_value(),
              "a frame for one to be taken");
      const contract_heard h = n.hear("a message for one node");
      require(h.by == "a" && h.node == n[to].node(), "the message at node {}, got it at {}", n[to].node(), h.node);
    }
    require(n[0].direct_broadcast("nobody", topic, contract_message{"a", 2}).has_value(),
            "a frame for a node that is not there to be taken");
    (void)n[0].direct_broadcast("b", topic, contract_message{"done", 0});
    require(n.hear("a message to one node").by == "done", "nobody else to hear what is for one node");
  });
}

void keeps_systems_apart(const adapter_under_test& tested) {
  with_nodes(tested, "apart", {"a", "b"}, [&](const nodes& one) {
    with_nodes(tested, "apart2", {"a", "b"}, [&](const nodes& other) {
      one.meet();
      other.meet();
      one.say(one[0], {"one", 1});
      require(one.hear("a message").by == "one", "the message of the own system");
      other.say(other[0], {"other", 1});
      require(other.hear("a message").by == "other", "no message of another system");
    });
  });
}

void keeps_both_ways(const adapter_under_test& tested) {
  with_nodes(tested, "both_ways", {"a", "b"}, [&](const nodes& n) {
    n.meet();
    for (int i = 0; i < 100; ++i) {
      n.say(n[0], {"a", i});
      require(n.hear("a question").number == i, "question {} at b", i);
      n.say(n[1], {"b", i});
      const contract_heard h = n.hear("an answer");
      require(h.node == "a" && h.number == i, "answer {} at a, got {} at {}", i, h.number, h.node);
    }
  });
}

struct contract_sender_done {};

// Numbers of each sender rise by one at each node: nothing is lost, nothing comes twice, nothing overtakes.
void bears_load(const adapter_under_test& tested) {
  constexpr int senders = 4;
  with_nodes(tested, "load", {"a", "b", "c"}, [&](const nodes& n) {
    n.meet();
    for (int s = 0; s < senders; ++s) {
      spawn_link([bus = n[0], parent = self(), s, count = tested.load, limit = tested.limit] {
        for (int i = 0; i < count; ++i) {
          const auto begun = clock::now();
          while (!bus.broadcast_from(parent, topic, contract_message{std::string(1, static_cast<char>('0' + s)), i})) {
            require(clock::now() - begun < limit, "an adapter under load to take frames again");
            sleep_for(1ms);
          }
        }
        send(parent, contract_sender_done{});
      });
    }
    std::array<std::array<int, senders>, 2> next{};
    for (int i = 0; i < 2 * senders * tested.load; ++i) {
      const contract_heard h = n.hear("all messages that were taken under load");
      require(h.node == "b" || h.node == "c", "messages at b and c, got one at {}", h.node);
      int& expected = next[h.node == "b" ? 0 : 1][static_cast<std::size_t>(h.by[0] - '0')];
      require(h.number == expected, "message {} of sender {} at {}, got {}", expected, h.by, h.node, h.number);
      ++expected;
    }
    for (int s = 0; s < senders; ++s) (void)receive<contract_sender_done>();
  });
}

void restarts(const adapter_under_test& tested) {
  with_nodes(tested, "restart", {"a", "b"}, [&](const nodes& n) {
    n.meet();
    for (const char* node : {"a", "b"}) {
      n.crash(node);
      n.reach(n[0], n[1]);
      n.reach(n[1], n[0]);
      n.say(n[0], {"a", 1});
      require(n.hear("a message after a restart").number == 1, "the message that was sent");
      n.expect_silence(n[0], n[1]);
    }
  });
}

void stops(const supervisor_ref& top, const char* node) {
  const auto begun = clock::now();
  (void)top.terminate_child(node);
  const auto took = clock::now() - begun;
  require(took < 3s, "a child that is told to stop to end within 3 s, it took {} ms", took / 1ms);
}

void stops_promptly(const adapter_under_test& tested) {
  with_nodes(tested, "stop", {"a", "b"}, [&](const nodes& n) {
    n.meet();
    for (int i = 0; i < 100; ++i) (void)n[0].broadcast_from(self(), topic, contract_message{"a", i});
    stops(n.supervisor(), "a");
    stops(n.supervisor(), "b");
  });
}

/// The engine is there again, whatever a check throws.
class interruption {
 public:
  explicit interruption(const adapter_under_test& tested) : tested_{tested} { tested_.interrupt(); }
  interruption(const interruption&) = delete;
  interruption& operator=(const interruption&) = delete;
  ~interruption() { end(); }
  void end() {
    if (!std::exchange(is_over_, true)) tested_.restore();
  }

 private:
  const adapter_under_test& tested_;
  bool is_over_ = false;
};

void await_loss(const adapter_under_test& tested, const pubsub& bus) {
  const auto begun = clock::now();
  while (bus.broadcast_from(self(), topic, contract_message{"unsure", 0})) {
    require(clock::now() - begun < tested.limit, "an adapter without connection to say so within {} ms",
            tested.limit.count());
    sleep_for(5ms);
  }
}

void says_that_it_is_alone(const adapter_under_test& tested) {
  with_nodes(tested, "alone", {"a", "b"}, [&](const nodes& n) {
    n.meet();
    const interruption away{tested};
    await_loss(tested, n[0]);
    const auto begun = clock::now();
    for (int i = 0; i < 1000; ++i) {
      require(!n[0].broadcast_from(self(), topic, contract_message{"a", i}), "a frame to be refused without connection");
    }
    const auto took = clock::now() - begun;
    require(took < 1s, "1000 frames to be refused without waiting, it took {} ms", took / 1ms);
  });
}

void connects_again(const adapter_under_test& tested) {
  with_nodes(tested, "again", {"a", "b"}, [&](const nodes& n) {
    n.meet();
    for (int round = 0; round < 2; ++round) {
      interruption away{tested};
      await_loss(tested, n[0]);
      await_loss(tested, n[1]);
      forget_what_came();
      require(!n[0].broadcast_from(self(), topic, contract_message{"lost", round}),
              "a frame to be refused without connection");
      away.end();
      n.reach(n[0], n[1]);
      n.reach(n[1], n[0]);
      for (int i = 0; i < 10; ++i) n.say(n[0], {"a", i});
      for (int i = 0; i < 10; ++i) {
        const contract_heard h = n.hear("what is sent after an interruption");
        require(h.by == "a" && h.number == i, "message {} of a, and nothing of what was refused; got {} of {}", i, h.number,
                h.by);
      }
    }
  });
}

void starts_before_the_engine(const adapter_under_test& tested) {
  interruption away{tested};
  with_nodes(tested, "before", {"a", "b"}, [&](const nodes& n) {
    require(!n[0].broadcast_from(self(), topic, contract_message{"a", 0}),
            "a frame to be refused before there is a connection");
    away.end();
    n.meet();
    n.say(n[1], {"b", 1});
    require(n.hear("a message").by == "b", "the message that was sent");
  });
}

void stops_promptly_alone(const adapter_under_test& tested) {
  const interruption away{tested};
  with_nodes(tested, "stop_alone", {"a"}, [&](const nodes& n) { stops(n.supervisor(), "a"); });
}

constexpr std::array checks{
    adapter_check{"frames of a process arrive in the order they were published", false, keeps_order},
    adapter_check{"frames arrive whole and unchanged, empty or large, whatever their bytes", false, keeps_bytes},
    adapter_check{"a frame for all comes once to every other node, and not to its own", false, reaches_all_others},
    adapter_check{"a frame for one node comes to that node alone, whatever its name", false, reaches_one},
    adapter_check{"systems on the same engine do not hear each other", false, keeps_systems_apart},
    adapter_check{"questions and answers go both ways", false, keeps_both_ways},
    adapter_check{"under load of several senders each frame that was taken arrives once, in order", false, bears_load},
    adapter_check{"a child that crashes is started again, and frames go on", false, restarts},
    adapter_check{"a child that is told to stop ends promptly", false, stops_promptly},
    adapter_check{"without connection publish() says so, and waits for nobody", true, says_that_it_is_alone},
    adapter_check{"a lost connection is made again, and what was refused meanwhile never arrives", true, connects_again},
    adapter_check{"the child starts before the engine is there, and finds it", true, starts_before_the_engine},
    adapter_check{"a child without connection that is told to stop ends promptly", true, stops_promptly_alone},
};

}  // namespace
}  // namespace detail

std::span<const adapter_check> adapter_contract() noexcept { return detail::checks; }

}  // namespace joist::inline v0
