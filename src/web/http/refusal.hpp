// web/http/refusal.hpp: why bytes are no request that is served: the status of the answer, and a sentence for the log.
#pragma once

#include <string_view>

namespace joist::inline v0::web::http {

struct refusal {
  int status = 400;
  std::string_view why;  // of static life

  friend bool operator==(const refusal& a, const refusal& b) noexcept = default;
};

}  // namespace joist::inline v0::web::http
