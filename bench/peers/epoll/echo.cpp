// The same work by a bare loop: an echo server of one thread on epoll, without processes, limits or errors to tell.
// usage: epoll_echo PORT
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <cstdio>
#include <cstdlib>

int main(int argc, char** argv) {
  const int port = argc > 1 ? std::atoi(argv[1]) : 7777;
  const int door = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  const int on = 1;
  ::setsockopt(door, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  ::setsockopt(door, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_port = htons(static_cast<std::uint16_t>(port));
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::bind(door, reinterpret_cast<const sockaddr*>(&at), sizeof at) != 0 || ::listen(door, 4096) != 0) {
    std::perror("epoll_echo");
    return 1;
  }
  const int epoll = ::epoll_create1(0);
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.fd = door;
  ::epoll_ctl(epoll, EPOLL_CTL_ADD, door, &event);
  std::array<epoll_event, 256> events;
  std::array<char, 4096> buffer;
  for (;;) {
    const int count = ::epoll_wait(epoll, events.data(), static_cast<int>(events.size()), -1);
    for (int i = 0; i < count; ++i) {
      const int number = events[static_cast<std::size_t>(i)].data.fd;
      if (number == door) {
        event.data.fd = ::accept4(door, nullptr, nullptr, SOCK_NONBLOCK);
        if (event.data.fd >= 0) ::epoll_ctl(epoll, EPOLL_CTL_ADD, event.data.fd, &event);
        continue;
      }
      const ssize_t got = ::recv(number, buffer.data(), buffer.size(), 0);
      if (got <= 0 || ::send(number, buffer.data(), static_cast<std::size_t>(got), MSG_NOSIGNAL) < 0) ::close(number);
    }
  }
}
