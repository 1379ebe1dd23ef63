// A service to begin a product from: copy this folder. service.hpp is the service, this is the program, service_test.cpp
// tests it in virtual time, and CMakeLists.txt builds both, here and elsewhere.
#include "service.hpp"

#include <signal.h>
#include <unistd.h>

#include <filesystem>

namespace {

using shortener::health;
using shortener::links;

// [snippet: edge]
// Where requests would come in. Here it is the first user, and then the operator, who tells the program to stop.
void serve() {
  const auto known = *joist::find_server<links>("links");
  known.call(links::add{"j", "https://example.org/joist"});
  fmt::print("j is {}\n", known.call(links::find{"j"}).value_or("unknown"));
  const auto report = joist::find_server<health>("health")->call(health::report{});
  fmt::print("ready: {}, links: {}\n", report.ready, report.links);
  std::fflush(stdout);
  ::kill(::getpid(), SIGTERM);
  joist::sleep_for(joist::infinity);  // until it is stopped, in its turn
}

joist::application edge() {
  joist::application a{"edge"};
  a.needs = {"shortener"};  // so it starts later, and stops before
  a.start = [](const joist::environment&) -> joist::supervisor_init { return {{}, {joist::child_process("edge", serve)}}; };
  a.stopped = [] { fmt::print("no more requests\n"); };
  return a;
}
// [end]

}  // namespace

// [snippet: main]
int main() {
  const auto file = std::filesystem::temp_directory_path() / fmt::format("shortener_{}", ::getpid());
  joist::application_options options;
  options.settings["shortener"]["file"] = file;  // a product leaves this to SHORTENER_FILE
  options.stop_limit = std::chrono::seconds{10};
  const int result = joist::run_applications({shortener::service(), edge()}, options);
  std::filesystem::remove(file);
  fmt::print("stopped: {}\n", result);
  return result;
}
// [end]

// Output:
// j is https://example.org/joist
// ready: true, links: 1
// no more requests
// stopped: 0
