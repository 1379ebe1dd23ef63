// core/timer_wheel.hpp against a model: a sorted list of deadlines.
#include "core/timer_wheel.hpp"

#include <map>
#include <vector>

#include "base/random.hpp"
#include "support/catch.hpp"

using namespace joist;

TEST_CASE("timer wheel: fires what the model fires, never early, in order of ticks, however far the deadlines lie") {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    base::random dice{seed};
    core::timer_wheel wheel;
    std::map<std::pair<std::uint32_t, std::uint32_t>, std::int64_t> model;  // index, generation: deadline
    std::int64_t now = 1'000'000'000;
    for (int step = 0; step < 20'000; ++step) {
      if (dice.below(3) != 0) {
        core::timer& t = wheel.make();
        t.deadline = now + static_cast<std::int64_t>(dice.next() >> (14 + dice.below(44)));
        t.target = pid{1, dice.below(100), 1};
        wheel.start(t);
        model[{t.index, t.generation}] = t.deadline;
      } else if (!model.empty() && dice.below(4) == 0) {
        const auto chosen = std::next(model.begin(), dice.below(static_cast<std::uint32_t>(model.size())));
        core::timer* t = wheel.find(chosen->first.first, chosen->first.second);
        REQUIRE(t != nullptr);
        wheel.stop(*t);
        wheel.drop(*t);
        model.erase(chosen);
      } else {
        now += static_cast<std::int64_t>(dice.next() >> (20 + dice.below(40)));
        std::uint64_t last = 0;
        for (core::timer* t = wheel.advance(now, SIZE_MAX); t != nullptr;) {
          core::timer& fired = *std::exchange(t, t->fired_next);
          REQUIRE(fired.deadline <= now);
          REQUIRE(fired.tick >= last);
          last = fired.tick;
          REQUIRE(model.erase({fired.index, fired.generation}) == 1);
          wheel.drop(fired);
        }
        for (const auto& [key, deadline] : model) REQUIRE(deadline > now - (1 << core::timer_wheel::tick_bits));
      }
      REQUIRE(wheel.size() == model.size());
      if (!model.empty()) REQUIRE(wheel.next_due() != INT64_MAX);
    }
  }
}

TEST_CASE("timer wheel: takes out all timers of one target") {
  core::timer_wheel wheel;
  for (std::uint32_t i = 0; i < 1000; ++i) {
    core::timer& t = wheel.make();
    t.deadline = 1'000'000 * i;
    t.target = pid{1, i % 10, 1};
    wheel.start(t);
  }
  int taken = 0;
  for (core::timer* t = wheel.take_all_of(pid{1, 3, 1}); t != nullptr; ++taken) wheel.drop(*std::exchange(t, t->next));
  CHECK(taken == 100);
  CHECK(wheel.size() == 900);
}
