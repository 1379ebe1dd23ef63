// joist/web/token.hpp: texts that clients keep for us and cannot make, change, or use for ever.
//
//   const joist::web::token_key key{{.secrets = {secret}, .salt = "user socket"}};
//   std::string token = key.sign("42");                                    // in a page, as a query, in a field
//   const auto user = key.verify(in.query("token"), {.max_age = 1h});      // "42", or why not
//
// Promises
//   who does not know a secret makes no token, and a token that was changed by a bit is refused, in a time that does not say
//     where
//   a token for one salt is none for another
//   Phoenix.Token with the same secret_key_base and salt takes our tokens, and we take its own of binaries and integers
//
// Signed tokens can be read by whoever has them; encrypted ones cannot. Neither can be taken back before it ends: what must
// be, is a session that the server keeps. Secrets are changed by putting a new one in front: it signs, the others verify
// until their tokens have ended.
// A key is a handle: copies are the same. It derives from its secrets when it is made (PBKDF2, a fraction of a millisecond
// for each): make it once, at the start.
//
// Example: examples/32_tokens. See also: protected_cookie.hpp, csrf.hpp.
#pragma once

#include <joist/clock.hpp>
#include <joist/result.hpp>
#include <joist/sendable.hpp>

#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace joist::inline v0::web {

/// Time of the day, as tokens have it.
using token_time = std::chrono::time_point<std::chrono::system_clock, std::chrono::milliseconds>;

/// How long a token holds: whole seconds, or joist::infinity.
class token_age {
 public:
  template <std::integral Rep, class Period>
  requires std::is_convertible_v<std::chrono::duration<Rep, Period>, std::chrono::seconds>
  constexpr token_age(std::chrono::duration<Rep, Period> d) noexcept : seconds_{std::chrono::seconds{d}} {}
  constexpr token_age(infinity_t) noexcept {}

  /// None: for ever.
  [[nodiscard]] constexpr std::optional<std::chrono::seconds> seconds() const noexcept { return seconds_; }

 private:
  std::optional<std::chrono::seconds> seconds_;
};

/// Why a token is refused.
enum class token_error : std::uint8_t {
  missing,  ///< there is none: nothing, or an empty text
  invalid,  ///< no secret of ours made it, for this salt
  expired,  ///< it was ours, and its time is over
};
/// A sentence for logs.     [any thread]
[[nodiscard]] std::string_view to_string(token_error e) noexcept;

struct token_key_options {
  std::vector<std::string> secrets;  ///< of 32 bytes and more, that nobody can guess. The first signs, all verify
  std::string salt;                  ///< what the tokens are for: "user socket"
};

struct sign_options {
  token_age max_age = std::chrono::hours{24};
  std::optional<token_time> signed_at{};  ///< none: now
};

struct verify_options {
  std::optional<token_age> max_age{};  ///< none: what the token says
  std::optional<token_time> at{};      ///< whether it holds at another time than now: for tests
};

class token_key {
 public:
  /// Throws errc::bad_argument without a secret or a salt, and for a secret that is too short.     [any thread]
  explicit token_key(token_key_options options);

  /// A text of letters, digits, `-`, `_` and `.`, which anybody can read: a third longer than the data, and 80 bytes. Throws
  /// errc::bad_argument for data of more than 8 MiB.     [any thread]
  [[nodiscard]] std::string sign(std::string_view data, const sign_options& options = {}) const;
  /// The data. An integer, which Phoenix apps sign, comes as its digits.     [any thread]
  [[nodiscard]] result<std::string, token_error> verify(std::optional<std::string_view> token,
                                                        const verify_options& options = {}) const;

  /// As sign, and nobody reads it.     [any thread]
  [[nodiscard]] std::string encrypt(std::string_view data, const sign_options& options = {}) const;
  /// As verify.     [any thread]
  [[nodiscard]] result<std::string, token_error> decrypt(std::optional<std::string_view> token,
                                                         const verify_options& options = {}) const;

  static constexpr std::size_t least_secret_bytes = 32;

 private:
  struct derived;
  std::shared_ptr<const derived> keys_;
};

/// 64 letters, digits, `-` and `_` that nobody can guess. Made once, and kept where secrets are kept.     [any thread]
[[nodiscard]] std::string random_secret();

}  // namespace joist::inline v0::web

namespace joist::inline v0 {
template <>
struct enable_sendable<web::token_key> : std::true_type {};
}  // namespace joist::inline v0
