// joist/clock.hpp
#include "support/world.hpp"

using namespace joist;
using namespace std::chrono_literals;

TEST_CASE("clock: stands still while processes work, and jumps when all wait, in a simulated world") {
  support::in_simulation([] {
    const auto before = joist::clock::now();
    for (int i = 0; i < 100; ++i) yield();
    EXPECT(joist::clock::now() == before);
    sleep_for(24h);
    EXPECT(joist::clock::now() - before >= 24h && joist::clock::now() - before < 24h + 1s);
  });
}

TEST_CASE("clock: is monotonic outside of processes too") {
  const auto before = joist::clock::now();
  CHECK(joist::clock::now() >= before);
  STATIC_REQUIRE(joist::clock::is_steady);
}

TEST_CASE("clock: a limit is a whole number of a unit, a point of joist::clock, or infinity, and nothing else is one") {
  using joist::detail::deadline;
  STATIC_REQUIRE(std::is_convertible_v<std::chrono::milliseconds, deadline>);
  STATIC_REQUIRE(std::is_convertible_v<joist::clock::time_point, deadline>);
  STATIC_REQUIRE(std::is_convertible_v<joist::infinity_t, deadline>);
  STATIC_REQUIRE_FALSE(std::is_constructible_v<deadline, int>);
  STATIC_REQUIRE_FALSE(std::is_constructible_v<deadline, std::chrono::duration<double>>);
  STATIC_REQUIRE_FALSE(std::is_constructible_v<deadline, std::chrono::system_clock::time_point>);
}
