// web/http/gzip.hpp: a text packed as a file of gzip, by Boost.Beast's zlib. RFC 1951, RFC 1952. Pure.
#pragma once

#include <string>
#include <string_view>

namespace joist::inline v0::web::http {

/// `level`: 1 to 9. Without name and time: the same text gives the same bytes.
[[nodiscard]] std::string gzip(std::string_view text, int level);

}  // namespace joist::inline v0::web::http
