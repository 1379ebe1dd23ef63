#include <joist/blocking.hpp>

#include <unistd.h>

#include <array>
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "support/ends.hpp"
#include "support/ping.hpp"
#include "support/world.hpp"

using namespace std::chrono_literals;
using namespace support;

namespace {

/// Blocks threads until it is opened, as a system call would.
class gate {
 public:
  void open() {
    const std::scoped_lock lock{mutex_};
    open_ = true;
    changed_.notify_all();
  }
  void pass() {
    std::unique_lock lock{mutex_};
    ++inside_;
    changed_.notify_all();
    changed_.wait(lock, [this] { return open_; });
  }
  void await_inside(int n) {
    std::unique_lock lock{mutex_};
    changed_.wait(lock, [&] { return inside_ >= n; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool open_ = false;
  int inside_ = 0;
};

joist::runtime_options one_worker() {
  joist::runtime_options o = quiet(1);
  o.stuck_after = 1h;  // no watcher: what works here, works by blocking alone
  return o;
}

}  // namespace

TEST_CASE("blocking: others run meanwhile, with one worker and without the watcher") {
  joist::runtime rt{one_worker()};
  const auto g = std::make_shared<gate>();
  const joist::pid blocked = rt.spawn([g] { joist::blocking([&] { g->pass(); }); });
  g->await_inside(1);
  rt.ask([] { play(1000); }, 60s);
  CHECK(rt.info().relieved == 1);
  g->open();
  rt.ask([blocked] { await_end(blocked); }, 60s);
  CHECK(rt.stop(10s).clean());
}

TEST_CASE("blocking: f uses locals of the caller, and its result or exception arrives") {
  joist::runtime rt{one_worker()};
  rt.ask(
      [] {
        std::array<int, 100> numbers{};
        const int sum = joist::blocking([&] {
          int total = 0;
          for (int i = 0; i < 100; ++i) total += numbers[static_cast<std::size_t>(i)] = i;
          return total;
        });
        EXPECT(sum == 4950 && numbers[99] == 99);
        int& first = joist::blocking([&]() -> int& { return numbers[0]; });
        EXPECT(&first == numbers.data());
        bool caught = false;
        try {
          joist::blocking([] { throw std::runtime_error{"the disk is on fire"}; });
        } catch (const std::runtime_error& e) {
          caught = e.what() == std::string{"the disk is on fire"};
        }
        EXPECT(caught);
        const auto text = joist::blocking([] { return std::make_unique<std::string>("moved"); });
        EXPECT(*text == "moved");
      },
      60s);
}

TEST_CASE("blocking: on a thread that runs no process, and in simulation, f is just called") {
  CHECK(joist::blocking([] { return 7; }) == 7);
  in_simulation([] { EXPECT(joist::blocking([] { return joist::self(); }) == joist::self()); }, 10);
}

TEST_CASE("blocking: f may send, spawn and receive") {
  joist::runtime rt{one_worker()};
  rt.ask(
      [] {
        const joist::pid me = joist::self();
        joist::blocking([me] {
          joist::spawn([me] { joist::send(me, pong{}); });
          joist::receive<pong>();
          joist::send(me, pong{});
        });
        joist::receive<pong>();
      },
      60s);
}

TEST_CASE("blocking: what was woken last and its timers do not wait for it") {
  joist::runtime rt{one_worker()};
  const auto g = std::make_shared<gate>();
  std::atomic<bool> told{false};
  rt.spawn([g, &told] {
    const joist::pid next = joist::spawn([&told, g] {
      joist::receive<pong>();
      joist::send_after(1ms, joist::self(), pong{});
      joist::receive<pong>();
      told = true;
      g->open();
    });
    joist::yield();                                 // it waits now
    joist::send_after(5ms, joist::self(), pong{});  // on this worker's wheel
    joist::send(next, pong{});                      // in this worker's run-next place
    joist::blocking([&] { g->pass(); });            // opened by it alone
    joist::receive<pong>();
  });
  g->await_inside(1);
  g->pass();
  CHECK(told);
  CHECK(rt.stop(10s).clean());
}

TEST_CASE("blocking: threads are bounded, more callers wait for their turn") {
  joist::runtime_options o = one_worker();
  o.spare_threads = 3;
  joist::runtime rt{o};
  std::atomic<int> now{0};
  std::atomic<int> most{0};
  std::atomic<int> done{0};
  rt.ask(
      [&] {
        std::vector<joist::monitored> all;
        for (int i = 0; i < 50; ++i) {
          all.push_back(joist::spawn_monitor([&] {
            joist::blocking([&] {
              const int n = ++now;
              for (int seen = most; seen < n && !most.compare_exchange_weak(seen, n);) {
              }
              ::usleep(200);
              --now;
            });
            ++done;
          }));
        }
        for (const joist::monitored& m : all) EXPECT(reason_of(m) == joist::exit_reason::normal);
      },
      60s);
  CHECK(done == 50);
  CHECK(most <= 3);
  CHECK(rt.info().threads <= 4);
  CHECK(rt.stop(10s).clean());
}

TEST_CASE("blocking: without spare threads f blocks its worker") {
  joist::runtime_options o = one_worker();
  o.spare_threads = 0;
  joist::runtime rt{o};
  CHECK(rt.ask([] { return joist::blocking([] { return 7; }); }, 60s) == 7);
  CHECK(rt.stop(10s).clean());
}

TEST_CASE("blocking: who is killed while it waits for a thread passes its turn on") {
  joist::runtime_options o = one_worker();
  o.spare_threads = 1;
  joist::runtime rt{o};
  const auto g = std::make_shared<gate>();
  const joist::pid first = rt.spawn([g] { joist::blocking([&] { g->pass(); }); });
  g->await_inside(1);
  rt.ask(
      [g, first] {
        std::vector<joist::monitored> waiting;
        for (int i = 0; i < 20; ++i) waiting.push_back(joist::spawn_monitor([] { joist::blocking([] {}); }));
        for (int i = 0; i < 100; ++i) joist::yield();  // they stand in line
        for (std::size_t i = 0; i < waiting.size(); i += 2) joist::exit(waiting[i].process, joist::exit_reason::kill);
        g->open();
        for (std::size_t i = 0; i < waiting.size(); ++i) {
          const joist::exit_reason reason = reason_of(waiting[i]);
          EXPECT(i % 2 == 0 || reason == joist::exit_reason::normal);
        }
        await_end(first);
      },
      60s);
  CHECK(rt.stop(10s).clean());
}

TEST_CASE("blocking: who is killed when its turn has just come passes it on") {
  joist::runtime_options o = one_worker();
  o.spare_threads = 1;
  joist::runtime rt{o};
  const auto g = std::make_shared<gate>();
  const joist::pid first = rt.spawn([g] { joist::blocking([&] { g->pass(); }); });
  g->await_inside(1);
  rt.ask(
      [&rt, g, first] {
        const joist::monitored second = joist::spawn_monitor([] { joist::blocking([] {}); });
        const joist::monitored third = joist::spawn_monitor([] { joist::blocking([] {}); });
        for (int i = 0; i < 100; ++i) joist::yield();  // they stand in line
        g->open();
        while (rt.info().spare_threads == 0) {  // on the only worker: the second has its turn, and does not know yet
        }
        joist::exit(second.process, joist::exit_reason::kill);
        EXPECT(reason_of(third) == joist::exit_reason::normal);
        (void)reason_of(second);
        await_end(first);
      },
      60s);
  CHECK(rt.stop(10s).clean());
}

TEST_CASE("blocking: a receive guard cannot") {
  everywhere([] {
    joist::send(joist::self(), 1);
    bool refused = false;
    joist::receive([&](int) {}, joist::after(0ms, [] {}));
    joist::send(joist::self(), 1);
    (void)joist::receive<int>([&](const int&) {
      refused = refused || refuses(joist::errc::bad_wait, [] { joist::blocking([] {}); });
      return true;
    });
    EXPECT(refused || joist::system_info().workers == 1);
  });
}

TEST_CASE("blocking: a thousand processes at a time, again and again, lose nothing") {
  joist::runtime rt{quiet(2)};
  rt.ask(
      [] {
        constexpr int rounds = checked_build ? 2 : 5;
        for (int round = 0; round < rounds; ++round) {
          const joist::pid me = joist::self();
          for (int i = 0; i < 300; ++i) {
            joist::spawn([me, i] {
              const int twice = joist::blocking([i] {
                ::usleep(static_cast<unsigned>(i % 7));
                return 2 * i;
              });
              joist::send(me, twice);
            });
          }
          int sum = 0;
          for (int i = 0; i < 300; ++i) sum += joist::receive<int>();
          EXPECT(sum == 299 * 300);
        }
      },
      120s);
  CHECK(rt.stop(10s).clean());
}
