// net/client_address.hpp: for whom a connection counts, where server_options::max_per_address limits. Pure.
//
// An IPv4 address is one client, also where it comes as IPv6 (::ffff:1.2.3.4). Of IPv6 the first 64 bits are one: whoever
// has a network has all addresses in it (RFC 6177; RFC 4291, 2.5.4). Unix sockets are all one.
#pragma once

#include <joist/net/endpoint.hpp>

#include <algorithm>
#include <array>
#include <cstddef>

namespace joist::inline v0::net::detail {

using client_address = std::array<std::byte, 16>;

[[nodiscard]] inline client_address client_address_of(const endpoint& from) {
  constexpr std::size_t v4_at = 4, v6_at = 8, network_bytes = 8;  // the first two: in a sockaddr
  constexpr std::array<std::byte, 12> v4_in_v6{{{}, {}, {}, {}, {}, {}, {}, {}, {}, {}, std::byte{0xff}, std::byte{0xff}}};
  client_address bytes{};
  const auto all = from.system();
  if (from.family() == endpoint::family::ip4) {
    std::copy(v4_in_v6.begin(), v4_in_v6.end(), bytes.begin());
    std::copy_n(all.begin() + v4_at, 4, bytes.begin() + v4_in_v6.size());
  } else if (from.family() == endpoint::family::ip6) {
    std::copy_n(all.begin() + v6_at, bytes.size(), bytes.begin());
    if (!std::equal(v4_in_v6.begin(), v4_in_v6.end(), bytes.begin()))
      std::fill(bytes.begin() + network_bytes, bytes.end(), std::byte{});
  }
  return bytes;
}

}  // namespace joist::inline v0::net::detail
