// tests/support/sockets.hpp: two ends of a connection, and who counts what is open.
#pragma once

#include <joist/net/stream.hpp>

#include <fcntl.h>

#include <filesystem>
#include <string>
#include <string_view>
#include <utility>

#include "net/entry.hpp"
#include "support/world.hpp"

namespace support {

struct two_ends {
  joist::net::stream here, there;
};

/// Connected over TCP.
inline two_ends connected() {
  joist::net::listener door = joist::net::listen(joist::net::endpoint::loopback(0));
  two_ends ends;
  ends.here = joist::net::connect(door.local());
  ends.there = door.accept();
  return ends;
}

inline std::string read_text(joist::net::stream& from, std::size_t bytes,
                             joist::detail::deadline limit = std::chrono::seconds{20}) {
  std::string text(bytes, '\0');
  text.resize(from.read(std::as_writable_bytes(std::span{text}), limit));
  return text;
}

/// Descriptors of this program.
inline std::size_t open_descriptors() {
  std::size_t count = 0;
  for ([[maybe_unused]] const auto& each : std::filesystem::directory_iterator{"/proc/self/fd"}) ++count;
  return count;
}

/// Waits until so many sockets are open in this program: ends of processes are announced before what they own is closed.
inline bool sockets_become(std::size_t count) {
  for (int i = 0; i < 4000; ++i) {
    if (joist::net::detail::open_entries() == count) return true;
    joist::sleep_for(std::chrono::milliseconds{5});
  }
  return false;
}

}  // namespace support
