// tests/support/relay.hpp: a bad line between a client and a server: bytes come late, in pieces of any size, after stalls;
// it may break off, or go silent with both ends open.
#pragma once

#include <joist/joist.hpp>
#include <joist/net/server.hpp>
#include <joist/net/stream.hpp>

#include <array>
#include <chrono>
#include <cstdint>
#include <limits>
#include <string>

#include "base/random.hpp"

namespace support {

struct line_quality {
  std::uint32_t most_piece_bytes = 4096;  ///< 1: byte by byte
  std::chrono::milliseconds pause{1};     ///< where there is nothing to carry
  std::uint32_t stalls_one_in = 200;      ///< pieces, each for `stall`
  std::chrono::milliseconds stall{20};
  std::uint64_t breaks_after = std::numeric_limits<std::uint64_t>::max();  ///< bytes of a connection, of 0 up to this: reset
  std::uint64_t silent_after = std::numeric_limits<std::uint64_t>::max();  ///< bytes: nothing more is carried
};

namespace detail {

/// One way of a connection.
struct lane {
  joist::net::stream& from;
  joist::net::stream& to;
  std::string pending = {};
  bool ended = false;

  /// Carries a piece, if there is one: how many bytes went. Less than 0: an end is broken.
  int carry(joist::base::random& dice, std::uint32_t most) {
    using namespace std::chrono_literals;
    if (pending.empty() && !ended) {
      pending.resize(1 + dice.below(most));
      const auto got = from.try_read_some(std::as_writable_bytes(std::span{pending}), 0ms);
      if (!got && got.error() != std::errc::timed_out) return -1;
      pending.resize(got ? *got : 0);
      if (got && *got == 0) {
        ended = true;
        if (!to.try_shutdown_write()) return -1;
      }
    }
    if (pending.empty()) return 0;
    const auto sent = to.try_write_now(std::as_bytes(std::span{pending}));
    if (!sent) return -1;
    pending.erase(0, *sent);
    return static_cast<int>(*sent);
  }
};

inline void carry_both(joist::net::stream& client, joist::net::stream& server, const line_quality& how) {
  joist::base::random dice{client.id()};
  constexpr auto endless = std::numeric_limits<std::uint64_t>::max();
  const std::uint64_t breaks =
      how.breaks_after == endless ? endless : dice.below(static_cast<std::uint32_t>(how.breaks_after));
  std::uint64_t carried = 0;
  lane up{client, server}, down{server, client};
  while (!up.ended || !down.ended || !up.pending.empty() || !down.pending.empty()) {
    int went = 0;
    for (lane* each : {&up, &down}) {
      const int bytes = each->carry(dice, how.most_piece_bytes);
      if (bytes < 0) return;
      went += bytes;
    }
    carried += static_cast<std::uint64_t>(went);
    if (carried >= breaks) {
      client.reset();
      server.reset();
      return;
    }
    if (carried >= how.silent_after) joist::sleep_for(joist::infinity);
    if (went == 0) joist::sleep_for(how.pause);
    if (dice.below(how.stalls_one_in) == 0) joist::sleep_for(how.stall);
  }
}

}  // namespace detail

/// Listens, and carries what comes to `target` and back.     [process]
inline joist::net::server_ref start_relay(const joist::net::endpoint& target, line_quality how = {}) {
  joist::net::server_options options{.at = joist::net::endpoint::loopback(0)};
  options.drain = std::chrono::milliseconds{1};
  options.label = "relay";
  return joist::net::start_server(options, [target, how](joist::net::stream& client) {
    auto server = joist::net::try_connect(target, std::chrono::seconds{30});
    if (server) detail::carry_both(client, *server, how);
  });
}

}  // namespace support
