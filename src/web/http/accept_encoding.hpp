// web/http/accept_encoding.hpp: which codings of a body a client takes. RFC 9110, 12.5.3. Pure.
#pragma once

#include <string_view>

namespace joist::inline v0::web::http {

/// How much it wants that coding, in thousandths; 0: not at all. `value` is that of all Accept-Encodings together.
[[nodiscard]] int coding_quality(std::string_view value, std::string_view coding) noexcept;
/// Whether a body that is there with that coding and without is better sent with it.     [any thread]
[[nodiscard]] bool prefers_coding(std::string_view value, std::string_view coding) noexcept;

}  // namespace joist::inline v0::web::http
