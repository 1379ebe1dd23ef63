// joist/web/percent.hpp: bytes that a URI cannot hold as they are, as %41. RFC 3986, 2.1.
//
//   joist::web::percent_encode("a b/c");       // "a%20b%2Fc"
//   joist::web::percent_decode("a%20b");       // "a b"
//   joist::web::percent_decode("100%");        // nothing: that is no encoding
//
// See also: form.hpp, where a blank is a plus.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace joist::inline v0::web {

/// All but letters, digits and `-._~` is encoded: what comes out is one segment of a path, one name or value of a
/// query.     [any thread]
[[nodiscard]] std::string percent_encode(std::string_view text);
/// Nothing, where a % is not followed by two hexadecimal digits.     [any thread]
[[nodiscard]] std::optional<std::string> percent_decode(std::string_view text);

}  // namespace joist::inline v0::web
