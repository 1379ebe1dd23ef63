// tests/fuzz/tokens.cpp: texts that say they are tokens, and what is in them. Whatever comes, nothing crashes, nothing that
// we have not made is taken, and what we have made is read as it was, until a bit of it changes.
//
//   cmake -B build/fuzz -DCMAKE_CXX_COMPILER=clang++ -DJOIST_BUILD_FUZZERS=ON
//   cmake --build build/fuzz --target fuzz.tokens
//   build/fuzz/tests/fuzz/fuzz.tokens -max_total_time=60 new_inputs tests/fuzz/corpus/tokens
//
// An input is a byte that chooses what is looked at, and its bytes.
#include <joist/web/token.hpp>

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/assert.hpp"
#include "web/security/base64url.hpp"
#include "web/security/claims.hpp"
#include "web/security/form_token.hpp"

namespace {

using namespace joist::web;

const token_key& key() {
  static const token_key made{
      {.secrets = {"the first secret of a fuzzer, which signs", "the second one, which only verifies"}, .salt = "fuzz"}};
  return made;
}
// Any time will do: what is over is told from what is not ours only behind the signature.
const verify_options at_any_time{.max_age = joist::infinity};

void strangers_token(std::string_view text) {
  for (const std::string_view head : {"", "SFMyNTY.", "XCP."}) {
    const std::string token = std::string{head}.append(text);
    JOIST_ASSERT(!key().verify(token, at_any_time).has_value(), "nobody else signs");
    JOIST_ASSERT(!key().decrypt(token, at_any_time).has_value(), "nobody else encrypts");
  }
}

// The bit is one that the input chooses.
std::string changed(std::string token, std::string_view by) {
  std::size_t where = 0;
  for (const char c : by) where = where * 31 + static_cast<unsigned char>(c);
  char& c = token[where / 8 % token.size()];
  c = static_cast<char>(static_cast<unsigned char>(c) ^ (1U << where % 8));
  return token;
}

void our_token(std::string_view data) {
  const std::string text = key().sign(data), sealed = key().encrypt(data);
  JOIST_ASSERT(key().verify(text).value() == data, "what is signed is verified");
  JOIST_ASSERT(key().decrypt(sealed).value() == data, "what is encrypted is decrypted");
  JOIST_ASSERT(!key().verify(changed(text, data), at_any_time).has_value(), "a changed bit is noticed");
  JOIST_ASSERT(!key().decrypt(changed(sealed, data), at_any_time).has_value(), "a changed bit is noticed, encrypted too");
}

// What a Phoenix app with our secret may have signed.
void term(std::string_view bytes) {
  const auto said = security::from_term(bytes);
  if (!said) return;
  JOIST_ASSERT(said->data.size() <= bytes.size() + 20, "what is said is not larger than what says it, but for digits");
  JOIST_ASSERT(security::from_term(security::to_term(*said)) == said, "what is written reads the same");
  static_cast<void>(security::is_over(said->signed_at_ms, said->max_age_s, 0));
}

void letters(std::string_view text) {
  JOIST_ASSERT(security::from_base64url(security::to_base64url(text)) == text, "what is encoded is decoded");
  if (const auto bytes = security::from_base64url(text))
    JOIST_ASSERT(security::to_base64url(*bytes) == text, "each value has one text");
}

void form_token(std::string_view text) {
  const std::string own = security::make_form_token();
  JOIST_ASSERT(!security::is_masked(text, own), "nobody guesses the token of a form");
  JOIST_ASSERT(security::is_masked(security::masked(own), own), "ours is known");
  if (text.size() == security::form_token_letters)
    JOIST_ASSERT(security::is_masked(security::masked(text), text), "any other, too");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  constexpr std::array looks{strangers_token, our_token, term, letters, form_token};
  looks[data[0] % looks.size()]({reinterpret_cast<const char*>(data) + 1, size - 1});
  return 0;
}
