#include "web/websocket/tokens.hpp"

#include <string>

#include "support/catch.hpp"

using namespace joist::web::ws;

TEST_CASE("is_token: letters, digits and a few signs") {
  CHECK(is_token("permessage-deflate"));
  CHECK(is_token("!#$%&'*+-.^_`|~09azAZ"));
  CHECK_FALSE(is_token(""));
  for (const char c : std::string{"\0 \t\"(),/:;<=>?@[\\]{}\x7f\xff", 22}) CHECK_FALSE(is_token(std::string(1, c)));
}

TEST_CASE("trimmed: without spaces and tabs at both ends") {
  CHECK(trimmed(" \ta b\t ") == "a b");
  CHECK(trimmed(" ").empty());
  CHECK(trimmed("").empty());
}

TEST_CASE("has_word: finds a word of a list in whatever case, and no part of one") {
  CHECK(has_word("Upgrade", "upgrade"));
  CHECK(has_word("keep-alive, UPGRADE ,", "upgrade"));
  CHECK(has_word(",,\tupgrade", "upgrade"));
  CHECK_FALSE(has_word("", "upgrade"));
  CHECK_FALSE(has_word("upgrades, x-upgrade", "upgrade"));
  CHECK_FALSE(has_word("up grade", "upgrade"));
}
