// joist_bench_tls: what a connection of TLS costs a server: CPU of its handshake, resident bytes while it is silent; beside
// a plain one. The clients are another process. usage: joist_bench_tls [CONNECTIONS [SLOTS]]
#include <joist/joist.hpp>
#include <joist/net/server.hpp>
#include <joist/tls/server.hpp>
#include <joist/tls/stream.hpp>

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <string>
#include <vector>

#include "../../examples/26_https/test_certificate.hpp"

namespace {

using namespace std::chrono_literals;
using joist::net::endpoint;
using joist::net::stream;
namespace tls = joist::tls;

std::uint64_t resident_bytes() {
  std::ifstream statm{"/proc/self/statm"};
  std::uint64_t size = 0, resident = 0;
  statm >> size >> resident;
  return resident * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

double cpu_us() {
  rusage used{};
  ::getrusage(RUSAGE_SELF, &used);
  const auto us = [](const timeval& t) { return 1e6 * static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec); };
  return us(used.ru_utime) + us(used.ru_stime);
}

template <class T>
void say(int pipe, T value) {
  if (::write(pipe, &value, sizeof value) != sizeof value) std::abort();
}
template <class T>
T hear(int pipe) {
  return joist::blocking([pipe] {
    T value{};
    if (::read(pipe, &value, sizeof value) != sizeof value) std::abort();
    return value;
  });
}

// Says a byte, and hears nothing until it ends: as a connection between two requests.
void serve_one(stream& peer) {
  peer.write("!");
  std::byte one{};
  (void)peer.try_read_some(std::span{&one, 1});
}

void serve(bool secure, int to_client, int from_client) {
  const tls::server_context own{{.certificates = {{tls::pem::text(test_certificate), tls::pem::text(test_key)}}}};
  joist::net::connection_body body = serve_one;
  if (secure) body = tls::secured(own, serve_one, 60s);
  const auto server = joist::net::start_server({.at = endpoint::loopback(0), .max_connections = 1'000'000}, body);
  say(to_client, server.local().port());
  for (double cpu = 0, rss = 0;;) {  // at each byte of the client: so many connections are there
    const auto connections = hear<std::size_t>(from_client);
    if (connections == 0) break;
    const double now_cpu = cpu_us(), now_rss = static_cast<double>(resident_bytes());
    if (rss > 0)
      fmt::print("{}: {:.0f} us CPU for a connection and its handshake, {:.0f} resident bytes while it is silent\n",
                 secure ? "TLS" : "plain", (now_cpu - cpu) / static_cast<double>(connections),
                 (now_rss - rss) / static_cast<double>(connections));
    std::fflush(stdout);
    cpu = now_cpu;
    rss = now_rss;
    say(to_client, std::uint16_t{0});
  }
  ::_exit(0);
}

void connect(bool secure, std::size_t count, int to_server, int from_server) {
  const tls::client_context trusted{{.authorities = tls::pem::text(test_certificate)}};
  const auto port = hear<std::uint16_t>(from_server);
  std::vector<stream> all;
  for (const std::size_t more : {std::max<std::size_t>(count / 10, 1), count}) {  // the first make the memory that all share
    for (std::size_t i = 0; i < more; ++i) {
      stream& s = all.emplace_back(joist::net::connect(endpoint::loopback(port)));
      if (secure) tls::connect(s, trusted, "localhost");
      std::byte one{};
      (void)s.read_some(std::span{&one, 1});
    }
    joist::sleep_for(200ms);
    say(to_server, more);
    (void)hear<std::uint16_t>(from_server);
  }
  say(to_server, std::size_t{0});
}

void measure(bool secure, std::size_t count, const joist::runtime_options& options) {
  int up[2], down[2];
  if (::pipe(up) != 0 || ::pipe(down) != 0) std::abort();
  const pid_t child = ::fork();
  if (child == 0) std::exit(joist::run([&] { serve(secure, down[1], up[0]); }, options));
  joist::run([&] { connect(secure, count, up[1], down[0]); });
  ::waitpid(child, nullptr, 0);
}

}  // namespace

int main(int argc, char** argv) {
  const std::size_t count = argc > 1 ? static_cast<std::size_t>(std::atoi(argv[1])) : 2000;
  joist::runtime_options options;
  options.workers = 1;
  if (argc > 2) options.slots = static_cast<std::size_t>(std::atoi(argv[2]));
  for (const bool secure : {false, true}) measure(secure, count, options);
  return 0;
}
