#include <joist/web/compress.hpp>

#include <joist/error.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <utility>

#include "web/http/accept_encoding.hpp"
#include "web/http/characters.hpp"
#include "web/http/gzip.hpp"

namespace joist::inline v0::web {
namespace {

bool is_of_type(std::string_view type, std::string_view pattern) {
  if (pattern.ends_with('*')) {
    pattern.remove_suffix(1);
    return type.size() >= pattern.size() && http::same_word(type.substr(0, pattern.size()), pattern);
  }
  if (pattern.starts_with('*')) {
    pattern.remove_prefix(1);
    return type.size() >= pattern.size() && http::same_word(type.substr(type.size() - pattern.size()), pattern);
  }
  return http::same_word(type, pattern);
}

/// Whether some clients get it packed: then caches have to ask which.
bool may_be_packed(const response& out, const compress_options& o) {
  if (out.status == 304) return true;  // what it stands for may have been
  if (out.status < 200 || out.status == 204 || out.status == 206) return false;
  const std::size_t bytes = out.text().size();
  if (bytes < o.least_bytes || bytes > o.most_bytes) return false;
  if (out.fields.contains("Content-Encoding") || out.fields.has_element("Cache-Control", "no-transform")) return false;
  std::string_view content_type = out.fields.get("Content-Type");
  const std::string_view type = http::take_until(';', content_type);
  return std::any_of(o.types.begin(), o.types.end(), [type](const std::string& p) { return is_of_type(type, p); });
}

void note_vary(fields& f) {
  if (!f.has_element("Vary", "Accept-Encoding") && !f.has_element("Vary", "*")) f.add("Vary", "Accept-Encoding");
}

void pack(response& out, int level) {
  auto& text = std::get<std::string>(out.body);
  std::string packed = http::gzip(text, level);
  if (packed.size() >= text.size()) return;
  text = std::move(packed);
  out.fields.remove("Content-Length");
  out.fields.set("Content-Encoding", "gzip");
  // The bytes differ from those that the tag was made for, and mean the same. RFC 9110, 8.8.1.
  if (const auto tag = out.fields.find("ETag"); tag && tag->starts_with('"'))
    out.fields.set("ETag", "W/" + std::string{*tag});
}

}  // namespace

plug compress(compress_options options) {
  if (options.level < 1 || options.level > 9)
    throw error{errc::bad_argument, fmt::format("compress: expected a level of 1 to 9, got {}", options.level)};
  return [o = std::move(options)](request& in, const next_handler& next) {
    response out = next(in);
    if (!may_be_packed(out, o)) return out;
    note_vary(out.fields);
    if (out.status != 304 && http::prefers_coding(in.fields().joined("Accept-Encoding"), "gzip")) pack(out, o.level);
    return out;
  };
}

}  // namespace joist::inline v0::web
