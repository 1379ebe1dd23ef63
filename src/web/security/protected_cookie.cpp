#include <joist/web/protected_cookie.hpp>

#include <joist/error.hpp>
#include <joist/web/request.hpp>

#include <fmt/format.h>

#include <utility>

namespace joist::inline v0::web {
namespace {

cookie checked(cookie shape) {
  shape.value.clear();
  static_cast<void>(shape.to_string());
  return shape;
}

token_age age_of(const protected_cookie_options& o) {
  if (o.max_age) return *o.max_age;
  return o.shape.max_age ? token_age{*o.shape.max_age} : token_age{std::chrono::hours{24}};
}

}  // namespace

protected_cookie::protected_cookie(protected_cookie_options options)
    : shape_{checked(options.shape)},
      key_{{.secrets = std::move(options.secrets), .salt = shape_.name + "_cookie"}},
      max_age_{age_of(options)},
      encrypted_{options.encrypted} {}

cookie protected_cookie::make(std::string_view value) const {
  cookie made = shape_;
  made.value = encrypted_ ? key_.encrypt(value, {.max_age = max_age_}) : key_.sign(value, {.max_age = max_age_});
  constexpr std::size_t most = 4096;  // RFC 6265, 6.1: what browsers keep at least, and ours no more
  if (const std::size_t bytes = made.name.size() + 1 + made.value.size(); bytes > most)
    throw error{errc::bad_argument,
                fmt::format("protected_cookie: expected a value that makes a cookie of at most {} bytes, got "
                            "one of {}, of the cookie \"{}\"",
                            most, bytes, made.name)};
  return made;
}

result<std::string, token_error> protected_cookie::read(const request& in) const {
  const auto sent = in.cookie(shape_.name);
  const verify_options as_was_made{};
  return encrypted_ ? key_.decrypt(sent, as_was_made) : key_.verify(sent, as_was_made);
}

cookie protected_cookie::expired() const {
  cookie gone = shape_;
  gone.max_age = std::chrono::seconds{0};
  return gone;
}

}  // namespace joist::inline v0::web
