// A storm over a tree of supervisors and workers: processes of all kinds are ended at random, for an hour. When it is over,
// the tree is what its ledger says, and nothing is left beside it; when the tree is stopped, nothing is left at all.
//
// In a seeded world with virtual time, where a failure prints the seed that replays it, and on real workers, for a second.
// JOIST_STORM_SEEDS=n runs both trees in seeded worlds, a hundred and ten thousand processes, under n seeds each.
#include <joist/simulate.hpp>

#include <cstdlib>
#include <string>
#include <vector>

#include "support/ends.hpp"
#include "support/storm_tree.hpp"
#include "support/tree_oracles.hpp"

using namespace support;

namespace {

struct weather {
  measures size = {};
  std::chrono::milliseconds lasts = 1h;
  std::chrono::milliseconds gap = 10s;   ///< between two strikes, on an average
  std::chrono::milliseconds delay = 1s;  ///< see house_model
  std::chrono::milliseconds settles_in = 1min;
  bool is_virtual = true;  ///< its time
};

/// Ends processes at random.
class storm {
 public:
  storm(site_ptr at, std::uint64_t seed, std::vector<pid> spared)
      : at_{std::move(at)}, dice_{seed}, spared_{std::move(spared)} {}

  /// How often it has struck.
  std::size_t rage(const weather& w) {
    std::size_t strikes = 0;
    for (const auto until = joist::clock::now() + w.lasts; joist::clock::now() < until; ++strikes) {
      joist::sleep_for(w.gap * dice_.below(2000) / 1000);
      switch (dice_.below(8)) {
        case 0: strike(any_supervisor()); break;
        case 1: strike_a_house(); break;
        default: strike(any_process()); break;
      }
    }
    return strikes;
  }

 private:
  template <class T>
  const T& any_of(const std::vector<T>& all) {
    return all[dice_.below(static_cast<std::uint32_t>(all.size()))];
  }
  pid any_process() { return any_of(joist::processes()); }
  pid any_supervisor() {
    for (int tries = 0; tries < 20; ++tries) {
      const pid found = at_->book->read([this](const record& r) { return any_of(r.supervisors); });
      if (joist::is_alive(found)) return found;
    }
    return any_process();
  }
  // Some children of one supervisor at the same moment: it has no end of work, or gives up.
  void strike_a_house() {
    const pid supervisor = any_supervisor();
    const std::vector<attempt> children = at_->book->read([supervisor](const record& r) {
      const auto found = r.houses.find(supervisor);
      return found != r.houses.end() ? found->second.attempts : std::vector<attempt>{};
    });
    if (children.empty()) return;
    for (auto left = dice_.below(8); left > 0; --left) strike(any_of(children).process);
  }

  void strike(pid process) {
    if (!process || std::find(spared_.begin(), spared_.end(), process) != spared_.end()) return;
    const joist::server_ref<desk> as_desk{process};
    switch (dice_.below(8)) {
      case 0: return joist::exit(process, exit_reason::of(std::string{"storm"}));
      case 1: return joist::exit(process, exit_reason::shutdown_with(std::string{"storm"}));
      case 2: return joist::exit(process, exit_reason::normal);
      case 3: return as_desk.cast(desk::crash{});
      case 4: return as_desk.cast(desk::leave{exit_reason::normal});
      case 5: return as_desk.cast(desk::leave{exit_reason::shutdown_with(std::string{"storm"})});
      default: return joist::exit(process, exit_reason::kill);
    }
  }

  const site_ptr at_;
  joist::base::random dice_;
  const std::vector<pid> spared_;
};

/// When it has settled. On real workers nobody knows when the last message has been handled: so once more until it is right,
/// or time is up.
template <class Check>
void by_and_by(const weather& w, Check check) {
  if (w.is_virtual) joist::sleep_for(w.settles_in);
  for (const auto until = joist::clock::now() + w.settles_in; !w.is_virtual && joist::clock::now() < until;) {
    try {
      return check();
    } catch (const failed_expectation&) {
      joist::sleep_for(w.settles_in / 1000);
    }
  }
  check();
}

void expect_nothing_left(const site& at, const std::vector<pid>& others) {
  EXPECT(joist::processes().size() == others.size());
  EXPECT(joist::registered_names().empty());
  EXPECT(at.keys.count() == 0);
  EXPECT(token::alive() == 0);
  EXPECT(at.strays == 0);
}

// As many processes as its measures say, and the supervisors.
void tree_under(std::uint64_t seed, const weather& w) {
  const auto at = std::make_shared<site>(w.size);
  at->by = joist::start<witness>(at->book);
  auto [specs, plan] = tree_builder{at}.root();
  const pid root = joist::start_supervisor(tree_builder::options_of(*plan, ""), std::move(specs));
  const std::vector<pid> others{joist::self(), at->by};
  const std::size_t strikes = storm{at, seed, {joist::self(), at->by, root}}.rage(w);
  at->open = false;
  by_and_by(w, [&, plan = plan] {  // a binding, which Clang does not capture by itself
    tree_oracles all{at, plan, root, others, w.delay};
    all.check();
    EXPECT(all.rounds() > strikes / (w.is_virtual ? 4 : 20));  // it was a storm
  });

  const auto begin = joist::clock::now();
  joist::supervisor_ref{root}.stop(exit_reason::shutdown);
  EXPECT(joist::clock::now() - begin < w.settles_in);
  EXPECT(joist::receive<joist::exited>(joist::after(w.settles_in))->process == root);
  by_and_by(w, [&] { expect_nothing_left(*at, others); });
  at->by.stop();
}

void storm_over(std::uint64_t seed, const weather& w) {
  joist::trap_exit(true);
  const std::size_t nodes = joist::system_info().live_nodes;
  tree_under(seed, w);
  EXPECT(mailbox_stays_empty());
  by_and_by(w, [nodes] {
    EXPECT(joist::system_info().timers == 0);
    EXPECT(joist::system_info().live_nodes == nodes);
  });
}

void under_seeds(std::uint64_t seeds, const weather& w) {
  joist::simulate_options options;
  options.step_limit = 1'000'000'000;
  try {
    joist::for_each_schedule(
        seeds, [w](std::uint64_t seed) { storm_over(seed, w); }, options);
  } catch (const joist::schedule_failed& failure) {
    FAIL(failure.what());
  }
}

std::uint64_t seeds_or(std::uint64_t usual) {
  const char* given = std::getenv("JOIST_STORM_SEEDS");
  return given != nullptr ? std::strtoull(given, nullptr, 10) : usual;
}

}  // namespace

TEST_CASE("tree storm: an hour over a hundred processes leaves no orphan, name, entry or message, and counts exact") {
  under_seeds(seeds_or(checked_build ? 3 : 100), {});
}

TEST_CASE("tree storm: an hour over ten thousand processes leaves no orphan, name, entry or message, and counts exact") {
  weather w;
  w.size.wings = checked_build ? 4 : 20;
  w.size.halls = checked_build ? 5 : 25;
  w.size.desks = 20;
  w.size.each = 10min;
  w.gap = 2s;
  under_seeds(seeds_or(1), w);
}

TEST_CASE("tree storm: a seed repeats it, choice by choice") {
  auto run = [] { return joist::simulate(1, [] { storm_over(1, {}); }); };
  const joist::simulate_report first = run();
  const joist::simulate_report second = run();
  CHECK(first.reason == exit_reason::normal);
  CHECK(first.fingerprint == second.fingerprint);
  CHECK(first.elapsed > 1h);
}

TEST_CASE("tree storm: seconds of it on real workers leave no orphan, name, entry or message, and counts exact") {
  weather w;
  w.size.each = 20ms;
  w.size.answer = 200ms;
  w.lasts = 1s;
  w.gap = 2ms;
  w.delay = 1min;
  w.is_virtual = false;
  joist::runtime rt{quiet()};
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    try {
      rt.ask([seed, w] { storm_over(seed, w); }, 300s);
    } catch (const joist::ask_failed& failure) {
      FAIL(failure.reason().to_string());
    }
  }
  CHECK(rt.stop(20s).clean());
}
