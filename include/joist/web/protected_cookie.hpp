// joist/web/protected_cookie.hpp: what a browser keeps for us and cannot make or change; encrypted, nor read.
//
//   const joist::web::protected_cookie session{
//       {.secrets = {secret}, .shape = {.name = "session", .max_age = 24h, .secure = true}, .encrypted = true}};
//   return joist::web::text("welcome").with_cookie(session.make("42"));
//   const auto user = session.read(in);                                    // "42", or why not
//
// Promises
//   the value of one cookie is none of another one: its name is in the key
//   a cookie holds no longer than its max_age, whatever the browser does
//   Plug takes it (`fetch_cookies(conn, signed: ["session"])`), and we take the texts and integers that it puts there
//
// The browser can keep an old value and send it again: what counts uses, or must end at once, is kept by the server.
// A handle, to be made once: copies are the same. See also: token.hpp, cookie.hpp.
#pragma once

#include <joist/sendable.hpp>
#include <joist/web/cookie.hpp>
#include <joist/web/token.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace joist::inline v0::web {

class request;

struct protected_cookie_options {
  std::vector<std::string> secrets;    ///< as of token_key
  cookie shape;                        ///< all but its value
  bool encrypted = false;              ///< false: signed, and who has it can read it
  std::optional<token_age> max_age{};  ///< of the value; none: that of the shape, and without it a day
};

class protected_cookie {
 public:
  /// Throws errc::bad_argument for what token_key or cookie refuse.     [any thread]
  explicit protected_cookie(protected_cookie_options options);

  /// For response::with_cookie. Throws errc::bad_argument where that is more than the 4096 bytes that browsers keep.
  /// [any thread]
  [[nodiscard]] cookie make(std::string_view value) const;
  /// What was given to make(), or why there is nothing.     [any thread]
  [[nodiscard]] result<std::string, token_error> read(const request& in) const;
  /// One that takes it from the browser.     [any thread]
  [[nodiscard]] cookie expired() const;

 private:
  cookie shape_;
  token_key key_;
  token_age max_age_;
  bool encrypted_;
};

}  // namespace joist::inline v0::web

namespace joist::inline v0 {
template <>
struct enable_sendable<web::protected_cookie> : std::true_type {};
}  // namespace joist::inline v0
