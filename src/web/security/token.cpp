// Tokens as Plug.Crypto 2.1 writes them. Signed: "SFMyNTY" (HS256), the term and the signature of both. Encrypted: "XCP",
// and the sealed term. Its other algorithms (SHA-384, SHA-512, the AES-GCM of 1.x) are refused: they are of no use between
// two programs that choose none.
#include <joist/web/token.hpp>

#include <joist/error.hpp>

#include <fmt/format.h>

#include <array>
#include <limits>

#include "web/security/base64url.hpp"
#include "web/security/cipher.hpp"
#include "web/security/claims.hpp"
#include "web/security/random_bytes.hpp"

namespace joist::inline v0::web {
namespace {

constexpr std::string_view signed_head{"SFMyNTY."}, sealed_head{"XCP."};
constexpr std::size_t most_data = std::size_t{8} << 20, most_token = 2 * most_data;
static_assert(most_token <= std::numeric_limits<int>::max(), "OpenSSL counts bytes by int");
static_assert(most_data / 3 * 4 + 1024 < most_token, "what is signed can be verified");

std::int64_t in_ms(std::optional<token_time> t) {
  const auto time = t ? *t : std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
  return time.time_since_epoch().count();
}

std::optional<std::int64_t> in_seconds(token_age age) {
  const auto s = age.seconds();
  return s ? std::optional<std::int64_t>{s->count()} : std::nullopt;
}

std::string term_of(std::string_view data, const sign_options& o) {
  if (data.size() > most_data)
    throw error{errc::bad_argument, fmt::format("token_key: expected data of at most 8 MiB, got {} bytes", data.size())};
  return security::to_term({std::string{data}, in_ms(o.signed_at), in_seconds(o.max_age)});
}

// What is said by bytes that are ours.
result<std::string, token_error> data_of(std::string_view term, const verify_options& o) {
  auto said = security::from_term(term);
  if (!said) return failure{token_error::invalid};
  const auto max_age = o.max_age ? in_seconds(*o.max_age) : said->max_age_s;
  if (security::is_over(said->signed_at_ms, max_age, in_ms(o.at))) return failure{token_error::expired};
  return std::move(said->data);
}

// A signed token, taken apart. The term stays as it came until the signature was found to be ours.
struct signed_parts {
  std::string_view signed_text;  // with the head
  std::string_view term;         // encoded
  std::string signature;
};
std::optional<signed_parts> apart(std::string_view token) {
  const auto dot = token.rfind('.');
  if (token.size() > most_token || !token.starts_with(signed_head) || dot < signed_head.size()) return std::nullopt;
  auto signature = security::from_base64url(token.substr(dot + 1));
  if (!signature) return std::nullopt;
  return signed_parts{token.substr(0, dot), token.substr(signed_head.size(), dot - signed_head.size()),
                      *std::move(signature)};
}

}  // namespace

std::string_view to_string(token_error e) noexcept {
  switch (e) {
    case token_error::missing: return "there is no token";
    case token_error::invalid: return "no secret of ours made the token, for this use";
    case token_error::expired: return "the time of the token is over";
  }
  return "";
}

struct token_key::derived {
  std::vector<security::cipher_key> all;  // the first signs
};

token_key::token_key(token_key_options options) {
  if (options.secrets.empty())
    throw error{errc::bad_argument, "token_key: expected a secret (random_secret() makes one), got none"};
  if (options.salt.empty())
    throw error{errc::bad_argument, "token_key: expected a salt that says what the tokens are for, got an empty one"};
  auto keys = std::make_shared<derived>();
  for (const std::string& secret : options.secrets) {
    if (secret.size() < least_secret_bytes || secret.size() > most_data)
      throw error{errc::bad_argument,
                  fmt::format("token_key: expected secrets of {} bytes and more, up to 8 MiB (random_secret() makes one), "
                              "got one of {}",
                              least_secret_bytes, secret.size())};
    keys->all.emplace_back(secret, options.salt);
  }
  keys_ = std::move(keys);
}

std::string token_key::sign(std::string_view data, const sign_options& options) const {
  std::string token{signed_head};
  token += security::to_base64url(term_of(data, options));
  const std::string signature = security::signature_of(token, keys_->all.front());
  return token.append(".").append(security::to_base64url(signature));
}

result<std::string, token_error> token_key::verify(std::optional<std::string_view> token,
                                                   const verify_options& options) const {
  if (!token || token->empty()) return failure{token_error::missing};
  const auto parts = apart(*token);
  if (!parts) return failure{token_error::invalid};
  for (const auto& key : keys_->all) {
    if (!security::are_same(security::signature_of(parts->signed_text, key), parts->signature)) continue;
    const auto term = security::from_base64url(parts->term);
    return term ? data_of(*term, options) : failure{token_error::invalid};
  }
  return failure{token_error::invalid};
}

std::string token_key::encrypt(std::string_view data, const sign_options& options) const {
  std::array<std::byte, security::nonce_bytes> nonce{};
  security::fill_randomly(nonce);
  const std::string sealed = security::seal(term_of(data, options), nonce, keys_->all.front());
  return std::string{sealed_head}.append(security::to_base64url(sealed));
}

result<std::string, token_error> token_key::decrypt(std::optional<std::string_view> token,
                                                    const verify_options& options) const {
  if (!token || token->empty()) return failure{token_error::missing};
  if (token->size() > most_token || !token->starts_with(sealed_head)) return failure{token_error::invalid};
  const auto sealed = security::from_base64url(token->substr(sealed_head.size()));
  if (!sealed) return failure{token_error::invalid};
  for (const auto& key : keys_->all) {
    if (const auto term = security::unseal(*sealed, key)) return data_of(*term, options);
  }
  return failure{token_error::invalid};
}

std::string random_secret() {
  std::array<std::byte, 48> bytes{};
  security::fill_randomly(bytes);
  return security::to_base64url({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

}  // namespace joist::inline v0::web
