// web/http/shown.hpp: texts that came from outside, as part of an error or a report: printable, and short. Pure.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace joist::inline v0::web::http {

/// Of a longer one the first `most` bytes.     [any thread]
[[nodiscard]] std::string shown(std::string_view text, std::size_t most = 64);

}  // namespace joist::inline v0::web::http
