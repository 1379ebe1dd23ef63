// joist/simulate.hpp
#include <cstdlib>
#include <set>

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
