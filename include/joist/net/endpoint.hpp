// joist/net/endpoint.hpp: where a socket listens, or connects to: an IP address with a port, or the path of a Unix socket.
//
//   joist::net::endpoint web{"127.0.0.1:8080"}, all{"[::]:443"}, local{"unix:/run/app.sock"};
//
// Promises
//   what to_string gives, parse takes, and it is the same endpoint
//   numbers only: names are the business of resolve.hpp
//
// See also: stream.hpp, resolve.hpp.
#pragma once

#include <joist/result.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace joist::inline v0::net {

class endpoint {
 public:
  enum class family : std::uint8_t { none, ip4, ip6, unix_path };

  /// None: what an unnamed Unix socket has.     [any thread]
  endpoint() noexcept = default;
  /// As parse; throws errc::bad_argument with what was expected, and what came.     [any thread]
  explicit endpoint(std::string_view text);

  /// `127.0.0.1:80`, `[::1]:80`, `[fe80::1%eth0]:80`, `unix:/path`, `unix:@name` (Linux's abstract names: no file). The
  /// error is a sentence.     [any thread]
  [[nodiscard]] static result<endpoint, std::string> parse(std::string_view text);
  /// An IP address without a port, `127.0.0.1`, `::1`, and the port beside it.     [any thread]
  [[nodiscard]] static result<endpoint, std::string> parse(std::string_view address, std::uint16_t port);
  /// All addresses of this machine, of both IP versions; port 0: one that is free.     [any thread]
  [[nodiscard]] static endpoint any(std::uint16_t port);
  /// 127.0.0.1.     [any thread]
  [[nodiscard]] static endpoint loopback(std::uint16_t port);
  /// What the system gave: a sockaddr of so many bytes.     [any thread]
  [[nodiscard]] static endpoint from_system(std::span<const std::byte> address);

  [[nodiscard]] enum family family() const noexcept;
  /// Host byte order; 0 where there is none.     [any thread]
  [[nodiscard]] std::uint16_t port() const noexcept;
  /// The address without the port, without brackets; the path, of a Unix socket.     [any thread]
  [[nodiscard]] std::string address() const;
  [[nodiscard]] std::string to_string() const;
  [[nodiscard]] endpoint with_port(std::uint16_t port) const;
  /// A sockaddr, for bind(2) and connect(2).     [any thread]
  [[nodiscard]] std::span<const std::byte> system() const noexcept { return {bytes_.data(), size_}; }

  friend bool operator==(const endpoint& a, const endpoint& b) noexcept;

 private:
  static constexpr std::size_t most_bytes = 112;  // sockaddr_un, the largest

  alignas(8) std::array<std::byte, most_bytes> bytes_{};
  std::uint8_t size_ = 0;
};

}  // namespace joist::inline v0::net
