#include "web/http/linger.hpp"

#include <array>
#include <chrono>

namespace joist::inline v0::web::http {

void linger(net::stream& peer) {
  constexpr std::size_t most_bytes = std::size_t{256} << 10;
  const auto limit = joist::detail::deadline{std::chrono::seconds{1}}.fixed();
  if (!peer.try_shutdown_write()) return;
  std::array<std::byte, 4096> nowhere;
  for (std::size_t seen = 0; seen < most_bytes;) {
    const auto got = peer.try_read_some(nowhere, limit);
    if (!got || *got == 0) return;
    seen += *got;
  }
}

}  // namespace joist::inline v0::web::http
