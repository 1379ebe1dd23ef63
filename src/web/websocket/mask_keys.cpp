#include "web/websocket/mask_keys.hpp"

#include <sys/random.h>

#include <cerrno>
#include <system_error>

namespace joist::inline v0::web::ws {

void fill_randomly(std::span<std::byte> bytes) {
  while (!bytes.empty()) {
    const auto got = ::getrandom(bytes.data(), bytes.size(), 0);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw std::system_error{errno, std::system_category(), "getrandom"};
    bytes = bytes.subspan(static_cast<std::size_t>(got));
  }
}

mask_key mask_keys::next() {
  if (left_ == 0) {
    fill_randomly(std::as_writable_bytes(std::span{stock_}));
    left_ = stock_.size();
  }
  return stock_[--left_];
}

}  // namespace joist::inline v0::web::ws
