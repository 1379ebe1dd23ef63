// base/text_hash.hpp: the numbers of SipHash-1-3, with a key that is drawn.
#include "base/text_hash.hpp"

#include <string>
#include <unordered_map>

#include "support/catch.hpp"
#include "support/colliding.hpp"

using namespace joist;

// hash() of CPython 3.11, with PYTHONHASHSEED=0: a key of zeros.
TEST_CASE("text_hash: is SipHash-1-3") {
  const auto hash = [](std::string_view text) { return base::siphash({}, text); };
  CHECK(hash("a") == 0x407448d2b89b1813U);
  CHECK(hash("abc") == 0xc03bc3a0042630f2U);
  CHECK(hash("1234567") == 0xa33d651594fdae81U);
  CHECK(hash("12345678") == 0x3489982430560a87U);
  CHECK(hash("a longer text of some bytes") == 0x148ca2542553154dU);
  CHECK(base::siphash({1, 0}, "abc") != hash("abc"));
  CHECK(base::siphash({0, 1}, "abc") != hash("abc"));
}

TEST_CASE("text_hash: the key is drawn, once") {
  const base::text_hash_key key = base::own_text_hash_key(), again = base::own_text_hash_key();
  CHECK((key.first != 0 && key.second != 0 && key.first != key.second));
  CHECK((key.first == again.first && key.second == again.second));
  CHECK(base::by_text{}("abc") == base::siphash(key, "abc"));
}

TEST_CASE("text_hash: texts that std::hash throws together lie apart") {
  std::unordered_map<std::string, int, base::by_text, std::equal_to<>> all;
  for (const std::string& text : support::colliding_texts(1000)) all.emplace(text, 0);
  REQUIRE(all.size() == 1000);
  std::size_t most = 0;
  for (std::size_t b = 0; b < all.bucket_count(); ++b) most = std::max(most, all.bucket_size(b));
  CHECK(most < 20);
}
