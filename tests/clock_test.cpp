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
