#include <joist/web/cookie.hpp>

#include <joist/error.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "web/http/characters.hpp"

namespace joist::inline v0::web {
namespace {

[[noreturn]] void refuse(std::string_view expected, std::string_view name) {
  throw error{errc::bad_argument, fmt::format("cookie: expected {}, of the cookie \"{}\"", expected, name)};
}

bool is_cookie_octet(char c) { return c > 0x20 && c < 0x7f && c != '"' && c != ',' && c != ';' && c != '\\'; }
// RFC 6265bis, 4.1.3: what browsers keep, and take away, over TLS only.
bool has_secure_name(std::string_view name) { return name.starts_with("__Secure-") || name.starts_with("__Host-"); }
bool is_attribute_char(char c) { return c >= 0x20 && c < 0x7f && c != ';'; }

}  // namespace

std::string cookie::to_string() const {
  if (!http::is_token(name)) refuse("a name of letters, digits and !#$%&'*+-.^_`|~", "");
  if (!std::all_of(value.begin(), value.end(), is_cookie_octet))
    refuse("a value without blanks, quotes, commas, semicolons, backslashes and control characters", name);
  if (!std::all_of(path.begin(), path.end(), is_attribute_char) || (!path.empty() && path.front() != '/'))
    refuse("a path that begins with / and has no semicolon", name);
  if (!std::all_of(domain.begin(), domain.end(), [](char c) { return http::is_unreserved(c); }))
    refuse("a domain of letters, digits, dots and hyphens", name);
  if (same_site == web::same_site::none && !secure) refuse("secure = true beside same_site::none", name);
  if (name.starts_with("__Secure-") && !secure) refuse("secure = true", name);
  if (name.starts_with("__Host-") && (!secure || !domain.empty() || path != "/"))
    refuse("secure = true, no domain and the path /", name);

  std::string text = fmt::format("{}={}", name, value);
  if (!path.empty()) text.append("; Path=").append(path);
  if (!domain.empty()) text.append("; Domain=").append(domain);
  if (max_age) text += fmt::format("; Max-Age={}", std::max<std::int64_t>(0, max_age->count()));
  if (secure) text += "; Secure";
  if (http_only) text += "; HttpOnly";
  switch (same_site) {
    case web::same_site::lax: text += "; SameSite=Lax"; break;
    case web::same_site::strict: text += "; SameSite=Strict"; break;
    case web::same_site::none: text += "; SameSite=None"; break;
  }
  return text;
}

cookie expired_cookie(std::string name, std::string path) {
  const bool is_secure = has_secure_name(name);
  return {.name = std::move(name), .path = std::move(path), .max_age = std::chrono::seconds{0}, .secure = is_secure};
}

}  // namespace joist::inline v0::web
