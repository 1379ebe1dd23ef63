// tests/support/middle.hpp: somebody between two ends of a connection, who passes on what comes, or not.
#pragma once

#include <joist/joist.hpp>

#include <array>
#include <functional>
#include <string_view>
#include <utility>

#include "support/sockets.hpp"

namespace support {

/// What has come, whom it is for, and whether the client said it. False: both are cut off.
using relay_policy = std::function<bool(std::string_view come, joist::net::stream& to, bool from_client)>;

/// Until one end closes.     [process]
inline void relay(joist::net::stream& client, joist::net::stream& server, const relay_policy& pass) {
  std::array<char, 4096> some{};
  for (;;) {
    client.announce_readable();
    server.announce_readable();
    const bool from_client = joist::receive<joist::net::readable>().stream == client.id();
    joist::net::stream& from = from_client ? client : server;
    const auto got = from.try_read_some(std::as_writable_bytes(std::span{some}), std::chrono::milliseconds{0});
    if (!got && got.error() == std::errc::timed_out) continue;
    if (!got || *got == 0 || !pass({some.data(), *got}, from_client ? server : client, from_client)) return;
  }
}

/// Two ends that are not connected but through a relay, which is a process of its own.
inline two_ends relayed(const relay_policy& pass) {
  auto [client, left] = connected();
  auto [right, server] = connected();
  joist::spawn([l = std::move(left), r = std::move(right), pass]() mutable { relay(l, r, pass); });
  return {std::move(client), std::move(server)};
}

}  // namespace support
