#include "web/websocket/mask_keys.hpp"

#include <span>

#include "web/security/random_bytes.hpp"

namespace joist::inline v0::web::ws {

mask_key mask_keys::next() {
  if (left_ == 0) {
    security::fill_randomly(std::as_writable_bytes(std::span{stock_}));
    left_ = stock_.size();
  }
  return stock_[--left_];
}

}  // namespace joist::inline v0::web::ws
