// A server that has no descriptors left, in a program of its own: it accepts again when it has, and says so once.
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdint>
#include <string>
#include <vector>

#include "support/child.hpp"
#include "support/hostile.hpp"
#include "support/world.hpp"

using namespace support;
using joist::net::endpoint;
using joist::net::stream;

namespace {

constexpr std::size_t server_descriptors = 64;

struct server_program {
  ::pid_t child;
  int log;  // what it logs, to be read to its end
  endpoint at;
};

// Runs in the child: until the test ends it.
void serve(int tell_port) {
  rlimit low{};
  ::getrlimit(RLIMIT_NOFILE, &low);
  low.rlim_cur = server_descriptors;
  ::setrlimit(RLIMIT_NOFILE, &low);
  joist::runtime_options options;
  options.workers = 2;
  joist::run(
      [tell_port] {
        const auto server = joist::web::start_server({.at = endpoint::loopback(0)}, with_good());
        const std::uint16_t port = server.local().port();
        if (::write(tell_port, &port, sizeof port) != sizeof port) return;
        joist::sleep_for(joist::infinity);
      },
      options);
}

// Before this program has threads.
server_program start() {
  int port_ends[2], log_ends[2];
  REQUIRE((::pipe(port_ends) == 0 && ::pipe(log_ends) == 0));
  const ::pid_t child = ::fork();
  if (child == 0) {
    for (const int signal : {SIGSEGV, SIGABRT, SIGBUS, SIGFPE, SIGILL}) std::signal(signal, SIG_DFL);
    ::dup2(log_ends[1], STDERR_FILENO);
    for (const int end : {port_ends[0], log_ends[0], log_ends[1]}) ::close(end);
    ::alarm(120);
    leaks_are_expected = true;
    serve(port_ends[1]);
    ::_exit(0);
  }
  ::close(port_ends[1]);
  ::close(log_ends[1]);
  std::uint16_t port = 0;
  REQUIRE(::read(port_ends[0], &port, sizeof port) == sizeof port);
  ::close(port_ends[0]);
  return {child, log_ends[0], endpoint::loopback(port)};
}

std::string log_after_end(const server_program& of) {
  ::kill(of.child, SIGKILL);
  std::string all;
  char some[512];
  for (ssize_t n = 0; (n = ::read(of.log, some, sizeof some)) > 0;) all.append(some, static_cast<std::size_t>(n));
  ::close(of.log);
  ::waitpid(of.child, nullptr, 0);
  return all;
}

bool is_served(stream& s, joist::detail::deadline limit) {
  if (!s.try_write("GET /good HTTP/1.1\r\nHost: x\r\n\r\n")) return false;
  std::string answer;
  std::array<char, 512> buffer{};
  limit = limit.fixed();
  while (!answer.ends_with("good")) {
    const auto got = s.try_read_some(std::as_writable_bytes(std::span{buffer}), limit);
    if (!got || *got == 0) return false;
    answer.append(buffer.data(), *got);
  }
  return true;
}

}  // namespace

TEST_CASE("hostile: a server without descriptors serves whom it has, accepts again when others close, and logs it once") {
  const server_program server = start();
  on_workers(
      [at = server.at] {
        stream old = joist::net::connect(at, 30s);
        EXPECT(is_served(old, 30s));
        for (int round = 0; round < 3; ++round) {
          std::vector<stream> crowd_of_silent;
          for (std::size_t i = 0; i < 2 * server_descriptors; ++i) crowd_of_silent.push_back(joist::net::connect(at, 30s));
          stream late = joist::net::connect(at, 30s);  // in the system's line
          EXPECT(!is_served(late, 100ms));
          EXPECT(is_served(old, 30s));
          // At the limit: one goes, another one is accepted, and the next waits again.
          for (std::size_t i = 0; i < 20; ++i) {
            crowd_of_silent[i].reset();
            EXPECT(is_served(old, 30s));
            joist::sleep_for(5ms);
          }
          crowd_of_silent.clear();
          stream next = joist::net::connect(at, 30s);
          EXPECT(is_served(next, 30s));
        }
        EXPECT(is_served(old, 30s));
      },
      1);
  const std::string log = log_after_end(server);
  INFO(log);
  std::size_t warnings = 0;
  for (auto i = log.find("accepts again"); i != log.npos; i = log.find("accepts again", i + 1)) ++warnings;
  CHECK(warnings == 1);
  CHECK(log.size() < 2000);
}
