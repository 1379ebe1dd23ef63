// joist/web/http_date.hpp: times in header fields. RFC 9110, 5.6.7.
//
//   joist::web::format_http_date(now);                                    // "Sun, 06 Nov 1994 08:49:37 GMT"
//   joist::web::parse_http_date("Sunday, 06-Nov-94 08:49:37 GMT");        // an old form of the same
//
// See also: conditional.hpp.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace joist::inline v0::web {

/// The form that is sent: 29 characters. Years beyond 0 to 9999 are those.     [any thread]
[[nodiscard]] std::string format_http_date(std::chrono::sys_seconds time);
/// That form, and the two that have been sent before 1998, of RFC 850 and of asctime(). A year of two digits is one from
/// 1970 to 2069. Nothing, for any other text, or a day that there is not; which day of the week it says does not matter.
/// [any thread]
[[nodiscard]] std::optional<std::chrono::sys_seconds> parse_http_date(std::string_view text);

}  // namespace joist::inline v0::web
