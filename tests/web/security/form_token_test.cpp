#include "web/security/form_token.hpp"

#include <set>
#include <string>

#include "support/catch.hpp"

using namespace joist::web::security;

TEST_CASE("form_token: what Plug.CSRFProtection makes of a token is that token's") {
  const std::string token{"0123456789abcdefghij-_AZ"};
  CHECK(is_masked("U1tzQWB2U2ZOUCY3KzwSHDUkNj1qKCZucjArTCeQviGUHXwzRL_WGwg4", token));
  CHECK(is_masked("BH9zUV8GD2ZAZiYRGSETJwkvHFtgDwMK4NAbk39Qx_GszEvAnGu1MPBP", token));
  CHECK_FALSE(is_masked("BH9zUV8GD2ZAZiYRGSETJwkvHFtgDwMK4NAbk39Qx_GszEvAnGu1MPBP", "0123456789abcdefghij-_Az"));
}

TEST_CASE("form_token: looks different each time, and is the same") {
  const std::string token = make_form_token();
  CHECK(token.size() == form_token_letters);
  std::set<std::string> seen;
  for (int i = 0; i < 100; ++i) {
    const std::string text = masked(token);
    CHECK(text.size() == masked_token_letters);
    CHECK(is_masked(text, token));
    CHECK_FALSE(is_masked(text, make_form_token()));
    seen.insert(text);
  }
  CHECK(seen.size() == 100);
}

TEST_CASE("form_token: a text that was changed, cut or lengthened is no token's") {
  const std::string token = make_form_token(), text = masked(token);
  for (std::size_t i = 0; i < text.size(); ++i) {
    for (int c = 0; c < 256; ++c) {
      std::string changed = text;
      changed[i] = static_cast<char>(c);
      if (changed != text) REQUIRE_FALSE(is_masked(changed, token));
    }
    REQUIRE_FALSE(is_masked(text.substr(0, i), token));
  }
  CHECK_FALSE(is_masked(text + "A", token));
  CHECK_FALSE(is_masked(token, token));
  CHECK_FALSE(is_masked("", ""));
}
