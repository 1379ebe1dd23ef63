// joist_attack: what hostile clients do to a server, so that joist_load can tell what the others notice of it.
//
//   slow    requests that come by the byte, one a second on each connection; who is cut connects again
//   silent  connections that say nothing; who is cut connects again
//   unread  requests whose answers nobody reads
//   flood   connects, each followed by a reset, as fast as they go
//
// With --pid, of a server on this machine: what each of the connections costs it in memory, once all of them are open.
#include <joist/joist.hpp>
#include <joist/net/stream.hpp>

#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <string>
#include <string_view>

#include "descriptors.hpp"
#include "server_side.hpp"

namespace {

using namespace std::chrono_literals;
using joist::net::endpoint;
using joist::net::stream;

constexpr const char* usage =
    "usage: joist_attack slow|silent|unread|flood ADDRESS [--connections N (2000)] [--seconds S (10)] [--path P (/)] [--pid "
    "P]\n";

struct settings {
  std::string what;
  endpoint server;
  std::string path = "/";
  std::size_t connections = 2000;
  int seconds = 10;
  int pid = 0;
};

struct counts {
  std::atomic<std::uint64_t> connected{0}, refused{0};
  std::atomic<std::size_t> open{0};
};

// Until the server closes it.
void hold(stream& s, const settings& how) {
  const std::string request = "GET " + how.path + " HTTP/1.1\r\nHost: x\r\n";
  const std::string more = "X-Padding: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n";
  std::array<std::byte, 512> nowhere;
  if (how.what == "unread") {
    for (int i = 0; i < 1000; ++i) {
      if (!s.try_write(request + "\r\n", 60s)) return;
    }
    while (s.try_write("\r\n", 60s)) joist::sleep_for(1s);  // the end of who does not read is seen by writing
    return;
  }
  for (std::size_t i = 0;; ++i) {
    if (how.what == "slow") {
      const std::string& text = i < request.size() ? request : more;
      if (!s.try_write(std::string_view{text}.substr((i < request.size() ? i : i - request.size()) % text.size(), 1)))
        return;
    }
    const auto got = s.try_read_some(nowhere, 1s);
    if (got ? *got == 0 : got.error() != std::errc::timed_out) return;
  }
}

void attack(const std::shared_ptr<const settings>& how, const std::shared_ptr<counts>& seen, std::size_t number) {
  joist::sleep_for(1ms * static_cast<int>(number % 1000));  // not all bytes in the same moment
  for (;;) {
    auto s = joist::net::try_connect(how->server, 30s);
    if (!s) {
      ++seen->refused;
      joist::sleep_for(10ms);
      continue;
    }
    ++seen->connected;
    if (how->what == "flood") {
      s->reset();
      continue;
    }
    ++seen->open;
    hold(*s, *how);
    --seen->open;
  }
}

void run(const settings& wanted) {
  const auto how = std::make_shared<const settings>(wanted);
  const auto seen = std::make_shared<counts>();
  const std::uint64_t memory_before = how->pid != 0 ? load::memory_of(how->pid) : 0;
  const std::size_t processes = how->what == "flood" ? std::min<std::size_t>(how->connections, 64) : how->connections;
  for (std::size_t i = 0; i < processes; ++i) joist::spawn_link([how, seen, i] { attack(how, seen, i); });
  const auto begun = joist::clock::now();
  std::uint64_t most_memory = memory_before;
  while (joist::clock::now() - begun < std::chrono::seconds{how->seconds}) {
    joist::sleep_for(100ms);
    if (how->pid != 0) most_memory = std::max(most_memory, load::memory_of(how->pid));
  }
  const double seconds = std::chrono::duration<double>(joist::clock::now() - begun).count();
  fmt::print("{}: {} connections, {:.0f} a second, {} failed to connect, {} are open\n", how->what, seen->connected.load(),
             static_cast<double>(seen->connected) / seconds, seen->refused.load(), seen->open.load());
  if (how->pid != 0 && how->what != "flood")
    fmt::print("  memory of the server: {:.0f} bytes more for each of {}, at most\n",
               static_cast<double>(most_memory - memory_before) / static_cast<double>(processes), processes);
}

[[noreturn]] void refuse(std::string_view why) {
  fmt::print(stderr, "joist_attack: {}\n{}", why, usage);
  std::exit(2);
}

int number(const char* text) {
  char* end = nullptr;
  const long value = text != nullptr ? std::strtol(text, &end, 10) : 0;
  if (value <= 0 || *end != '\0') refuse("expected a number of 1 or more behind an option");
  return static_cast<int>(value);
}

settings parse(int argc, char** argv) {
  settings how;
  if (argc < 3) refuse("expected what to do, and an address");
  how.what = argv[1];
  if (how.what != "slow" && how.what != "silent" && how.what != "unread" && how.what != "flood")
    refuse(fmt::format("{} is none of slow, silent, unread, flood", how.what));
  const auto at = endpoint::parse(argv[2]);
  if (!at) refuse(at.error());
  how.server = *at;
  for (int i = 3; i < argc; i += 2) {
    const std::string_view option{argv[i]};
    const char* value = i + 1 < argc ? argv[i + 1] : nullptr;
    if (option == "--connections") {
      how.connections = static_cast<std::size_t>(number(value));
    } else if (option == "--seconds") {
      how.seconds = number(value);
    } else if (option == "--pid") {
      how.pid = number(value);
    } else if (option == "--path" && value != nullptr) {
      how.path = value;
    } else {
      refuse(fmt::format("{} is no option", option));
    }
  }
  return how;
}

}  // namespace

int main(int argc, char** argv) {
  const settings how = parse(argc, argv);
  load::raise_descriptor_limit();
  joist::runtime_options options;
  options.workers = 1;
  return joist::run([how] { run(how); }, options);
}
