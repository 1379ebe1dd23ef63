// core/process_table.hpp: the limit is exact where it says so, and a pid never reaches the wrong process.
#include "core/process_table.hpp"

#include <set>
#include <vector>

#include "support/catch.hpp"

using namespace joist;
using core::process_control;
using core::process_table;

namespace {

constexpr std::uint32_t last_generation = (1U << pid::generation_bits) - 1;

process_table::grace never_waits() {
  return {[] { return std::vector<std::uint64_t>{}; }, [](const std::vector<std::uint64_t>&) { return true; }};
}

/// Ends the life in `p` and begins another there; null when the table gives another place.
bool lives_again(process_table& table, process_table::cache& mine, process_control* p) {
  table.give_back(p, mine);
  process_control* next = table.take(mine);
  const bool same = next == p;
  if (!same && next != nullptr) table.give_back(next, mine);
  return same;
}

}  // namespace

TEST_CASE("process table: takes exactly as many as its limit says, from several caches, and as many again") {
  process_table table{100, 3, 1};
  table.set_grace(never_waits());
  std::vector<process_table::cache> caches(3);
  for (int round = 0; round < 3; ++round) {
    std::vector<std::pair<process_control*, std::size_t>> taken;
    std::set<process_control*> distinct;
    for (std::size_t i = 0; i < 100; ++i) {
      taken.emplace_back(table.take(caches[i % 3]), i % 3);
      REQUIRE(taken.back().first != nullptr);
      distinct.insert(taken.back().first);
    }
    CHECK(distinct.size() == 100);
    for (auto& c : caches) CHECK(table.take(c) == nullptr);
    // Given back where others took them.
    for (const auto& [place, by] : taken) table.give_back(place, caches[(by + 1) % 3]);
  }
}

TEST_CASE("process table: every life in a place has a higher generation, and its pid finds only that place") {
  process_table table{10, 1, 5};
  table.set_grace(never_waits());
  process_table::cache mine;
  process_control* p = table.take(mine);
  CHECK(p->generation.load() == 5);
  CHECK(table.place_of(pid{1, p->index, 5}) == p);
  REQUIRE(lives_again(table, mine, p));
  CHECK(p->generation.load() == 6);
  CHECK(table.highest_generation() >= 6);
  CHECK(table.place_of(pid{1, 50'000, 5}) == nullptr);
}

TEST_CASE("process table: before the tag bits come round a place rests until the grace period is over") {
  constexpr std::uint32_t before_wrap = core::signal_word::tag_mask;
  process_table table{10, 1, before_wrap};
  bool over = false;
  int began = 0;
  table.set_grace({[&began] {
                     ++began;
                     return std::vector<std::uint64_t>{42};
                   },
                   [&over](const std::vector<std::uint64_t>& since) { return over && since.at(0) == 42; }});
  process_table::cache mine;
  std::vector<process_control*> all;
  for (int i = 0; i < 10; ++i) all.push_back(table.take(mine));
  for (process_control* p : all) table.give_back(p, mine);
  CHECK(began == 10);
  // The places of the first ten rest: the next ones are others.
  std::set<process_control*> resting{all.begin(), all.end()};
  std::vector<process_control*> next;
  for (int i = 0; i < 10; ++i) next.push_back(table.take(mine));
  for (process_control* p : next) CHECK(resting.count(p) == 0);
  for (process_control* p : next) table.give_back(p, mine);
  over = true;
  // Once it is over they are used again, with the generation that follows.
  bool again = false;
  for (int i = 0; i < 500 && !again; ++i) {
    process_control* p = table.take(mine);
    REQUIRE(p != nullptr);
    if (resting.count(p) != 0) {
      again = true;
      CHECK(p->generation.load() == before_wrap + 1);
    }
    table.give_back(p, mine);
  }
  CHECK(again);
}

TEST_CASE("process table: a place whose generations are used up is never used again") {
  process_table table{10, 1, last_generation};
  table.set_grace(never_waits());
  process_table::cache mine;
  process_control* p = table.take(mine);
  CHECK(p->generation.load() == last_generation);
  table.give_back(p, mine);
  for (int i = 0; i < 10; ++i) CHECK(table.take(mine) != p);
}
