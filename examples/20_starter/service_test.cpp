// The tests of the service: each runs in a hundred interleavings, in virtual time, and once on real workers. Any test
// framework will do.
#include "service.hpp"

#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <stdexcept>

namespace {

using shortener::health;
using shortener::links;

// [snippet: expect]
#define EXPECT(...)                                               \
  if (!(__VA_ARGS__)) throw std::runtime_error {                  \
      fmt::format("line {}: expected {}", __LINE__, #__VA_ARGS__) \
    }
// [end]

const std::filesystem::path file = std::filesystem::temp_directory_path() / fmt::format("shortener_test_{}", ::getpid());

joist::applications_ref start(const char* most = "1000") {
  joist::trap_exit(true);  // a test is linked to what it starts, and is to outlive its stop
  joist::application_options o;
  o.settings["shortener"] = {{"file", file}, {"most", most}};
  auto started = joist::try_start_applications({shortener::service()}, o);
  if (!started) throw std::runtime_error{started.error().to_string()};
  return *started;
}

links::find::reply address_of(const char* name) { return joist::find_server<links>("links")->call(links::find{name}); }
bool add(const char* name, const char* address) {
  return joist::find_server<links>("links")->call(links::add{name, address});
}

// [snippet: tests]
void what_was_added_is_found_also_after_a_restart() {
  const auto running = start();
  EXPECT(add("a", "https://a.example") && address_of("a") == "https://a.example" && !address_of("b"));
  running.stop();
  start();
  EXPECT(address_of("a") == "https://a.example");
}

void a_crash_loses_nothing() {
  const auto running = start();
  EXPECT(add("a", "https://a.example"));
  const auto failed = joist::find_server<links>("links")->try_call(links::add{"b", ""});
  EXPECT(!failed && failed.error().error()->what == "an empty address");
  (void)running.which()[0].supervisor.count_children();  // answered when both are there again
  EXPECT(address_of("a") == "https://a.example");
  EXPECT(joist::find_server<health>("health")->call(health::report{}).ready);
}

void there_are_not_more_than_the_settings_say() {
  start("2");
  EXPECT(add("a", "1") && add("b", "2") && !add("c", "3"));
  EXPECT(add("a", "4") && address_of("a") == "4");
}

void a_setting_that_makes_no_sense_is_told() {
  joist::application_options o;
  o.settings["shortener"] = {{"file", file}, {"most", "many"}};
  joist::trap_exit(true);
  const auto started = joist::try_start_applications({shortener::service()}, o);
  EXPECT(!started && started.error().to_string().find("many") != std::string::npos);
}

void while_it_stops_it_is_not_ready() {
  start();
  const auto asked = *joist::find_server<health>("health");
  EXPECT(asked.call(health::report{}).ready);
  asked.call(health::stopping{});
  EXPECT(!asked.call(health::report{}).ready);
}
// [end]

// [snippet: worlds]
void in_simulation(void (*test)()) {
  joist::simulate_options strict;
  strict.fail_on_crash = true;
  joist::for_each_schedule(
      100,
      [test] {
        std::filesystem::remove(file);
        test();
      },
      strict);
}

// Real threads and real time: nothing repeats, but nothing is virtual either.
void on_workers(void (*test)()) {
  std::filesystem::remove(file);
  joist::runtime_options quiet;
  quiet.log = joist::silent_sink();
  joist::runtime rt{quiet};
  rt.ask(test, std::chrono::seconds{30});  // throws ask_failed, with the reason, when the test ends by an exception
}
// [end]

}  // namespace

int main() try {
  for (const auto test :
       {what_was_added_is_found_also_after_a_restart, a_crash_loses_nothing, there_are_not_more_than_the_settings_say,
        a_setting_that_makes_no_sense_is_told, while_it_stops_it_is_not_ready}) {
    in_simulation(test);
    on_workers(test);
  }
  std::filesystem::remove(file);
} catch (const std::exception& failure) {  // schedule_failed, ask_failed
  fmt::print(stderr, "{}\n", failure.what());
  return 1;
}
