// web/http/shown.hpp: texts that came from outside, as part of an error: printable, and short. Pure.
#pragma once

#include <string>
#include <string_view>

namespace joist::inline v0::web::http {

/// [any thread]
[[nodiscard]] std::string shown(std::string_view text);

}  // namespace joist::inline v0::web::http
