// web/security/form_token.hpp: what a form has to send back, and how it looks in a page: that of Plug.CSRFProtection.
//
// A token is 24 letters; in a page, 32 letters of what a mask of 24 others makes of it, and the mask.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace joist::inline v0::web::security {

inline constexpr std::size_t form_token_letters = 24, masked_token_letters = 56;

/// Nobody can guess it.     [any thread]
[[nodiscard]] std::string make_form_token();
/// Another text each time. Of a token.     [any thread]
[[nodiscard]] std::string masked(std::string_view token);
/// Whether that text is one of that token's, in a time that does not say where not. Pure.     [any thread]
[[nodiscard]] bool is_masked(std::string_view text, std::string_view token);

}  // namespace joist::inline v0::web::security
