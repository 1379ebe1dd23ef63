#include <joist/web/health.hpp>

#include <joist/error.hpp>

#include <atomic>
#include <memory>
#include <string>

#include "support/ends.hpp"
#include "support/world.hpp"

using namespace std::chrono_literals;
using namespace support;
using joist::web::health;

namespace {

struct answer {
  int status;
  std::string text;
  bool operator==(const answer&) const = default;
};
answer ask(const joist::web::handler& page) {
  joist::web::request in{{}};
  const joist::web::response out = page(in);
  EXPECT(out.fields.get("Content-Type") == "application/json" && out.fields.get("Cache-Control") == "no-store");
  return {out.status, std::string{out.text()}};
}

}  // namespace

TEST_CASE("health: 200 when all checks say so, and where there are none") {
  everywhere([] {
    health well;
    const auto page = joist::web::health_page(well);
    EXPECT(ask(page) == answer{200, "{\"status\":\"ok\"}\n"});
    well.add("store", [] { return true; });
    well.add("a \"queue\"", [] { return true; });
    EXPECT(ask(page) == answer{200, "{\"status\":\"ok\",\"checks\":{\"store\":\"ok\",\"a \\\"queue\\\"\":\"ok\"}}\n"});
    EXPECT(mailbox_stays_empty());
  });
}

TEST_CASE("health: 503 when one says no, crashes or takes too long, and nothing is left of it") {
  everywhere([] {
    health well;
    well.add("no", [] { return false; });
    well.add("crash", []() -> bool { throw std::runtime_error{"oops"}; });
    const auto sleeper = std::make_shared<std::atomic<std::uint64_t>>(0);
    well.add(
        "slow",
        [sleeper] {
          *sleeper = joist::self().value();
          wait_for_ever();
          return true;
        },
        50ms);
    well.add("yes", [] { return true; });
    EXPECT(ask(joist::web::health_page(well)) == answer{503,
                                                        "{\"status\":\"failing\",\"checks\":{\"no\":\"failed\",\"crash\":"
                                                        "\"failed\",\"slow\":\"late\",\"yes\":\"ok\"}}\n"});
    (void)await_end(joist::pid::from_value(*sleeper));
    EXPECT(mailbox_stays_empty());
  });
}

TEST_CASE("health: draining says 503, and asks nobody") {
  everywhere([] {
    const auto asked = std::make_shared<std::atomic<int>>(0);
    health well;
    well.add("store", [asked] { return ++*asked > 0; });
    const auto page = joist::web::health_page(well);
    EXPECT(ask(page).status == 200);
    well.drain();
    EXPECT(ask(page) == answer{503, "{\"status\":\"draining\"}\n"});
    EXPECT(*asked == 1);
  });
}

TEST_CASE("health: a check without a function or a limit is refused") {
  health well;
  CHECK_THROWS_AS(well.add("none", {}), joist::error);
  CHECK_THROWS_AS(well.add(
                      "hurry", [] { return true; }, 0ms),
                  joist::error);
}
