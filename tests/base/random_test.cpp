// base/random.hpp: the numbers of splitmix64, and bounds that hold.
#include "base/random.hpp"

#include <array>

#include "support/catch.hpp"

using namespace joist;

TEST_CASE("random: the first numbers of splitmix64 with seed 1234567, as published with it") {
  base::random dice{1234567};
  for (const std::uint64_t expected :
       {6457827717110365317U, 3203168211198807973U, 9817491932198370423U, 4593380528125082431U, 16408922859458223821U}) {
    CHECK(dice.next() == expected);
  }
}

TEST_CASE("random: below() stays below, and leaves nothing out") {
  base::random dice{1};
  std::array<int, 10> seen{};
  for (int i = 0; i < 10'000; ++i) ++seen.at(dice.below(10));
  for (const int n : seen) CHECK(n > 800);
  CHECK(dice.below(1) == 0);
}
