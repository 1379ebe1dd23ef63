// web/http/date_now.hpp: the Date of answers, made once a second.
#pragma once

#include <array>
#include <string_view>

namespace joist::inline v0::web::http {

using date_text = std::array<char, 29>;
/// As format_http_date, of now.     [any thread]
[[nodiscard]] date_text date_now();

}  // namespace joist::inline v0::web::http
