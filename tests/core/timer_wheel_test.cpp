// core/timer_wheel.hpp against a model: a sorted list of deadlines.
#include "core/timer_wheel.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <span>
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
        std::array<core::timer*, 7> out;
        for (std::size_t count = out.size(); count == out.size();) {
          count = wheel.advance(now, out);
          for (core::timer* fired : std::span{out}.first(count)) {
            REQUIRE(fired->deadline <= now);
            REQUIRE(core::timer_wheel::tick_of(fired->deadline) >= last);
            last = core::timer_wheel::tick_of(fired->deadline);
            REQUIRE(model.erase({fired->index, fired->generation}) == 1);
            wheel.drop(*fired);
          }
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
  for (int round = 0; round < 20; ++round) {
    for (core::timer* t = wheel.take_some_of(pid{1, 3, 1}, 30); t != nullptr; ++taken)
      wheel.drop(*std::exchange(t, t->next));
    if (round < 3) CHECK(taken == 30 * (round + 1));
  }
  CHECK(taken == 100);
  CHECK(wheel.size() == 900);
}

TEST_CASE("timer wheel: cancelled timers do not pile up, however far their deadlines lie") {
  core::timer_wheel wheel;
  core::timer& stays = wheel.make();
  stays.deadline = std::int64_t{1} << 60;
  wheel.start(stays);
  std::uint32_t highest = 0;
  for (int i = 0; i < 1'000'000; ++i) {
    core::timer& t = wheel.make();
    t.deadline = std::int64_t{1} << (30 + i % 30);
    wheel.start(t);
    wheel.stop(t);
    highest = std::max(highest, t.index);
    wheel.drop(t);
  }
  CHECK(highest < 10);
  CHECK(wheel.size() == 1);
  CHECK(wheel.entries() <= 3000);
}

TEST_CASE("timer wheel: no reference is used twice, however often a place is used", "[V4]") {
  core::timer_wheel wheel;
  const std::uint32_t place = wheel.make().index;
  wheel.drop(*wheel.find(place, 1));
  std::uint32_t last = 1;
  for (;;) {
    core::timer& t = wheel.make();
    if (t.index != place) break;
    if ((t.generation & core::timer_wheel::generation_mask) != ++last) break;
    wheel.drop(t);
  }
  CHECK(last == core::timer_wheel::generation_mask);
  CHECK(wheel.find(place, 1) == nullptr);
}
