// web/security/cipher.hpp: keys, signatures and sealed texts, by OpenSSL, as Plug.Crypto has them. Pure.
//
// A queue of errors that OpenSSL keeps for its thread is empty afterwards: the next TLS stream there would take it for its
// own.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace joist::inline v0::web::security {

/// Bytes that are no longer in memory when their owner is gone.
class cipher_key {
 public:
  /// PBKDF2 with HMAC-SHA256, 1000 iterations: Plug.Crypto.KeyGenerator. A fraction of a millisecond.
  cipher_key(std::string_view secret, std::string_view salt);
  cipher_key(const cipher_key&) = default;
  cipher_key& operator=(const cipher_key&) = default;
  ~cipher_key();

  static constexpr std::size_t size = 32;
  [[nodiscard]] std::span<const unsigned char, size> bytes() const noexcept { return bytes_; }

 private:
  std::array<unsigned char, size> bytes_{};
};

/// HMAC-SHA256: 32 bytes.
[[nodiscard]] std::string signature_of(std::string_view text, const cipher_key& key);
/// In a time that says nothing of where they differ.
[[nodiscard]] bool are_same(std::string_view a, std::string_view b) noexcept;

inline constexpr std::size_t nonce_bytes = 24, seal_bytes = 16;
/// XChaCha20-Poly1305: the nonce, the tag, and as many bytes as the text has. A nonce is for one text.
[[nodiscard]] std::string seal(std::string_view text, std::span<const std::byte, nonce_bytes> nonce, const cipher_key& key);
/// Nothing, for what was not sealed with that key, and where a bit has changed.
[[nodiscard]] std::optional<std::string> unseal(std::string_view sealed, const cipher_key& key);

}  // namespace joist::inline v0::web::security
