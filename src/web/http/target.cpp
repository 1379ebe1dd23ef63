#include "web/http/target.hpp"

#include <algorithm>

#include "web/http/characters.hpp"

namespace joist::inline v0::web::http {
namespace {

failure<refusal> bad(std::string_view why) { return {refusal{400, why}}; }

// Slashes of both kinds that were encoded are no borders of segments here, and are for those who open files.
bool has_part_of_dots(std::string_view segment) {
  for (;;) {
    const auto end = std::min(segment.find_first_of("/\\"), segment.size());
    const std::string_view part = segment.substr(0, end);
    if (part == "." || part == "..") return true;
    if (end == segment.size()) return false;
    segment.remove_prefix(end + 1);
  }
}

// One segment decoded to the end of `path`. Whether it was an encoding.
bool append_decoded(std::string& path, std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      path += text[i];
      continue;
    }
    const int high = text.size() - i > 2 ? hex_value(text[i + 1]) : -1;
    const int low = text.size() - i > 2 ? hex_value(text[i + 2]) : -1;
    if (high < 0 || low < 0) return false;
    path += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return true;
}

result<target_parts, refusal> parse_path(std::string_view text, target_parts parts) {
  const auto question = text.find('?');
  if (question != text.npos) {
    parts.query = text.substr(question + 1);
    text = text.substr(0, question);
  }
  parts.path.reserve(text.size());
  parts.segments.reserve(static_cast<std::size_t>(std::count(text.begin(), text.end(), '/')));
  while (!text.empty()) {
    parts.path += '/';
    text.remove_prefix(1);
    const auto end = std::min(text.find('/'), text.size());
    const std::size_t begin = parts.path.size();
    if (!append_decoded(parts.path, text.substr(0, end))) return bad("a % in the path begins no encoding");
    text.remove_prefix(end);
    const std::string_view decoded = std::string_view{parts.path}.substr(begin);
    if (has_part_of_dots(decoded)) return bad("the path has a segment of dots");
    if (decoded.find('\0') != decoded.npos) return bad("the path has an encoded NUL");
    if (!decoded.empty())
      parts.segments.push_back({static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(decoded.size())});
  }
  return parts;
}

}  // namespace

bool is_host(std::string_view text) noexcept {
  if (text.empty()) return true;
  std::string_view port;
  if (text.front() == '[') {
    const auto end = text.find(']');
    if (end == text.npos || end < 3) return false;
    const std::string_view address = text.substr(1, end - 1);
    const auto fits = [](char c) { return hex_value(c) >= 0 || c == ':' || c == '.'; };
    if (!std::all_of(address.begin(), address.end(), fits)) return false;
    port = text.substr(end + 1);
  } else {
    const auto colon = std::min(text.find(':'), text.size());
    const std::string_view name = text.substr(0, colon);
    const auto fits = [](char c) { return is_unreserved(c) || c == '%'; };
    if (name.empty() || !std::all_of(name.begin(), name.end(), fits)) return false;
    port = text.substr(colon);
  }
  if (port.empty()) return true;
  return port.front() == ':' && port.size() <= 6 && std::all_of(port.begin() + 1, port.end(), is_digit);
}

result<target_parts, refusal> parse_target(std::string_view method, std::string_view target) {
  if (target.empty()) return bad("there is no target");
  const auto fits = [](char c) { return c > 0x20 && c < 0x7f && c != '#'; };
  if (!std::all_of(target.begin(), target.end(), fits))
    return bad("the target has a fragment, or a byte that had to be encoded");
  if (method == "CONNECT") return failure{refusal{501, "this is no proxy: CONNECT"}};
  target_parts parts;
  if (target == "*") {
    if (method != "OPTIONS") return bad("only OPTIONS asks for *");
    parts.path = "*";
    return parts;
  }
  if (target.front() == '/') return parse_path(target, std::move(parts));
  const auto scheme_end = target.find("://");
  if (scheme_end == target.npos) return bad("the target is neither a path nor a URI");
  const std::string_view scheme = target.substr(0, scheme_end);
  if (!same_word(scheme, "http") && !same_word(scheme, "https"))
    return bad("the target is a URI of another scheme than HTTP");
  std::string_view rest = target.substr(scheme_end + 3);
  const auto authority_end = std::min(rest.find_first_of("/?"), rest.size());
  parts.authority = rest.substr(0, authority_end);
  rest.remove_prefix(authority_end);
  if (parts.authority.empty() || !is_host(parts.authority)) return bad("the target names no host, or names it wrongly");
  if (rest.empty() || rest.front() == '?') {  // RFC 9110, 4.2.3: no path is the path /
    parts.path = "/";
    if (!rest.empty()) parts.query = rest.substr(1);
    return parts;
  }
  return parse_path(rest, std::move(parts));
}

}  // namespace joist::inline v0::web::http
