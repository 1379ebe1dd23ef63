// base/flat_map.hpp against std::unordered_map.
#include "base/flat_map.hpp"

#include <joist/pid.hpp>

#include <algorithm>
#include <set>
#include <unordered_map>
#include <vector>

#include "base/random.hpp"
#include "support/catch.hpp"

using namespace joist;

TEST_CASE("flat map: does what std::unordered_map does, small and large") {
  for (const std::uint32_t keys : {4U, 10U, 1000U}) {
    base::random dice{keys};
    base::flat_map<std::uint64_t> map;
    std::unordered_map<std::uint64_t, std::uint64_t> model;
    for (int step = 0; step < 100'000; ++step) {
      const std::uint64_t key = 1 + dice.below(keys) * std::uint64_t{4096};
      if (dice.below(2) == 0) {
        map[key] = model[key] = dice.next();
      } else {
        REQUIRE(map.erase(key) == (model.erase(key) == 1));
      }
      REQUIRE(map.size() == model.size());
      const std::uint64_t other = 1 + dice.below(keys) * std::uint64_t{4096};
      const auto found = model.find(other);
      REQUIRE((map.find(other) != nullptr) == (found != model.end()));
      if (found != model.end()) REQUIRE(*map.find(other) == found->second);
    }
    std::size_t seen = 0;
    map.for_each([&](std::uint64_t key, std::uint64_t value) {
      REQUIRE(model.at(key) == value);
      ++seen;
    });
    CHECK(seen == model.size());
  }
}

TEST_CASE("flat map: pids find places of their own, whatever their indexes have in common") {
  for (const std::uint32_t stride : {1U, 64U, 1024U}) {
    constexpr std::uint32_t keys = 4096;
    std::vector<int> taken(keys * 2);
    int most = 0;
    for (std::uint32_t i = 0; i < keys; ++i) {
      const pid p{3, i * stride, 1};
      most = std::max(most, ++taken[base::top_bits(base::hash_of_pid::mix(p.value()), 13)]);
    }
    CHECK(most <= 8);
    std::set<std::size_t> low_bits;
    for (std::uint32_t i = 0; i < keys; ++i) low_bits.insert(std::hash<pid>{}(pid{3, i * stride, 1}) & (keys - 1));
    CHECK(low_bits.size() > keys / 4);
  }
}
