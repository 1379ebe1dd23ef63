// joist/error.hpp
#include "support/world.hpp"

using namespace joist;

TEST_CASE("error: says what was expected, what came and what to do, and carries a code") {
  try {
    (void)self();
    FAIL("expected an exception");
  } catch (const error& e) {
    CHECK(e.code() == errc::not_a_process);
    CHECK(std::string{e.what()}.find("self: expected to be called by a process") == 0);
  }
}

TEST_CASE("error: uncaught, it ends the process with its text as the reason") {
  support::everywhere([] {
    const auto child = spawn_monitor([] { send("nobody", 1); });
    const exit_reason reason = receive<down>([&](const down& d) { return d.monitor == child.monitor; }).reason;
    EXPECT(reason.error() != nullptr && reason.error()->what.find("nobody") != std::string::npos);
  });
}

TEST_CASE("error: a code says in a sentence what it means") {
  CHECK(to_string(errc::no_process) == "the pid names no living process");
  for (int code = 1; code <= static_cast<int>(errc::access_denied); ++code)
    CHECK(to_string(static_cast<errc>(code)).size() > 10);
}
