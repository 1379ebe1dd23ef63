// What a delivery costs at the least: one process writes the same bytes to each of its sockets, by bare calls of send(),
// round after round; another reads them by epoll. Without messages, limits, errors to tell, or anybody who subscribes.
// usage: epoll_fanout CONNECTIONS ROUNDS [BYTES]
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "load/descriptors.hpp"

namespace {

double cpu_seconds() {
  rusage used{};
  ::getrusage(RUSAGE_SELF, &used);
  return static_cast<double>(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
         static_cast<double>(used.ru_utime.tv_usec + used.ru_stime.tv_usec) * 1e-6;
}

void must(bool it, const char* what) {
  if (it) return;
  std::perror(what);
  std::exit(1);
}

void send_at_once(int socket) {
  const int on = 1;
  ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

// Tells `rounds_over` a byte for each round that all have had.
[[noreturn]] void listen_to_all(const sockaddr_in& at, int connections, int rounds, std::size_t bytes, int rounds_over) {
  const int epoll = ::epoll_create1(0);
  for (int i = 0; i < connections; ++i) {
    const int s = ::socket(AF_INET, SOCK_STREAM, 0);
    must(::connect(s, reinterpret_cast<const sockaddr*>(&at), sizeof at) == 0, "connect");
    epoll_event event{EPOLLIN | EPOLLET, {}};
    event.data.fd = s;
    must(::epoll_ctl(epoll, EPOLL_CTL_ADD, s, &event) == 0, "epoll_ctl");
  }
  std::array<epoll_event, 512> events;
  std::array<char, 65536> buffer;
  const double before = cpu_seconds();
  const std::size_t of_a_round = static_cast<std::size_t>(connections) * bytes;
  for (std::size_t come = 0, over = 0; over < static_cast<std::size_t>(rounds);) {
    const int n = ::epoll_wait(epoll, events.data(), static_cast<int>(events.size()), -1);
    for (int i = 0; i < n; ++i) {
      const auto got = ::recv(events[static_cast<std::size_t>(i)].data.fd, buffer.data(), buffer.size(), MSG_DONTWAIT);
      if (got > 0) come += static_cast<std::size_t>(got);
    }
    for (; come >= of_a_round; come -= of_a_round, ++over) must(::write(rounds_over, "", 1) == 1, "write");
  }
  std::printf("who reads: %.2f us of CPU each\n", (cpu_seconds() - before) * 1e6 / connections / rounds);
  std::fflush(stdout);
  ::_exit(0);
}

}  // namespace

int main(int argc, char** argv) {
  const int connections = argc > 1 ? std::atoi(argv[1]) : 5000;
  const int rounds = argc > 2 ? std::atoi(argv[2]) : 50;
  const std::size_t bytes = argc > 3 ? std::strtoul(argv[3], nullptr, 10) : 128;
  must(connections > 0 && rounds > 0 && bytes > 0, "expected numbers of connections, rounds and bytes");
  load::raise_descriptor_limit();
  const int door = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof at;
  must(::bind(door, reinterpret_cast<const sockaddr*>(&at), sizeof at) == 0 && ::listen(door, 4096) == 0, "listen");
  ::getsockname(door, reinterpret_cast<sockaddr*>(&at), &length);
  std::array<int, 2> rounds_over{};
  must(::pipe(rounds_over.data()) == 0, "pipe");
  if (::fork() == 0) listen_to_all(at, connections, rounds, bytes, rounds_over[1]);
  std::vector<int> all;
  for (int i = 0; i < connections; ++i) {
    all.push_back(::accept(door, nullptr, nullptr));
    must(all.back() >= 0, "accept");
    send_at_once(all.back());
  }
  const std::string message(bytes, 'x');
  std::vector<double> times;
  const double before = cpu_seconds();
  for (int r = 0; r < rounds; ++r) {
    const auto begin = std::chrono::steady_clock::now();
    for (const int s : all) must(::send(s, message.data(), message.size(), MSG_NOSIGNAL) > 0, "send");
    char one = 0;
    must(::read(rounds_over[0], &one, 1) == 1, "read");
    times.push_back(std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin).count());
  }
  const double each = (cpu_seconds() - before) * 1e6 / connections / rounds;
  std::sort(times.begin(), times.end());
  std::printf("who writes: %.2f us of CPU each; ms of a round: p50 %.1f, p99 %.1f\n", each, times[times.size() / 2],
              times[times.size() * 99 / 100]);
  ::wait(nullptr);
}
