// Receiving: joist/receive.hpp.
#include <ctime>
#include <memory>

#include "support/ends.hpp"
#include "support/world.hpp"

using namespace joist;
using namespace std::chrono_literals;
using support::go;

namespace {

struct note {
  int number;
};
struct question {
  ref reference;
  pid from;
};
struct answer {
  ref reference;
  int number;
};

template <class T>
constexpr bool can_be_a_limit = requires(T t) {
  after(t);
};

}  // namespace

TEST_CASE("receive: a timeout is never early, and a little late at most", "[R01]") {
  support::in_simulation([] {
    for (const auto limit : {0ms, 1ms, 7ms, 1000ms, 60'000ms}) {
      const auto before = joist::clock::now();
      EXPECT(receive([](note) { return false; }, after(limit, [] { return true; })));
      EXPECT(joist::clock::now() - before >= limit);
      EXPECT(joist::clock::now() - before <= limit + 1ms);
    }
  });
  support::on_workers(
      [] {
        const auto before = joist::clock::now();
        EXPECT(!receive<note>(after(20ms)));
        EXPECT(joist::clock::now() - before >= 20ms);
      },
      3);
}

TEST_CASE("receive: after 0 looks through the whole mailbox once, and leaves what does not match in its order", "[R02]") {
  support::everywhere([] {
    for (int i = 0; i < 5; ++i) send(self(), note{i});
    send(self(), std::string{"here"});
    EXPECT(receive<std::string>(after(0s)) == "here");
    EXPECT(!receive<std::string>(after(0s)));
    const auto zero = 0ms;
    EXPECT(!receive<char>(after(zero)));
    for (int i = 0; i < 5; ++i) EXPECT(receive<note>().number == i);
    EXPECT(!receive<note>(after(0s)));
  });
}

TEST_CASE("receive: timeouts near 2^32 milliseconds do not fire at once", "[R03]") {
  support::everywhere([] {
    const pid waiter = spawn([main = self()] {
      for (const auto big : {std::chrono::milliseconds{(1LL << 32) - 1}, std::chrono::milliseconds{1LL << 32},
                             std::chrono::milliseconds{1LL << 33}}) {
        send(main, receive<note>(after(big)).has_value());
      }
    });
    for (int i = 0; i < 3; ++i) {
      send(waiter, note{i});
      EXPECT(receive<bool>());
    }
  });
}

TEST_CASE("receive: negative, fractional and oversized timeouts are refused", "[R04]") {
  STATIC_REQUIRE(can_be_a_limit<std::chrono::milliseconds>);
  STATIC_REQUIRE_FALSE(can_be_a_limit<std::chrono::duration<double>>);
  STATIC_REQUIRE_FALSE(can_be_a_limit<double>);
  CHECK(support::refuses(errc::bad_argument, [] { (void)after(-1ms); }));
  CHECK(support::refuses(errc::bad_argument, [] { (void)after(std::chrono::hours{24} * 365 * 101); }));
  CHECK(support::refuses(errc::not_a_process, [] { receive<note>(); }));
}

TEST_CASE("receive: messages that come during a pure timeout are kept", "[R05]") {
  support::everywhere([] {
    const pid main = self();
    for (int i = 0; i < 3; ++i) spawn([main, i] { send(main, note{i}); });
    sleep_for(2ms);
    int sum = 0;
    for (int i = 0; i < 3; ++i) sum += receive<note>().number;
    EXPECT(sum == 3);
  });
}

TEST_CASE("receive: thousands of processes with one deadline all wake", "[R06]") {
  auto body = [] {
    const pid main = self();
    const auto deadline = joist::clock::now() + 30ms;
    constexpr int many = support::checked_build ? 500 : 10'000;
    for (int i = 0; i < many; ++i) {
      spawn([main, deadline] { receive([](char) {}, after(deadline, [main] { send(main, note{1}); })); });
    }
    for (int i = 0; i < many; ++i) receive<note>();
    EXPECT(joist::clock::now() >= deadline);
  };
  support::in_simulation(body, 2);
  support::on_workers(body, 2);
}

TEST_CASE("receive_reply: finds the answer whatever happens between question and answer", "[R07][R08]") {
  support::everywhere([] {
    const pid server = spawn([] {
      for (;;) {
        const auto q = receive<question>();
        send(q.from, note{-1});
        send(q.from, answer{q.reference, 1});
      }
    });
    for (int i = 0; i < 3; ++i) send(self(), note{i});
    const ref outer = make_ref();
    send(server, question{outer, self()});
    if (receive<note>().number < 0) EXPECT(false);  // an old message goes: the mark moves with it
    try {
      receive([](note) { throw 1; });
    } catch (int) {
    }
    const ref inner = make_ref();  // a second question while the first is open
    send(server, question{inner, self()});
    (void)monitor(spawn([] {}));  // and signals in between
    auto await = [](ref r) {
      return receive_reply(r, when([r](const answer& a) { return a.reference == r; }, [](answer a) { return a.number; }));
    };
    EXPECT(await(inner) == 1);
    EXPECT(await(outer) == 1);
    receive<down>();
    EXPECT(receive<note>().number == 2);
    EXPECT(receive<note>().number == -1);
    EXPECT(receive<note>().number == -1);
  });
}

TEST_CASE("receive_reply: costs the same with many messages in the mailbox", "[R07]") {
  joist::runtime rt{support::quiet(1)};
  rt.ask([] {
    const pid server = spawn([] {
      for (;;) {
        const auto q = receive<question>();
        send(q.from, answer{q.reference, 1});
      }
    });
    // CPU time: what else runs on the machine does not count.
    auto calls = [server] {
      const std::clock_t before = std::clock();
      for (int i = 0; i < 10'000; ++i) {
        const ref r = make_ref();
        send(server, question{r, self()});
        receive_reply(r, when([r](const answer& a) { return a.reference == r; }, [](answer) {}));
      }
      return std::clock() - before;
    };
    const std::clock_t empty = calls();
    constexpr int many = support::checked_build ? 50'000 : 500'000;
    for (int i = 0; i < many; ++i) send(self(), note{i});
    EXPECT(calls() < 10 * empty + CLOCKS_PER_SEC / 50);
  });
}

TEST_CASE("receive: takes the oldest message that any handler accepts, by type and by guard") {
  support::everywhere([] {
    send(self(), note{1});
    send(self(), 'c');
    send(self(), note{2});
    EXPECT(receive([](char) { return 0; },
                   when([](const note& n) { return n.number == 2; }, [](note n) { return n.number; })) == 0);
    EXPECT(receive<note>([](const note& n) { return n.number == 2; }).number == 2);
    EXPECT(receive([](const note& n) { return n.number; }) == 1);
    EXPECT(support::mailbox_stays_empty());
  });
}

TEST_CASE("receive: any_message takes everything, and can be passed on") {
  support::everywhere([] {
    const pid echo = spawn([main = self()] { receive([main](any_message m) { send(main, std::move(m)); }); });
    send(echo, std::make_unique<int>(7));
    EXPECT(receive([](any_message m) { return **m.get_if<std::unique_ptr<int>>(); }) == 7);
  });
}

TEST_CASE("receive: a guard must not touch the mailbox") {
  support::everywhere([] {
    send(self(), note{1});
    EXPECT(support::refuses(errc::bad_wait, [] {
      receive(when([](const note&) { return receive<char>(after(0s)).has_value(); }, [](note) {}));
    }));
    EXPECT(receive<note>().number == 1);
  });
}

TEST_CASE("receive: a handler's exception leaves, and its message is gone") {
  support::everywhere([] {
    send(self(), note{1});
    bool thrown = false;
    try {
      receive([](note) { throw std::runtime_error{"no"}; });
    } catch (const std::runtime_error&) {
      thrown = true;
    }
    EXPECT(thrown);
    EXPECT(support::mailbox_stays_empty());
  });
}

TEST_CASE("receive: a guard of any_message sees what it is, with and without a limit") {
  support::everywhere([] {
    send(self(), std::string{"text"});
    send(self(), note{3});
    auto is_note = [](const any_message& m) { return m.get_if<note>() != nullptr && m.get_if<note>()->number == 3; };
    EXPECT(receive(when(is_note, [](any_message m) { return m.get_if<note>()->number; })) == 3);
    EXPECT(!receive<std::string>([](const std::string& s) { return s == "other"; }, after(1ms)));
    EXPECT(receive<std::string>([](const std::string& s) { return s == "text"; }, after(1ms)) == "text");
    EXPECT(support::mailbox_stays_empty(0ms));
  });
}

namespace {

int doubled(note n) noexcept { return 2 * n.number; }

}  // namespace

TEST_CASE("receive: functions are handlers too") {
  support::everywhere([] {
    send(self(), note{1});
    send(self(), note{2});
    EXPECT(receive(doubled) == 2);
    EXPECT(receive(&doubled) == 4);
  });
}

TEST_CASE("receive: a timeout of a wait that is over does not end a later one", "[L11]") {
  support::on_workers(
      [] {
        const pid echo = spawn([] {
          for (;;) {
            const pid asker = receive<pid>();
            send(asker, note{1});
          }
        });
        for (int i = 0; i < 300; ++i) {
          send(echo, self());
          (void)receive<note>(after(70us));  // may come, or not
          send(echo, self());
          EXPECT(receive<note>(after(1h)));
          while (receive<note>(after(0s))) {
          }
        }
        joist::exit(echo, exit_reason::kill);
      },
      5);
}

namespace {

// Waits of all lengths, one after the other, some ended by a message: each lasts as long as it says.
void wait_in_any_order(std::uint64_t choices, const std::function<void()>& send_soon) {
  const std::chrono::nanoseconds limits[] = {1ms, 5s, 20ms, 1h, 3ms, 250ms};
  constexpr auto tick = 1ms;  // the wheel's is less
  for (int i = 0; i < 12; ++i, choices /= 12) {
    const auto limit = limits[choices % 6];
    const bool by_message = choices / 6 % 2 == 1 || limit > 1min;
    if (by_message) send_soon();
    const auto begin = joist::clock::now();
    const bool got = receive([](go) { return true; }, after(limit, [] { return false; }));
    const auto took = joist::clock::now() - begin;
    EXPECT(got == by_message);
    if (!got) EXPECT(took >= limit && took < limit + tick);
  }
}

}  // namespace

TEST_CASE("receive: waits with limits of all lengths, one after the other, each end at their own") {
  support::in_simulation([] {
    const pid me = self();
    const auto choices = static_cast<std::uint64_t>(make_ref().value() * 0x9e3779b97f4a7c15U);
    wait_in_any_order(choices, [me] {
      spawn([me] {
        sleep_for(500us);
        send(me, go{});
      });
    });
  });
}

TEST_CASE("receive: a process that comes to the place of one that ended in a wait has limits of its own") {
  support::in_simulation([] {
    for (const auto limit : {std::chrono::milliseconds{50}, std::chrono::milliseconds{3}, std::chrono::milliseconds{200}}) {
      const monitored ended = spawn_monitor([] { (void)receive<go>(after(10s)); });
      yield();
      joist::exit(ended.process, exit_reason::kill);
      EXPECT(support::reason_of(ended) == exit_reason::killed);
      const monitored next = spawn_monitor([limit] {
        const auto begin = joist::clock::now();
        EXPECT(!receive<go>(after(limit)));
        const auto took = joist::clock::now() - begin;
        EXPECT(took >= limit && took < limit + 1ms);
      });
      EXPECT(support::reason_of(next) == exit_reason::normal);
    }
  });
}

TEST_CASE("receive: limits hold while waits of many processes end by messages and by time, on real workers") {
  runtime rt{support::quiet(4)};
  rt.ask([] {
    std::vector<monitored> all;
    for (std::uint32_t i = 0; i < 200; ++i) {
      all.push_back(spawn_monitor([i] {
        const pid friendly = spawn_link([] {
          for (;;) send(receive<pid>(), go{});
        });
        for (std::uint32_t round = 0; round < 50; ++round) {
          const auto limit = std::chrono::milliseconds{(i + round) % 7 == 0 ? 1 : 60'000};
          const auto begin = joist::clock::now();
          if (limit > 1s) send(friendly, self());
          const bool got = receive([](go) { return true; }, after(limit, [] { return false; }));
          EXPECT(got == (limit > 1s));
          if (!got) EXPECT(joist::clock::now() - begin >= limit);
        }
        joist::exit(exit_reason::shutdown);
      }));
    }
    for (const auto& m : all) EXPECT(support::reason_of(m) == exit_reason::shutdown);
  });
  CHECK(rt.stop(10s).clean());
}
