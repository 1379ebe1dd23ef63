// Timers: joist/timer.hpp.
#include <memory>
#include <set>
#include <stdexcept>
#include <vector>

#include "support/ends.hpp"
#include "support/world.hpp"

using namespace joist;
using namespace std::chrono_literals;

namespace {

struct tick {
  int number;
};

std::size_t timers_running() { return system_info().timers; }

}  // namespace

TEST_CASE("timer: start_timer delivers its reference and the message; a fired one can neither be read nor cancelled",
          "[T01][T14]") {
  support::everywhere([] {
    const ref timer = start_timer(3ms, self(), tick{7});
    const auto t = receive<timeout<tick>>();
    EXPECT(t.timer == timer && t.message.number == 7);
    EXPECT(!read_timer(timer) && !cancel_timer(timer));
    const ref early = send_after(1ms, self(), tick{1});
    sleep_for(10ms);
    EXPECT(!cancel_timer(early));  // it is in the mailbox: the caller flushes
    EXPECT(receive<tick>(after(0s)).has_value());
  });
}

TEST_CASE("timer: cancel tells the time left, once, and nothing arrives", "[T01]") {
  support::everywhere([] {
    const ref timer = send_after(50ms, self(), tick{1});
    const auto left = cancel_timer(timer);
    EXPECT(left && *left > 0ns && *left <= 50ms);
    EXPECT(!cancel_timer(timer));
    EXPECT(!read_timer(timer));
  });
  support::in_simulation([] {
    cancel_timer(send_after(50ms, self(), tick{1}));
    EXPECT(support::mailbox_stays_empty(100ms));
  });
}

TEST_CASE("timer: messages come bare, in the order of their deadlines down to a millisecond", "[T02][T13]") {
  support::everywhere([] {
    const auto now = joist::clock::now();
    for (const int i : {5, 1, 4, 2, 3}) send_after(now + 5ms + i * 1ms, self(), tick{i});
    for (int i = 1; i <= 5; ++i) EXPECT(receive<tick>().number == i);
    EXPECT(joist::clock::now() >= now + 10ms);
  });
}

TEST_CASE("timer: 2^31 milliseconds can be set, read and cancelled", "[T03]") {
  support::everywhere([] {
    const std::chrono::milliseconds big{1LL << 31};
    for (const ref timer : {send_after(big, self(), tick{1}), start_timer(big, self(), tick{2})}) {
      const auto left = read_timer(timer);
      EXPECT(left && *left <= big && *left > big - 60s);
      EXPECT(cancel_timer(timer).has_value());
    }
  });
}

TEST_CASE("timer: wrong values are refused, unknown references are nobody's", "[T04][T12]") {
  support::everywhere([] {
    EXPECT(support::refuses(errc::bad_argument, [] { send_after(-1ms, self(), tick{1}); }));
    EXPECT(support::refuses(errc::bad_argument, [] { send_after(std::chrono::hours{24} * 365 * 101, self(), tick{1}); }));
    EXPECT(support::refuses(errc::bad_argument, [] { send_interval(0ms, self(), tick{1}); }));
    const pid elsewhere{self().node() ^ 1U, 1, 1};
    EXPECT(support::refuses(errc::bad_argument, [elsewhere] { send_after(1ms, elsewhere, tick{1}); }));
    EXPECT(support::refuses(errc::bad_argument, [] { send_after(1ms, "", tick{1}); }));
    EXPECT(!cancel_timer(ref{}) && !cancel_timer(make_ref()) && !read_timer(ref{12345}));
    EXPECT(timers_running() == 0);
  });
  CHECK(support::refuses(errc::not_a_process, [] { send_after(1ms, "nobody", tick{1}); }));
}

TEST_CASE("timer: reading does not disturb, and agrees with cancelling", "[T05]") {
  support::in_simulation([] {
    const ref timer = send_after(100ms, self(), tick{1});
    sleep_for(40ms);
    const auto read = read_timer(timer);
    const auto cancelled = cancel_timer(timer);
    EXPECT(read && cancelled && *read - *cancelled <= 1ms && *read <= 60ms && *read >= 59ms);
  });
  support::everywhere([] {
    const ref timer = send_after(1h, self(), tick{1});
    const auto reader = spawn_monitor([timer] { EXPECT(read_timer(timer).has_value()); });  // from anywhere
    EXPECT(support::reason_of(reader) == exit_reason::normal);
    const auto canceller = spawn_monitor([timer] { EXPECT(cancel_timer(timer).has_value()); });
    EXPECT(support::reason_of(canceller) == exit_reason::normal);
    EXPECT(!read_timer(timer));
  });
}

TEST_CASE("timer: none is kept for a process that has ended, whether it fires, is cancelled or outlives its target",
          "[T06]") {
  support::everywhere([] {
    const auto payload = std::make_shared<const int>(1);
    const auto target = spawn_monitor([] { receive<tick>(); });
    for (int i = 0; i < 10; ++i) send_after(1h, target.process, payload);
    EXPECT(timers_running() == 10 && payload.use_count() == 11);
    send(target.process, tick{1});
    EXPECT(support::reason_of(target) == exit_reason::normal);
    EXPECT(timers_running() == 0 && payload.use_count() == 1);
    send_after(1h, target.process, payload);  // dead before it was set
    EXPECT(timers_running() == 0 && payload.use_count() == 1);
    cancel_timer(send_after(1h, self(), payload));
    EXPECT(payload.use_count() == 1);
  });
}

TEST_CASE("timer: a name is looked up when the timer fires", "[T07]") {
  support::in_simulation([] {
    const auto late = spawn([main = self()] { send(main, receive<tick>().number); });
    send_after(10ms, "late", tick{1});
    send_after(2ms, "nobody", tick{2});
    sleep_for(5ms);
    register_name("late", late);
    EXPECT(receive<int>() == 1);
  });
}

TEST_CASE("timer: thousands at one instant fire, or are cancelled from several processes meanwhile, none twice", "[T08]") {
  auto body = [] {
    constexpr int many = 4000;
    const pid main = self();
    std::vector<ref> timers;
    const auto instant = joist::clock::now() + 20ms;
    for (int i = 0; i < many; ++i) timers.push_back(send_after(instant, main, tick{i}));
    struct cancelled {
      int count;
    };
    for (std::size_t part = 0; part < 2; ++part) {
      const std::vector<ref> mine(timers.begin() + static_cast<std::ptrdiff_t>(part) * many / 2,
                                  timers.begin() + static_cast<std::ptrdiff_t>(part + 1) * many / 2);
      spawn([mine, main, instant] {
        receive([](char) {}, after(instant - 1ms, [] {}));
        int count = 0;
        for (const ref timer : mine) count += cancel_timer(timer) ? 1 : 0;
        send(main, cancelled{count});
      });
    }
    int gone = receive<cancelled>().count;
    gone += receive<cancelled>().count;
    for (int i = gone; i < many; ++i) receive<tick>();
    EXPECT(support::mailbox_stays_empty(30ms));
    EXPECT(timers_running() == 0);
  };
  support::in_simulation(body, 5);
  support::on_workers(body, 3);
}

TEST_CASE("timer: big payloads arrive whole, whichever of timer and receive comes first", "[T09]") {
  support::everywhere([] {
    const std::string big(100'000, 'x');
    for (const auto delay : {0ms, 1ms, 2ms}) {
      send_after(delay, self(), big);
      sleep_for(1ms);
      EXPECT(receive<std::string>() == big);
    }
  });
}

TEST_CASE("timer: exits, kills and new processes at a deadline, by pid and by name", "[T10]") {
  support::everywhere([] {
    const auto by_pid = spawn_monitor([] { receive<tick>(); });
    exit_after(1ms, by_pid.process, exit_reason::of(7));
    EXPECT(support::reason_of(by_pid) == exit_reason::of(7));
    const auto by_name = spawn_monitor([] { receive<tick>(); });
    register_name("victim", by_name.process);
    kill_after(1ms, "victim");
    EXPECT(support::reason_of(by_name) == exit_reason::killed);
    apply_after(1ms, [main = self()] { send(main, tick{3}); });
    EXPECT(receive<tick>().number == 3);
  });
}

TEST_CASE("timer: an exit goes to a process or a name: an alias takes messages alone", "[T10]") {
  support::everywhere([] {
    const alias a = make_alias();
    EXPECT(support::refuses(errc::bad_argument, [&] { (void)exit_after(1ms, a, exit_reason::kill); }));
    EXPECT(unalias(a));
  });
}

TEST_CASE("timer: an interval ticks until it is cancelled, or its receiver ends", "[T11][T12]") {
  support::everywhere([] {
    const ref interval = send_interval(1ms, self(), tick{1});
    for (int i = 0; i < 5; ++i) receive<tick>();
    const bool nothing_on_its_way = cancel_timer(interval).has_value();
    while (receive<tick>(after(0s))) {
    }
    if (!nothing_on_its_way) (void)receive<tick>(after(20ms));  // it was just firing
    EXPECT(support::mailbox_stays_empty());
    EXPECT(!cancel_timer(interval));
    const auto receiver = spawn_monitor([] {
      for (int i = 0; i < 3; ++i) receive<tick>();
    });
    send_interval(1ms, receiver.process, tick{2});
    EXPECT(support::reason_of(receiver) == exit_reason::normal);
    sleep_for(5ms);
    EXPECT(timers_running() == 0);
  });
}

TEST_CASE("timer: to an alias it arrives while that is active, and a message whose copy throws ends its interval", "[T01]") {
  struct throws_when_copied {
    int left = 3;
    throws_when_copied() = default;
    throws_when_copied(throws_when_copied&&) = default;
    throws_when_copied(const throws_when_copied& from) : left{from.left} {
      if (left == 0) throw std::runtime_error{"no more"};
      --const_cast<throws_when_copied&>(from).left;
    }
  };
  support::everywhere([] {
    const alias a = make_alias();
    send_after(1ms, a, tick{1});
    EXPECT(receive<tick>().number == 1);
    send_after(1ms, a, tick{2});
    unalias(a);
    EXPECT(support::mailbox_stays_empty(3ms));
    EXPECT(support::refuses(errc::bad_argument, [a] { send_interval(1ms, a, tick{1}); }));
    send_interval(1ms, self(), throws_when_copied{});
    for (int i = 0; i < 3; ++i) receive<throws_when_copied>();
    while (timers_running() > 0) sleep_for(1ms);
    EXPECT(support::mailbox_stays_empty(3ms));
  });
}

TEST_CASE("timer: intervals cancelled from elsewhere while they fire are gone once, and their places are used once",
          "[T12][T08]") {
  support::on_workers(
      [] {
        const pid sink = spawn([] {
          for (;;) receive<tick>();
        });
        std::vector<monitored> all;
        for (int i = 0; i < 4; ++i) {
          all.push_back(spawn_monitor([sink] {
            for (int k = 0; k < 25; ++k) {
              std::vector<ref> intervals;
              for (int n = 0; n < 8; ++n) intervals.push_back(send_interval(1us, sink, tick{n}));
              const auto other = spawn_monitor([intervals] {
                for (const ref interval : intervals) (void)cancel_timer(interval);
              });
              EXPECT(support::reason_of(other) == exit_reason::normal);
            }
          }));
        }
        for (const auto& m : all) EXPECT(support::reason_of(m) == exit_reason::normal);
        EXPECT(timers_running() == 0);
        std::set<ref> places;
        for (int i = 0; i < 1000; ++i) places.insert(send_after(1h, sink, tick{i}));
        EXPECT(places.size() == 1000);
        for (const ref timer : places) EXPECT(cancel_timer(timer).has_value());
        joist::exit(sink, exit_reason::kill);
      },
      3);
}
