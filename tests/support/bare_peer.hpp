// tests/support/bare_peer.hpp: a stream whose other end is a plain descriptor, and what net knows of it.
#pragma once

#include <joist/net/stream.hpp>

#include <sys/socket.h>

#include <array>

#include "net/descriptor.hpp"
#include "net/poller.hpp"
#include "support/world.hpp"

namespace support {

struct with_bare_peer {
  joist::net::detail::entry& known;
  joist::net::stream here;
  int peer;  // to be closed by the test
};

/// [process]
inline with_bare_peer connect_bare_peer() {
  std::array<int, 2> ends{};
  EXPECT(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends.data()) == 0);
  joist::net::detail::entry& known = joist::net::detail::poller::here("test").add(ends[0]);
  return {known, joist::net::detail::stream_of(joist::net::detail::descriptor{known}), ends[1]};
}

}  // namespace support
