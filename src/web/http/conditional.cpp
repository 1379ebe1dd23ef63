#include <joist/web/conditional.hpp>

#include <joist/error.hpp>
#include <joist/web/http_date.hpp>

#include <fmt/format.h>

#include <algorithm>

#include "web/http/characters.hpp"

namespace joist::inline v0::web {
namespace {

// RFC 9110, 8.8.3.
bool is_etag_char(char c) noexcept { return c == '!' || (static_cast<unsigned char>(c) >= 0x23 && c != '\x7f'); }

// A tag off the front of a list; nothing, where there is none. Tags may hold commas: only their quotes end them.
std::optional<etag> take_tag(std::string_view& list) {
  const bool weak = list.starts_with("W/");
  std::string_view rest = list.substr(weak ? 2 : 0);
  if (!rest.starts_with('"')) return std::nullopt;
  rest.remove_prefix(1);
  const auto end = rest.find('"');
  if (end == rest.npos) return std::nullopt;
  const std::string_view opaque = rest.substr(0, end);
  if (!std::all_of(opaque.begin(), opaque.end(), is_etag_char)) return std::nullopt;
  list = rest.substr(end + 1);
  return etag{std::string{opaque}, weak};
}

// Whether one of the tags of If-Match or If-None-Match is that of the resource. A list is read until it breaks off.
template <class Same>
bool matches(const fields& f, std::string_view name, const validators& now, Same same) {
  const std::string value = f.joined(name);
  std::string_view list = http::trimmed(value);
  if (list == "*") return now.exists;
  if (!now.exists || !now.tag) return false;
  while (!list.empty()) {
    if (list.front() == ',' || list.front() == ' ' || list.front() == '\t') {
      list.remove_prefix(1);
      continue;
    }
    const auto tag = take_tag(list);
    if (!tag) return false;
    if (same(*tag, *now.tag)) return true;
  }
  return false;
}

std::optional<std::chrono::sys_seconds> date_in(const fields& f, std::string_view name) {
  if (f.count(name) != 1) return std::nullopt;
  return parse_http_date(f.get(name));
}

}  // namespace

std::optional<etag> etag::parse(std::string_view text) {
  auto tag = take_tag(text);
  if (!text.empty()) return std::nullopt;
  return tag;
}

std::string etag::to_string() const {
  if (!std::all_of(opaque.begin(), opaque.end(), is_etag_char))
    throw error{errc::bad_argument, "etag: expected no quotes, blanks and control characters"};
  return fmt::format("{}\"{}\"", weak ? "W/" : "", opaque);
}

bool same_strongly(const etag& a, const etag& b) noexcept { return !a.weak && !b.weak && a.opaque == b.opaque; }
bool same_weakly(const etag& a, const etag& b) noexcept { return a.opaque == b.opaque; }

condition check_conditions(const request& in, const validators& now) {
  const fields& f = in.fields();
  const bool reads = in.method() == "GET" || in.method() == "HEAD";
  if (f.contains("If-Match")) {
    if (!matches(f, "If-Match", now, same_strongly)) return condition::failed;
  } else if (const auto since = date_in(f, "If-Unmodified-Since"); since && now.modified && *now.modified > *since) {
    return condition::failed;
  }
  if (f.contains("If-None-Match")) {
    if (matches(f, "If-None-Match", now, same_weakly)) return reads ? condition::not_modified : condition::failed;
  } else if (const auto since = date_in(f, "If-Modified-Since"); reads && since && now.modified && *now.modified <= *since) {
    return condition::not_modified;
  }
  return condition::proceed;
}

response conditional(const request& in, const validators& now, const std::function<response()>& proceed) {
  const condition c = check_conditions(in, now);
  if (c == condition::failed) return status_page(412);
  response out = c == condition::not_modified ? response{.status = 304} : proceed();
  if (now.tag) out.fields.set("ETag", now.tag->to_string());
  if (now.modified) out.fields.set("Last-Modified", format_http_date(*now.modified));
  return out;
}

}  // namespace joist::inline v0::web
