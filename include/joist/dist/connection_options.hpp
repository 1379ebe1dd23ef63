// joist/dist/connection_options.hpp: how an adapter keeps its connection, and how much it keeps for it. The same for Redis
// and NATS.
#pragma once

#include <chrono>
#include <cstddef>

namespace joist::inline v0::dist {

struct connection_options {
  std::chrono::milliseconds connect_limit{5000};  ///< of an attempt: name, connection, TLS, greeting
  /// After a silence of this length the server is asked whether it is there; after another one it is not.
  std::chrono::milliseconds ping_every{10'000};
  /// The pause before the second attempt; it doubles with each that fails. Each is shortened by chance, by a half at most,
  /// so that nodes do not come back all at once.
  std::chrono::milliseconds first_pause{100};
  std::chrono::milliseconds longest_pause{10'000};
  /// What waits to be sent, at most: over it publish() is false.
  std::size_t queue_bytes = std::size_t{16} << 20;
  /// One frame, at most: larger ones are not sent, and a server that sends one has broken the protocol.
  std::size_t frame_bytes = std::size_t{8} << 20;
};

}  // namespace joist::inline v0::dist
