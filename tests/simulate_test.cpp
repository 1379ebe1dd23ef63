// joist/simulate.hpp
#include <cstdlib>
#include <set>
#include <vector>

#include "support/child.hpp"
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

TEST_CASE("simulate: a deadlock is reported with the types of the oldest messages that wait, and how many more do") {
  try {
    simulate(1, [] {
      trap_exit(true);
      send(self(), 1);
      send(self(), 'x');
      send(self(), support::go{});
      joist::exit(self(), exit_reason::shutdown);
      for (int i = 0; i < 6; ++i) send(self(), i);
      receive<std::string>();
    });
    FAIL("expected a deadlock");
  } catch (const error& e) {
    const std::string what = e.what();
    CAPTURE(what);
    CHECK(what.find("10 messages in its mailbox: int, char, support::go, joist::exited and 6 more") != std::string::npos);
  }
}

TEST_CASE("simulate: a trace tells each switch, spawn, send, receive and end, with the time, the label and the type") {
  std::string told;
  simulate_options options;
  options.trace = [&told](std::string_view line) { told.append(line).append("\n"); };
  const auto body = [] {
    const auto child = spawn_monitor({.label = "child"}, [] {
      receive<support::go>();
      joist::exit(exit_reason::of("done"));
    });
    sleep_for(1500ms);
    register_name("first");
    send(child.process, support::go{});
    (void)support::reason_of(child);
    send_after(1s, self(), 1);
    receive<int>();
    joist::exit(spawn({.label = "second"}, [] { support::wait_for_ever(); }), exit_reason::kill);
  };
  const auto report = simulate(1, body, options);
  CAPTURE(told);
  auto tells = [&told](std::string_view text) { return told.find(text) != std::string::npos; };
  CHECK(tells("0.000000 <"));
  CHECK(tells("> runs, for "));
  CHECK(tells(".1> \"child\" runs, for "));
  CHECK(tells("> spawns <"));
  CHECK(tells("> \"first\" sends support::go to <"));
  CHECK(tells("\"child\" receives support::go\n"));
  CHECK(tells("\"child\" ends: done\n"));
  CHECK(tells("\"first\" receives joist::down\n"));
  CHECK(tells("\n2.500"));
  CHECK(tells(" a timer sends int to <"));
  CHECK(tells("\"first\" sends an exit signal kill to <"));
  CHECK(tells("\"first\" ends: normal\n"));
  // What the world ends by itself is no news; and to be told does not change a run.
  CHECK_FALSE(tells("ends: killed"));
  CHECK(simulate(1, body).fingerprint == report.fingerprint);
}

TEST_CASE("simulate: fail_on_crash ends the run at the first crash that nobody is linked to or monitors") {
  simulate_options strict;
  strict.fail_on_crash = true;
  const auto crashes = [] {
    spawn({.label = "quiet"}, [] { throw std::runtime_error{"unheard"}; });
    sleep_for(1s);
  };
  CHECK(simulate(1, crashes).reason == exit_reason::normal);  // off, it is nobody's failure
  const auto report = simulate(1, crashes, strict);
  REQUIRE(report.crash.has_value());
  CHECK(report.crash->label == "quiet");
  CHECK(report.reason.error()->what == "unheard");
  CHECK(report.elapsed < 1s);
  try {
    for_each_schedule(3, crashes, strict);
    FAIL("expected a failure");
  } catch (const schedule_failed& failure) {
    const std::string what = failure.what();
    CAPTURE(what);
    CHECK(what.find("\"quiet\" crashed, and nobody was linked to it or monitored it: ") != std::string::npos);
    CHECK(what.find("unheard") != std::string::npos);
  }
}

TEST_CASE(
    "simulate: fail_on_crash counts no crash that another process hears of, no end in order, and what nobody is left for") {
  simulate_options strict;
  strict.fail_on_crash = true;
  const auto reason_of_run = [&strict](auto body) {
    const auto report = simulate(1, body, strict);
    CHECK(report.crash.has_value() != report.reason.is_orderly());
    return report.reason;
  };
  CHECK(reason_of_run([] { EXPECT(!support::reason_after([] { throw 1; }).is_orderly()); }) == exit_reason::normal);
  CHECK(reason_of_run([] {
          trap_exit(true);
          spawn_link([] { throw 1; });
          receive<exited>();
        }) == exit_reason::normal);
  CHECK(reason_of_run([] {
          spawn([] { joist::exit(exit_reason::shutdown); });
          spawn([] { support::wait_for_ever(); });  // the world ends it
          sleep_for(1s);
        }) == exit_reason::normal);
  // A crash that goes through a link to one nobody hears of.
  CHECK(reason_of_run([] {
          spawn([] {
            spawn_link([] { joist::exit(exit_reason::of("below")); });
            support::wait_for_ever();
          });
          sleep_for(1s);
        }) == exit_reason::of("below"));
  CHECK(reason_of_run([] {
          joist::exit(spawn([] { support::wait_for_ever(); }), exit_reason::kill);
          sleep_for(1s);
        }) == exit_reason::killed);
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

TEST_CASE("for_each_schedule: with JOIST_TRACE a replay is told on standard error, and a run of many seeds is not") {
  const auto told_with = [](const char* seed) {
    return support::in_child([seed] {
             ::setenv("JOIST_TRACE", "1", 1);
             if (seed != nullptr) ::setenv("JOIST_SEED", seed, 1);
             for_each_schedule(3, [] { send(self(), 1); });
           })
        .written;
  };
  CHECK(told_with("7").find(" sends int to <") != std::string::npos);
  CHECK(told_with(nullptr).empty());
}

TEST_CASE("for_each_schedule: not from a process, and that is no failed schedule") {
  joist::runtime rt{support::quiet(1)};
  CHECK(rt.ask([] { return support::refuses(errc::bad_wait, [] { for_each_schedule(3, [] {}); }); }));
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
