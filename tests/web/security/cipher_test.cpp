#include "web/security/cipher.hpp"

#include <openssl/err.h>

#include <array>
#include <string>

#include "support/catch.hpp"

using namespace joist::web::security;

namespace {

std::string hex(std::string_view bytes) {
  std::string text;
  for (const char byte : bytes) {
    for (const int shift : {4, 0}) text += "0123456789abcdef"[static_cast<unsigned char>(byte) >> shift & 15];
  }
  return text;
}
const cipher_key key{"a-secret-of-the-tests-that-has-more-than-64-bytes-as-phoenix-asks-for-it", "user socket"};
constexpr std::array<std::byte, nonce_bytes> nonce{std::byte{1}, std::byte{2}};

}  // namespace

TEST_CASE("cipher: a key is that of Plug.Crypto.KeyGenerator") {
  const auto bytes = key.bytes();
  CHECK(hex({reinterpret_cast<const char*>(bytes.data()), bytes.size()}) ==
        "cb9c82ec03cbf91600a6edfaef7a16d0796a3a44fd8567275865e49e9a6d7d5a");
}

TEST_CASE("cipher: a sealed text is the nonce, the tag and as many bytes as the text, and another one for another nonce") {
  for (const std::string& text : {std::string{}, std::string{"x"}, std::string(1000, 'x')}) {
    const std::string sealed = seal(text, nonce, key);
    CHECK(sealed.size() == nonce_bytes + seal_bytes + text.size());
    CHECK(hex(sealed).starts_with("0102000000"));
    CHECK(unseal(sealed, key) == text);
  }
  auto other = nonce;
  other.back() = std::byte{1};
  CHECK(seal("x", nonce, key) == seal("x", nonce, key));
  CHECK(seal("x", nonce, key).substr(nonce_bytes) != seal("x", other, key).substr(nonce_bytes));
}

TEST_CASE("cipher: what cannot be unsealed leaves no error of OpenSSL's behind") {
  std::string sealed = seal("hello", nonce, key);
  CHECK_FALSE(unseal(sealed.substr(0, nonce_bytes + seal_bytes - 1), key).has_value());
  for (char& c : sealed) {
    c = static_cast<char>(c ^ 1);
    CHECK_FALSE(unseal(sealed, key).has_value());
    CHECK(::ERR_peek_error() == 0);
    c = static_cast<char>(c ^ 1);
  }
  CHECK(unseal(sealed, key) == "hello");
}

TEST_CASE("cipher: texts are the same when they are, byte by byte, and as long") {
  CHECK(are_same("", ""));
  CHECK(are_same("ab", "ab"));
  CHECK_FALSE(are_same("ab", "ac"));
  CHECK_FALSE(are_same("ab", "abc"));
}
