#include <joist/net/datagram.hpp>

#include <joist/error.hpp>

#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <array>

#include "net/descriptor.hpp"
#include "net/names.hpp"
#include "net/poller.hpp"

namespace joist::inline v0::net {

using detail::deadline;
using detail::entry;
using detail::last_error;

io_result<datagram_socket> try_bind_datagram(const endpoint& at) {
  detail::poller& poller = detail::poller::here("bind_datagram");
  detail::check_address(at, "bind_datagram");
  const auto* address = reinterpret_cast<const sockaddr*>(at.system().data());
  const int number = ::socket(address->sa_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (number < 0) return failure{last_error()};
  datagram_socket made{detail::descriptor{poller.add(number)}};
  if (::bind(number, address, static_cast<socklen_t>(at.system().size())) != 0) return failure{last_error()};
  return made;
}

io_result<received_datagram> datagram_socket::try_receive(std::span<std::byte> into, deadline limit) {
  entry& e = detail::use(fd_, "receive");
  alignas(sockaddr_un) std::array<std::byte, 128> from{};
  iovec buffer{into.data(), into.size()};
  msghdr message{};
  const auto got = detail::attempt_until(e.in, limit, "receive", [&] {
    message = {};
    message.msg_name = from.data();
    message.msg_namelen = static_cast<socklen_t>(from.size());
    message.msg_iov = &buffer;
    message.msg_iovlen = 1;
    return static_cast<std::int64_t>(::recvmsg(fd_.number(), &message, 0));
  });
  if (!got) return failure{got.error()};
  const std::size_t name_bytes = std::min<std::size_t>(message.msg_namelen, sizeof(sockaddr_un));
  return received_datagram{static_cast<std::size_t>(*got), endpoint::from_system(std::span{from}.first(name_bytes)),
                           (message.msg_flags & MSG_TRUNC) != 0};
}

io_result<void> datagram_socket::try_send_to(const endpoint& to, std::span<const std::byte> all, deadline limit) {
  entry& e = detail::use(fd_, "send_to");
  detail::check_address(to, "send_to");
  const auto sent = detail::attempt_until(e.out, limit, "send_to", [&] {
    return static_cast<std::int64_t>(::sendto(fd_.number(), all.data(), all.size(), MSG_NOSIGNAL,
                                              reinterpret_cast<const sockaddr*>(to.system().data()),
                                              static_cast<socklen_t>(to.system().size())));
  });
  if (!sent) return failure{sent.error()};
  return {};
}

received_datagram datagram_socket::receive(std::span<std::byte> into, deadline limit) {
  const auto got = try_receive(into, limit);
  if (!got) detail::throw_error(got.error(), "receive", local().to_string());
  return *got;
}

void datagram_socket::send_to(const endpoint& to, std::span<const std::byte> all, deadline limit) {
  if (const auto sent = try_send_to(to, all, limit); !sent) detail::throw_error(sent.error(), "send_to", to.to_string());
}

endpoint datagram_socket::local() const { return detail::local_of(fd_.number()); }

datagram_socket bind_datagram(const endpoint& at) {
  auto made = try_bind_datagram(at);
  if (!made) detail::throw_error(made.error(), "bind_datagram", at.to_string());
  return *std::move(made);
}

}  // namespace joist::inline v0::net
