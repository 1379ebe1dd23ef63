#include <joist/web/csrf.hpp>

#include <joist/error.hpp>
#include <joist/web/form.hpp>
#include <joist/web/http_error.hpp>
#include <joist/web/media_type.hpp>
#include <joist/web/protected_cookie.hpp>

#include <fmt/format.h>

#include <memory>
#include <utility>

#include "web/security/form_token.hpp"

namespace joist::inline v0::web {
namespace {

// The token of a request. Handlers are given the request as const, and may be the first who need one.
struct held_token {
  std::string token;     // empty: the cookie had none, and nobody has asked yet
  bool is_new = false;   // the browser has to be told
  bool is_used = false;  // the answer has it
};
// What the plug leaves for handlers.
struct csrf_state {
  std::shared_ptr<held_token> held;
};

held_token& held_by(const request& in, const char* caller) {
  const auto* state = in.assigned<csrf_state>();
  if (state == nullptr)
    throw error{errc::bad_argument,
                fmt::format("{}: expected the plug csrf() in front of the handler of {} {}, there is none", caller,
                            in.method(), in.path())};
  return *state->held;
}

void renew(held_token& held) {
  held.token = security::make_form_token();
  held.is_new = true;
}

bool changes_something(const request& in) {
  return in.method() != "GET" && in.method() != "HEAD" && in.method() != "OPTIONS";
}

constexpr std::string_view field_name{"X-CSRF-Token"}, form_name{"_csrf_token"};

// What the page has sent along; the body is read only where the field is not there.
std::string sent_token(const request& in) {
  if (const auto field = in.fields().find(field_name)) return std::string{*field};
  if (!has_media_type(in.field("Content-Type"), "application/x-www-form-urlencoded")) return {};
  return std::string{parse_form(in.body()).get(form_name)};
}

// Empty, or why the request is refused.
std::string refusal_of(const request& in, const result<std::string, token_error>& own, const std::string& cookie) {
  if (!own) return fmt::format("csrf: expected the cookie {} of a page of ours: {}", cookie, to_string(own.error()));
  const std::string sent = sent_token(in);
  if (sent.empty())
    return fmt::format("csrf: expected a token in the field {}, or as {} in a form, got none", field_name, form_name);
  if (!security::is_masked(sent, *own))
    return fmt::format("csrf: expected the token of the cookie {}, got another one", cookie);
  return {};
}

void tell(response& out, const held_token& held, const protected_cookie& cookie) {
  if (held.is_new) out.with_cookie(cookie.make(held.token));
  if (held.is_used && !out.fields.contains("Cache-Control")) out.with_field("Cache-Control", "private, no-cache");
}

}  // namespace

plug csrf(csrf_options options) {
  std::string name = options.cookie.name;
  // The browser says when the cookie ends: a page may be open for days.
  protected_cookie cookie{
      {.secrets = std::move(options.secrets), .shape = std::move(options.cookie), .max_age = joist::infinity}};
  return [cookie = std::move(cookie), name = std::move(name)](request& in, const next_handler& next) {
    const auto own = cookie.read(in);
    if (changes_something(in)) {
      if (const std::string why = refusal_of(in, own, name); !why.empty()) return status_page(http_error{403, why});
    }
    const auto held = std::make_shared<held_token>();
    if (own && own->size() == security::form_token_letters) held->token = *own;
    in.assign(csrf_state{held});
    response out = next(in);
    tell(out, *held, cookie);
    return out;
  };
}

std::string csrf_token(const request& in) {
  held_token& held = held_by(in, "csrf_token");
  if (held.token.empty()) renew(held);
  held.is_used = true;
  return security::masked(held.token);
}

void renew_csrf_token(const request& in) { renew(held_by(in, "renew_csrf_token")); }

}  // namespace joist::inline v0::web
