#include "web/security/cipher.hpp"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <cstdint>
#include <memory>
#include <stdexcept>

#include "base/assert.hpp"

namespace joist::inline v0::web::security {
namespace {

using bytes = unsigned char;
constexpr std::size_t tag_bytes = 16;
static_assert(seal_bytes == tag_bytes, "a seal is the tag of Poly1305");

const bytes* data(std::string_view text) { return reinterpret_cast<const bytes*>(text.data()); }
bytes* data(std::string& text) { return reinterpret_cast<bytes*>(text.data()); }
int length(std::string_view text) { return static_cast<int>(text.size()); }

// OpenSSL refuses where it is without memory, or was built or configured without the algorithm.
void must(bool done, const char* algorithm) {
  if (done) return;
  ::ERR_clear_error();
  throw std::runtime_error{std::string{"tokens: expected OpenSSL to provide "} + algorithm};
}

struct freed {
  void operator()(EVP_CIPHER_CTX* c) const noexcept { ::EVP_CIPHER_CTX_free(c); }
};
using cipher_ptr = std::unique_ptr<EVP_CIPHER_CTX, freed>;

std::uint32_t word_at(const bytes* at) {
  return std::uint32_t{at[0]} | std::uint32_t{at[1]} << 8U | std::uint32_t{at[2]} << 16U | std::uint32_t{at[3]} << 24U;
}

// XChaCha20 is ChaCha20 with a key of its own for each nonce, and the last 8 bytes of it: draft-irtf-cfrg-xchacha-03, 2.
// That key is the state of ChaCha20 after its rounds. A block of its key stream is that state plus the state before, of
// which all that is needed is known: four constant words, and four of the nonce.
class subkey {
 public:
  subkey(const cipher_key& key, std::span<const bytes, nonce_bytes> nonce) {
    constexpr std::array<bytes, 64> zeros{};
    std::array<bytes, 64> stream{};
    const cipher_ptr c{::EVP_CIPHER_CTX_new()};
    int done = 0;
    const bool ok = c != nullptr &&
                    ::EVP_EncryptInit_ex(c.get(), ::EVP_chacha20(), nullptr, key.bytes().data(), nonce.data()) == 1 &&
                    ::EVP_EncryptUpdate(c.get(), stream.data(), &done, zeros.data(), static_cast<int>(zeros.size())) == 1;
    must(ok && done == static_cast<int>(zeros.size()), "ChaCha20");
    constexpr std::string_view constant{"expand 32-byte k"};
    for (std::size_t i = 0; i < 16; i += 4) {
      put(i, word_at(&stream[i]) - word_at(data(constant) + i));
      put(16 + i, word_at(&stream[48 + i]) - word_at(&nonce[i]));
    }
    ::OPENSSL_cleanse(stream.data(), stream.size());
  }
  subkey(const subkey&) = delete;
  subkey& operator=(const subkey&) = delete;
  ~subkey() { ::OPENSSL_cleanse(key_.data(), key_.size()); }

  [[nodiscard]] const bytes* get() const noexcept { return key_.data(); }

 private:
  void put(std::size_t at, std::uint32_t word) {
    for (std::size_t i = 0; i < 4; ++i) key_[at + i] = static_cast<bytes>(word >> (8 * i) & 255U);
  }

  std::array<bytes, 32> key_{};
};

// What is authenticated beside the text: a constant of Plug.Crypto's, of an algorithm that it had once.
constexpr std::string_view beside{"A128GCM"};

// ChaCha20-Poly1305 for one text, up to that.
cipher_ptr begin(bool encrypt, const cipher_key& key, std::span<const bytes, nonce_bytes> nonce) {
  const subkey own{key, nonce};
  std::array<bytes, 12> rest{};
  for (std::size_t i = 0; i < 8; ++i) rest[4 + i] = nonce[16 + i];
  cipher_ptr c{::EVP_CIPHER_CTX_new()};
  int done = 0;
  const bool ok =
      c != nullptr &&
      ::EVP_CipherInit_ex(c.get(), ::EVP_chacha20_poly1305(), nullptr, own.get(), rest.data(), encrypt ? 1 : 0) == 1 &&
      ::EVP_CipherUpdate(c.get(), nullptr, &done, data(beside), length(beside)) == 1;
  must(ok, "ChaCha20-Poly1305");
  return c;
}

}  // namespace

cipher_key::cipher_key(std::string_view secret, std::string_view salt) {
  constexpr int iterations = 1000;
  must(::PKCS5_PBKDF2_HMAC(secret.data(), length(secret), data(salt), length(salt), iterations, ::EVP_sha256(),
                           static_cast<int>(bytes_.size()), bytes_.data()) == 1,
       "PBKDF2");
}

cipher_key::~cipher_key() { ::OPENSSL_cleanse(bytes_.data(), bytes_.size()); }

std::string signature_of(std::string_view text, const cipher_key& key) {
  std::string signature(32, '\0');
  unsigned int made = 0;
  must(::HMAC(::EVP_sha256(), key.bytes().data(), static_cast<int>(cipher_key::size), data(text), text.size(),
              data(signature), &made) != nullptr,
       "HMAC-SHA256");
  JOIST_ASSERT(made == signature.size(), "a hash of SHA-256 has 32 bytes");
  return signature;
}

bool are_same(std::string_view a, std::string_view b) noexcept {
  return a.size() == b.size() && ::CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

std::string seal(std::string_view text, std::span<const std::byte, nonce_bytes> nonce, const cipher_key& key) {
  std::string sealed{reinterpret_cast<const char*>(nonce.data()), nonce.size()};
  sealed.resize(nonce_bytes + tag_bytes + text.size());
  const cipher_ptr c = begin(true, key, std::span<const bytes, nonce_bytes>{data(sealed), nonce_bytes});
  int done = 0, last = 0;
  bytes* const to = data(sealed) + nonce_bytes + tag_bytes;
  must(::EVP_CipherUpdate(c.get(), to, &done, data(text), length(text)) == 1 &&
           ::EVP_CipherFinal_ex(c.get(), to + done, &last) == 1 &&
           ::EVP_CIPHER_CTX_ctrl(c.get(), EVP_CTRL_AEAD_GET_TAG, tag_bytes, data(sealed) + nonce_bytes) == 1,
       "ChaCha20-Poly1305");
  JOIST_ASSERT(done + last == length(text), "a sealed text is as long as the text");
  return sealed;
}

std::optional<std::string> unseal(std::string_view sealed, const cipher_key& key) {
  if (sealed.size() < nonce_bytes + tag_bytes) return std::nullopt;
  const cipher_ptr c = begin(false, key, std::span<const bytes, nonce_bytes>{data(sealed), nonce_bytes});
  std::string tag{sealed.substr(nonce_bytes, tag_bytes)};
  sealed.remove_prefix(nonce_bytes + tag_bytes);
  std::string text(sealed.size(), '\0');
  int done = 0, last = 0;
  must(::EVP_CIPHER_CTX_ctrl(c.get(), EVP_CTRL_AEAD_SET_TAG, tag_bytes, tag.data()) == 1 &&
           ::EVP_CipherUpdate(c.get(), data(text), &done, data(sealed), length(sealed)) == 1,
       "ChaCha20-Poly1305");
  if (::EVP_CipherFinal_ex(c.get(), data(text) + done, &last) == 1) return text;
  ::ERR_clear_error();
  return std::nullopt;
}

}  // namespace joist::inline v0::web::security
