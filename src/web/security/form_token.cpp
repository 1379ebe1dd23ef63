#include "web/security/form_token.hpp"

#include <array>

#include "base/assert.hpp"
#include "web/security/base64url.hpp"
#include "web/security/cipher.hpp"
#include "web/security/random_bytes.hpp"

namespace joist::inline v0::web::security {
namespace {

constexpr std::size_t masked_letters = masked_token_letters - form_token_letters;
static_assert(masked_letters * 3 == form_token_letters * 4, "as many bytes as a token, in base64");

std::string different_bits(std::string_view a, std::string_view b) {
  std::string all{a};
  for (std::size_t i = 0; i < all.size(); ++i) all[i] = static_cast<char>(all[i] ^ b[i]);
  return all;
}

}  // namespace

std::string make_form_token() {
  std::array<std::byte, form_token_letters / 4 * 3> bytes{};
  fill_randomly(bytes);
  return to_base64url({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

std::string masked(std::string_view token) {
  JOIST_ASSERT(token.size() == form_token_letters, "a token of a form has 24 letters");
  const std::string mask = make_form_token();
  return to_base64url(different_bits(token, mask)) + mask;
}

bool is_masked(std::string_view text, std::string_view token) {
  if (text.size() != masked_token_letters || token.size() != form_token_letters) return false;
  const auto hidden = from_base64url(text.substr(0, masked_letters));
  return hidden && are_same(different_bits(*hidden, text.substr(masked_letters)), token);
}

}  // namespace joist::inline v0::web::security
