#include <joist/preempt.hpp>

#include <algorithm>
#include <array>
#include <numeric>
#include <thread>
#include <vector>

#include "support/ends.hpp"
#include "support/loops.hpp"
#include "support/world.hpp"

using namespace std::chrono_literals;
using namespace support;

namespace {

struct pong {};

/// One worker, and no watcher: what is not interrupted by its own counting is not interrupted.
joist::runtime_options alone() {
  joist::runtime_options o = quiet(1);
  o.stuck_after = 1h;
  return o;
}

// Compilers keep the address of errno, which is the thread's, over a call that changes the thread.
[[gnu::noinline]] int get_errno() {
  asm volatile("");
  return errno;
}
[[gnu::noinline]] void set_errno(int n) {
  asm volatile("");
  errno = n;
}

/// Kills it, sees it killed, and waits until it is gone.
void kill_and_wait(joist::runtime& rt, joist::pid loop) {
  rt.ask(
      [loop] {
        const joist::ref watch = joist::monitor(loop);
        joist::exit(loop, joist::exit_reason::kill);
        EXPECT(reason_of({loop, watch}) == joist::exit_reason::killed);
      },
      60s);
  while (rt.info().process_count > 0) std::this_thread::yield();
}

struct endless {
  std::atomic<bool> released{false};
  std::atomic<bool> destroyed{false};
  std::atomic<std::uint64_t> turns{0};
};

}  // namespace

TEST_CASE("preemptible: endless loops on one worker all get on, and others have their turns") {
  joist::runtime rt{alone()};
  const auto first = std::make_shared<endless>();
  const auto second = std::make_shared<endless>();
  rt.spawn([first] { loop_until(first->released, first->turns); });
  rt.spawn([second] { loop_until(second->released, second->turns); });
  rt.ask(
      [&] {
        const joist::pid me = joist::self();
        for (int i = 0; i < 100; ++i) {
          joist::spawn([me] { joist::send(me, pong{}); });
          joist::receive<pong>();
        }
        const std::uint64_t a = first->turns;
        const std::uint64_t b = second->turns;
        while (first->turns == a || second->turns == b) joist::yield();
      },
      60s);
  CHECK(rt.info().reliefs == 0);
  first->released = second->released = true;
  CHECK(rt.stop(10s).clean());
}

namespace {

/// Whether three loops got about the same when the first was done: two that share a worker would have a quarter each.
bool three_loops_are_even(joist::runtime& rt) {
  std::atomic<bool> over{false};
  std::array<std::atomic<std::uint64_t>, 3> turns{};
  rt.ask([&] {
    const joist::pid me = joist::self();
    for (auto& mine : turns) {
      joist::spawn([&over, &mine, me] {
        race(30'000'000, over, mine);
        joist::send(me, pong{});
      });
    }
    for (std::size_t i = 0; i < turns.size(); ++i) joist::receive<pong>();
  });
  const std::uint64_t all = std::accumulate(turns.begin(), turns.end(), std::uint64_t{0});
  return std::all_of(turns.begin(), turns.end(), [all](const auto& t) { return t * 100 > all * 28; });
}

}  // namespace

TEST_CASE("preemptible: three endless loops on two workers get about the same") {
  joist::runtime_options o = alone();
  o.workers = 2;
  joist::runtime rt{o};
  // Other programs may keep one of the two threads from running for long: not every time.
  int rounds = 1;
  while (!three_loops_are_even(rt) && rounds < 10) ++rounds;
  CHECK(rounds < 10);
  CHECK(rt.stop(10s).clean());
}

TEST_CASE("preemptible: what comes from outside waits for a few turns of loops, not for sixty-one") {
  constexpr std::uint64_t steps_of_a_turn = 100 * 16;
  joist::runtime_options o = alone();
  o.reductions = 100;
  joist::runtime rt{o};
  endless loops;
  for (int i = 0; i < 4; ++i) rt.spawn([&loops] { loop_until(loops.released, loops.turns); });
  std::vector<std::uint64_t> waited;
  for (int i = 0; i < 101; ++i) {
    const std::uint64_t before = loops.turns;
    waited.push_back(rt.ask([&] { return loops.turns.load(); }) - before);
  }
  std::nth_element(waited.begin(), waited.begin() + 50, waited.end());
  CHECK(waited[50] < 12 * steps_of_a_turn);
  loops.released = true;
  CHECK(rt.stop(10s).clean());
}

TEST_CASE("preemptible: one of low priority, and one from outside, have turns beside more loops than a run queue holds") {
  joist::runtime_options o = alone();
  o.reductions = 100;
  joist::runtime rt{o};
  std::atomic<bool> over{false};
  std::array<std::atomic<std::uint64_t>, 600> turns{};
  std::atomic<std::uint64_t> low{0};
  for (auto& mine : turns) rt.spawn([&over, &mine] { loop_until(over, mine); });
  rt.ask([] {}, 60s);
  while (std::any_of(turns.begin(), turns.end(), [](const auto& t) { return t == 0; })) std::this_thread::yield();
  const std::uint64_t before = std::accumulate(turns.begin(), turns.end(), std::uint64_t{0});
  rt.spawn({.priority = joist::priority::low}, [&over, &low] { race(1'000'000, over, low); });
  while (!over) std::this_thread::yield();
  CHECK(rt.stop(20s).clean());
  CHECK(std::accumulate(turns.begin(), turns.end(), std::uint64_t{0}) - before < 30 * low);  // an eighth is its share
}

TEST_CASE("preemptible: calls are counted too") {
  joist::runtime rt{alone()};
  std::atomic<bool> over{false};
  rt.spawn([&over] {
    EXPECT(fibonacci(35) == 9227465);
    over = true;
  });
  rt.ask([&over] { EXPECT(!over); }, 60s);
  while (!over) std::this_thread::yield();
  CHECK(rt.stop(10s).clean());
}

TEST_CASE("preemptible: killed code ends at once, and is unwound where frames have no tables") {
  joist::runtime rt{alone()};
  static const auto e = std::make_shared<endless>();  // static: where the stack is given up, its copy is leaked
  const joist::pid loop = rt.spawn([mine = e] { mine->turns = fibonacci(90); });
  kill_and_wait(rt, loop);
  const bool unwound = rt.info().abandoned_stacks == 0;
  CHECK(rt.stop(10s).clean());
  CHECK(e.use_count() == (unwound ? 1 : 2));
  if (!checked_build) CHECK(unwound);  // sanitizers give each frame a table
}

TEST_CASE("preemptible: a killed endless loop whose frame cannot be unwound there is given up, and counted") {
  joist::runtime rt{alone()};
  auto e = std::make_unique<endless>();  // leaked with the stack
  const joist::pid loop = rt.spawn([&e] { loop_with_cleanup(e->released, e->destroyed); });
  kill_and_wait(rt, loop);
  CHECK(rt.info().abandoned_stacks == 1);
  CHECK_FALSE(e->destroyed);
  CHECK(rt.stop(10s).clean());
}

TEST_CASE("preemptible: a receive in preemptible code loses nothing, though every few blocks end a turn") {
  joist::runtime_options o = quiet(2);
  o.reductions = 1;
  joist::runtime rt{o};
  rt.ask(
      [] {
        constexpr int count = checked_build ? 5'000 : 50'000;
        const joist::monitored receiver = joist::spawn_monitor([] { EXPECT(receive_in_order(count) == 0); });
        for (int i = 0; i < count; ++i) joist::send(receiver.process, numbered{i});
        EXPECT(reason_of(receiver) == joist::exit_reason::normal);
      },
      60s);
  CHECK(rt.stop(10s).clean());
}

TEST_CASE("preemptible: errno is the process's, whoever ran meanwhile") {
  joist::runtime rt{quiet(2)};
  std::vector<std::shared_ptr<endless>> all;
  std::atomic<int> wrong{0};
  for (int i = 1; i <= 8; ++i) {
    const auto e = all.emplace_back(std::make_shared<endless>());
    rt.spawn([e, i, &wrong] {
      set_errno(i);
      loop_until(e->released, e->turns);
      if (get_errno() != i) ++wrong;
    });
  }
  for (const auto& e : all) {
    while (e->turns < 100'000) std::this_thread::yield();
    e->released = true;
  }
  CHECK(rt.stop(10s).clean());
  CHECK(wrong == 0);
}

TEST_CASE("preemptible: code on a thread that runs no process is left alone") {
  CHECK(fibonacci(20) == 6765);
  CHECK(stays_on_its_thread(1000));
}

TEST_CASE("no_preempt: a process gives way to nobody and stays on its thread") {
  joist::runtime rt{quiet(2)};
  const auto e = std::make_shared<endless>();
  rt.spawn([e] { loop_until(e->released, e->turns); });
  rt.ask(
      [] {
        for (int i = 0; i < 20; ++i) EXPECT(stays_on_its_thread(100'000));
        // also by calls of the runtime, and nested
        const joist::no_preempt outer;
        const pthread_t thread = ::pthread_self();
        for (int i = 0; i < 10'000; ++i) {
          const joist::no_preempt inner;
          joist::send(joist::self(), pong{});
          joist::receive<pong>();  // is here already
          EXPECT(::pthread_equal(thread, ::pthread_self()) != 0);
        }
      },
      60s);
  e->released = true;
  CHECK(rt.stop(10s).clean());
}

TEST_CASE("no_preempt: waiting is refused, looking is not") {
  everywhere([] {
    const joist::no_preempt here;
    EXPECT(refuses(joist::errc::bad_wait, [] { joist::receive<pong>(); }));
    EXPECT(refuses(joist::errc::bad_wait, [] { joist::yield(); }));
    EXPECT(refuses(joist::errc::bad_wait, [] { joist::sleep_for(1ms); }));
    EXPECT(joist::receive([](pong) { return false; }, joist::after(0ms, [] { return true; })));
  });
}

TEST_CASE("no_preempt: the turn that was missed comes at its end") {
  joist::runtime rt{alone()};
  std::atomic<bool> ran{false};
  rt.ask(
      [&ran] {
        joist::spawn([&ran] { ran = true; });
        {
          const joist::no_preempt here;
          for (int i = 0; i < 10'000; ++i) joist::checkpoint();
          EXPECT(!ran);
        }
        EXPECT(ran);
      },
      60s);
}
