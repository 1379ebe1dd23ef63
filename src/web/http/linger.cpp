#include "web/http/linger.hpp"

#include <array>
#include <chrono>

namespace joist::inline v0::web::http {

void linger(net::stream& peer) {
  constexpr std::size_t most_bytes = std::size_t{16} << 20;
  constexpr std::size_t bytes_per_second = std::size_t{256} << 10;  // who is slower has the first second
  const auto begin = clock::now();
  if (!peer.try_shutdown_write()) return;
  std::array<std::byte, 4096> nowhere;
  for (std::size_t seen = 0; seen < most_bytes;) {
    const auto got = peer.try_read_some(nowhere, begin + std::chrono::seconds{1 + seen / bytes_per_second});
    if (!got || *got == 0) return;
    seen += *got;
  }
}

}  // namespace joist::inline v0::web::http
