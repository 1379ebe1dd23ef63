#include <joist/web/secure_headers.hpp>

#include <joist/error.hpp>

#include <fmt/format.h>

#include <string_view>
#include <utility>

namespace joist::inline v0::web {
namespace {

constexpr std::string_view transport_security{"Strict-Transport-Security"};

std::string value_of(const hsts& h) {
  constexpr std::chrono::seconds year = std::chrono::hours{24 * 365};
  if (h.max_age.count() < 0)
    throw error{errc::bad_argument,
                fmt::format("secure_headers: expected an hsts::max_age of 0 or more, got {} s", h.max_age.count())};
  if (h.preload && (!h.include_subdomains || h.max_age < year))
    throw error{errc::bad_argument,
                "secure_headers: expected hsts::include_subdomains, and a max_age of a year or more, beside preload"};
  return fmt::format("max-age={}{}{}", h.max_age.count(), h.include_subdomains ? "; includeSubDomains" : "",
                     h.preload ? "; preload" : "");
}

// All that may be sent. Fields refuse what would break them.
fields made_of(const secure_headers_options& o) {
  fields all;
  const auto add = [&all](std::string_view name, std::string_view value) {
    if (!value.empty()) all.add(name, value);
  };
  add("Content-Security-Policy", o.content_security_policy);
  add("Referrer-Policy", o.referrer_policy);
  add("X-Content-Type-Options", o.content_type_options);
  add("X-Permitted-Cross-Domain-Policies", o.permitted_cross_domain_policies);
  if (o.strict_transport_security) add(transport_security, value_of(*o.strict_transport_security));
  return all;
}

}  // namespace

plug secure_headers(secure_headers_options options) {
  return [all = made_of(options)](request& in, const next_handler& next) {
    response out = next(in);
    for (const field f : all) {
      if (f.name == transport_security && !in.is_secure()) continue;
      if (!out.fields.contains(f.name)) out.fields.add(f.name, f.value);
    }
    return out;
  };
}

}  // namespace joist::inline v0::web
