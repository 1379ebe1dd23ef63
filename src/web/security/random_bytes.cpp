#include "web/security/random_bytes.hpp"

#include <sys/random.h>

#include <cerrno>
#include <system_error>

namespace joist::inline v0::web::security {

void fill_randomly(std::span<std::byte> bytes) {
  while (!bytes.empty()) {
    const auto got = ::getrandom(bytes.data(), bytes.size(), 0);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw std::system_error{errno, std::system_category(), "getrandom"};
    bytes = bytes.subspan(static_cast<std::size_t>(got));
  }
}

}  // namespace joist::inline v0::web::security
