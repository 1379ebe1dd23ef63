// joist::lock_check: a mutex of threads held over a switch is reported.
#include <joist/joist.hpp>

#include <mutex>
#include <shared_mutex>

#include "support/world.hpp"

using namespace std::chrono_literals;

namespace {

struct pong {};

struct collected_log {
  std::mutex mutex;
  std::vector<std::string> lines;
};

/// What is logged while `body` runs in a process.
template <class Body>
[[maybe_unused]] std::vector<std::string> log_of(Body body) {
  const auto log = std::make_shared<collected_log>();
  joist::runtime_options o = support::quiet(1);
  o.log = [log](joist::log_level, std::string_view line) {
    const std::scoped_lock lock{log->mutex};
    log->lines.emplace_back(line);
  };
  {
    joist::runtime rt{o};
    rt.ask(
        [body] {
          joist::monitored m = joist::spawn_monitor({.label = "holder"}, body);
          joist::receive<joist::down>([m](const joist::down& d) { return d.monitor == m.monitor; });
        },
        60s);
  }
  return log->lines;
}

[[maybe_unused]] bool mentions(const std::string& text, std::string_view what) {
  return text.find(what) != std::string::npos;
}

}  // namespace

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)  // sanitizers stand in front of the same functions

TEST_CASE("lock check: a mutex held over a wait is reported, with process, label and backtrace, once a place") {
  const auto lines = log_of([] {
    std::mutex m;
    volatile int rounds = 3;  // unrolled, they would be three places
    while (rounds > 0) {
      const std::scoped_lock lock{m};
      rounds = rounds - 1;
      joist::sleep_for(1ms);
    }
  });
  REQUIRE(lines.size() == 1);
  CHECK(mentions(lines[0], "\"holder\""));
  CHECK(mentions(lines[0], "holds 1 lock"));
  CHECK(mentions(lines[0], "no_preempt"));
  CHECK(mentions(lines[0], "\n    "));
}

TEST_CASE("lock check: a shared_mutex held over a yield is reported") {
  const auto lines = log_of([] {
    std::shared_mutex m;
    const std::shared_lock lock{m};
    joist::yield();
  });
  CHECK(lines.size() == 1);
}

TEST_CASE("lock check: a lock that is given back before, and one within no_preempt, are nobody's business") {
  CHECK(log_of([] {
          std::mutex m;
          for (int i = 0; i < 100; ++i) {
            {
              const std::scoped_lock lock{m};
              joist::send(joist::self(), pong{});
            }
            joist::receive<pong>();
            joist::yield();
          }
          const joist::no_preempt here;
          const std::scoped_lock lock{m};
          for (int i = 0; i < 10'000; ++i) joist::checkpoint();
        }).empty());
}

#endif
