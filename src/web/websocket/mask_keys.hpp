// web/websocket/mask_keys.hpp: keys of masks that nobody can guess: from the system's source. RFC 6455, 10.3.
#pragma once

#include <array>
#include <cstddef>

#include "web/websocket/mask.hpp"

namespace joist::inline v0::web::ws {

/// A stock of keys: the system is asked once for many.
class mask_keys {
 public:
  [[nodiscard]] mask_key next();

 private:
  std::array<mask_key, 32> stock_{};
  std::size_t left_ = 0;
};

}  // namespace joist::inline v0::web::ws
