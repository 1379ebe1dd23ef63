// joist/net/datagram.hpp: UDP, and datagrams of Unix sockets.
//
//   joist::net::datagram_socket s = joist::net::bind_datagram(endpoint{"0.0.0.0:5353"});
//   auto [bytes, from] = s.receive(buffer);
//   s.send_to(from, answer);
//
// Promises: those of stream.hpp: only the caller waits, limits, one process owns it, closed when that ends.
// OTP: gen_udp.
#pragma once

#include <joist/net/stream.hpp>

#include <cstddef>
#include <span>

namespace joist::inline v0::net {

struct received_datagram {
  std::size_t bytes = 0;  ///< of the buffer
  endpoint from = {};
  bool truncated = false;  ///< it was longer than the buffer: the rest is lost
};

class datagram_socket {
 public:
  datagram_socket() noexcept = default;

  /// Waits for one; it may be empty.     [process]
  [[nodiscard]] received_datagram receive(std::span<std::byte> into, joist::detail::deadline limit = infinity);
  [[nodiscard]] io_result<received_datagram> try_receive(std::span<std::byte> into,
                                                         joist::detail::deadline limit = infinity);
  /// Whole, or not at all (std::errc::message_size). That it is sent says nothing of whether it arrives.     [process]
  void send_to(const endpoint& to, std::span<const std::byte> all, joist::detail::deadline limit = infinity);
  [[nodiscard]] io_result<void> try_send_to(const endpoint& to, std::span<const std::byte> all,
                                            joist::detail::deadline limit = infinity);

  void close() noexcept { fd_.close(); }
  [[nodiscard]] bool is_open() const noexcept { return fd_.is_open(); }
  [[nodiscard]] endpoint local() const;
  [[nodiscard]] int native_handle() const noexcept { return fd_.number(); }

 private:
  friend io_result<datagram_socket> try_bind_datagram(const endpoint&);
  explicit datagram_socket(detail::descriptor fd) noexcept : fd_{std::move(fd)} {}

  detail::descriptor fd_;
};

/// Port 0: one that is free.     [process]
[[nodiscard]] datagram_socket bind_datagram(const endpoint& at);
[[nodiscard]] io_result<datagram_socket> try_bind_datagram(const endpoint& at);

}  // namespace joist::inline v0::net

namespace joist::inline v0 {
template <>
struct enable_sendable<net::datagram_socket> : std::true_type {};
}  // namespace joist::inline v0
