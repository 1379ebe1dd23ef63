// Waits with limits, short and long ones in turn, ended by messages at about the time when an earlier limit is over: each
// ends at its own limit, whatever was left in the wheel by those before it.
#include <vector>

#include "base/random.hpp"
#include "support/ends.hpp"
#include "support/world.hpp"

using namespace joist;
using namespace std::chrono_literals;
using support::go;

namespace {

constexpr std::size_t waiters = 64;
constexpr int rounds = support::checked_build ? 100 : 1'000;

struct ask {
  pid from;
  std::chrono::microseconds pause;
};

// Answers each ask after its pause.
void answer() {
  for (;;) {
    const auto asked = receive<ask>();
    sleep_for(asked.pause);
    send(asked.from, go{});
  }
}

void wait_again_and_again(std::uint64_t seed) {
  base::random dice{seed};
  const pid partner = spawn_link(answer);
  for (int i = 0; i < rounds; ++i) {
    const auto limit = std::chrono::microseconds{100 + dice.below(900)};
    const auto begun = clock::now();
    EXPECT(!receive<go>(after(limit)));
    const auto took = clock::now() - begun;
    EXPECT(took >= limit && took < 10s);
    send(partner, ask{self(), std::chrono::microseconds{dice.below(1000)}});
    EXPECT(receive<go>(after(50s)).has_value());
  }
}

}  // namespace

TEST_CASE("timed waits: each ends at its own limit, whatever limits those before it had, and however they ended") {
  support::on_workers(
      [] {
        std::vector<monitored> all;
        for (std::size_t i = 0; i < waiters; ++i) all.push_back(spawn_monitor([i] { wait_again_and_again(i); }));
        for (const auto& m : all) EXPECT(support::reason_of(m) == exit_reason::normal);
      },
      1);
}
