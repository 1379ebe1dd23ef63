// Compiled once: each of these would be some seconds of each test's compilation.
#include "support/world.hpp"

namespace support {

void expectation_failed(const char* condition, const char* file, int line) {
  throw failed_expectation{fmt::format("{}:{}: expected {}", file, line, condition)};
}

void in_simulation(const std::function<void()>& body, std::uint64_t seeds) {
  try {
    joist::for_each_schedule(seeds, body);
  } catch (const joist::schedule_failed& failure) {
    FAIL(failure.what());
  }
}

joist::runtime_options quiet(std::size_t workers) {
  joist::runtime_options options;
  options.workers = workers;
  options.log = joist::silent_sink();
  return options;
}

void on_workers(const std::function<void()>& body, int rounds) {
  joist::runtime rt{quiet()};
  for (int i = 0; i < rounds; ++i) {
    try {
      rt.ask(body, std::chrono::seconds{60});
    } catch (const joist::ask_failed& failure) {
      FAIL(failure.reason().to_string());
    }
  }
  CHECK(rt.stop(std::chrono::seconds{20}).clean());
}

void everywhere(const std::function<void()>& body) {
  in_simulation(body);
  on_workers(body);
}

bool mailbox_stays_empty(std::chrono::milliseconds moment) {
  return joist::receive([](joist::any_message) { return false; }, joist::after(moment, [] { return true; }));
}

}  // namespace support
