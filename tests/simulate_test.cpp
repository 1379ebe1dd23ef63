// joist/simulate.hpp
#include <cstdlib>
#include <set>
#include <vector>

#include "support/ends.hpp"
#include "support/world.hpp"

using namespace joist;
using namespace std::chrono_literals;

namespace {

void busy_world() {
  const pid main = self();
  for (int i = 0; i < 5; ++i) {
    spawn([main, i] {
      sleep_for(1ms * i);
      send(main, i);
    });
  }
  for (int i = 0; i < 5; ++i) receive<int>();
}

}  // namespace

TEST_CASE("simulate: the same seed gives the same run, other seeds other runs") {
  std::set<std::uint64_t> runs;
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    const auto once = simulate(seed, busy_world);
    const auto again = simulate(seed, busy_world);
    CHECK(once.fingerprint == again.fingerprint);
    CHECK(once.steps == again.steps);
    CHECK(once.elapsed == again.elapsed);
    runs.insert(once.fingerprint);
  }
  CHECK(runs.size() > 15);
}

TEST_CASE("simulate: a day passes in a moment") {
  const auto report = simulate(1, [] { sleep_for(24h); });
  CHECK(report.elapsed >= 24h);
  CHECK(report.reason == exit_reason::normal);
}

TEST_CASE("simulate: a deadlock is reported with who waits") {
  try {
    simulate(1, [] {
      spawn({.label = "philosopher"}, [] { receive<int>(); });
      receive<int>();
    });
    FAIL("expected a deadlock");
  } catch (const error& e) {
    CHECK(e.code() == errc::deadlock);
    CHECK(std::string{e.what()}.find("philosopher") != std::string::npos);
  }
}

TEST_CASE("simulate: an endless run is given up at the step limit") {
  simulate_options options;
  options.step_limit = 1000;
  CHECK(support::refuses(errc::deadlock, [&] {
    simulate(
        1,
        [] {
          for (;;) yield();
        },
        options);
  }));
}

TEST_CASE("simulate: not from a process") {
  joist::runtime rt{support::quiet(1)};
  rt.ask([] { EXPECT(support::refuses(errc::bad_wait, [] { simulate(1, [] {}); })); });
}

TEST_CASE(
    "for_each_schedule: a failure names the seed and the command that replays it, and the replay runs that seed alone") {
  int ran = 0;
  auto fails_at_three = [&ran] {
    if (++ran >= 3) joist::exit(exit_reason::of("third"));
  };
  try {
    for_each_schedule(10, fails_at_three);
    FAIL("expected a failure");
  } catch (const schedule_failed& failure) {
    CHECK(failure.seed() == 3);
    CHECK(std::string{failure.what()}.find("JOIST_SEED=3 ") != std::string::npos);
    CHECK(std::string{failure.what()}.find("third") != std::string::npos);
  }
  ::setenv("JOIST_SEED", "42", 1);
  std::uint64_t seed = 0;
  try {
    for_each_schedule(10, [] { joist::exit(exit_reason::of("always")); });
  } catch (const schedule_failed& failure) {
    seed = failure.seed();
  }
  ::unsetenv("JOIST_SEED");
  CHECK(seed == 42);
}

TEST_CASE("simulate: a seed repeats with many relations too, whatever ran before") {
  // More than a relation keeps in a row: beyond, they are hashed.
  auto order_of_ends = [](bool by_link) {
    const auto order = std::make_shared<std::string>();
    const auto report = joist::simulate(7, [order, by_link] {
      const pid root = self();
      const pid boss = spawn([] { receive<support::go>(); });
      for (char c = 'a'; c < 'a' + 20; ++c) {
        spawn([=] {
          trap_exit(true);
          if (by_link) link(boss);
          if (!by_link) (void)monitor(boss);
          send(root, 1);
          receive([](exited) {}, [](down) {});
          *order += c;
          send(root, 2);
        });
      }
      for (int i = 0; i < 20; ++i) receive<int>([](int v) { return v == 1; });
      send(boss, support::go{});
      for (int i = 0; i < 20; ++i) receive<int>([](int v) { return v == 2; });
    });
    return std::pair{*order, report.fingerprint};
  };
  for (const bool by_link : {true, false}) {
    const auto first = order_of_ends(by_link);
    (void)make_ref();
    for (std::uint64_t i = 0; i < 300; ++i) (void)joist::simulate(i, [] { (void)make_ref(); });
    CHECK(order_of_ends(by_link) == first);
  }
}

TEST_CASE("simulate: a world in which only time goes on is given up after its limit of steps") {
  simulate_options options;
  options.step_limit = 1000;
  CHECK(support::refuses(errc::deadlock, [&] {
    joist::simulate(
        1,
        [] {
          const pid full = spawn({.mailbox_limit = 1}, [] { receive<support::go>(); });
          send_interval(1ms, full, 'x');
          receive<support::go>();
        },
        options);
  }));
}

TEST_CASE("simulate: time that would not fit the clock is never") {
  joist::simulate(1, [] {
    for (int i = 0; i < 2; ++i) sleep_for(std::chrono::hours{24 * 365 * 99});
    const auto before = joist::clock::now();
    EXPECT(support::refuses(errc::bad_argument, [] { sleep_for(std::chrono::hours{24 * 365 * 101}); }));
    EXPECT(joist::clock::now() == before);
  });
}

TEST_CASE("for_each_schedule: a function that takes the seed is given it, in each run") {
  std::vector<std::uint64_t> given;
  for_each_schedule(3, [&given](std::uint64_t seed) { given.push_back(seed); });
  CHECK(given == std::vector<std::uint64_t>{1, 2, 3});
}

TEST_CASE("for_each_schedule: a seed to replay that is no number is refused") {
  for (const char* wrong : {"", "abc", "-1", "0x10", "1 ", "99999999999999999999"}) {
    ::setenv("JOIST_SEED", wrong, 1);
    CHECK(support::refuses(errc::bad_argument, [] { for_each_schedule(3, [] {}); }));
  }
  ::setenv("JOIST_SEED", "18446744073709551615", 1);
  int runs = 0;
  for_each_schedule(3, [&runs] { ++runs; });
  ::unsetenv("JOIST_SEED");
  CHECK(runs == 1);
}
