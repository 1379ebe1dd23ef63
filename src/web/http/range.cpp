#include "web/http/range.hpp"

#include <joist/web/http_date.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <limits>

#include "web/http/characters.hpp"

namespace joist::inline v0::web::http {
namespace {

// More than fits is as good as the most: no file is that large.
std::optional<std::uint64_t> number(std::string_view digits) noexcept {
  if (digits.empty() || !std::all_of(digits.begin(), digits.end(), is_digit)) return std::nullopt;
  std::uint64_t value = 0;
  const auto [end, problem] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  static_cast<void>(end);
  return problem == std::errc{} ? value : std::numeric_limits<std::uint64_t>::max();
}

// RFC 9110, 13.1.5: a tag is compared strongly; a date is to be the very same.
bool still_the_same(std::string_view if_range, const validators& now) {
  if (const auto tag = etag::parse(if_range)) return now.tag && same_strongly(*tag, *now.tag);
  const auto date = parse_http_date(if_range);
  return date && now.modified && *date == *now.modified;
}

}  // namespace

range_choice parse_range(std::string_view value, std::uint64_t size) noexcept {
  constexpr std::string_view unit{"bytes="};
  constexpr range_choice none{range_verdict::unsatisfiable, {}};
  if (value.size() < unit.size() || !same_word(value.substr(0, unit.size()), unit)) return {};
  const std::string_view spec = trimmed(value.substr(unit.size()));
  const auto hyphen = spec.find('-');
  if (hyphen == spec.npos || spec.find(',') != spec.npos) return {};
  const auto first = number(spec.substr(0, hyphen));
  const auto last = number(spec.substr(hyphen + 1));
  if (hyphen == 0) {  // the last so many bytes
    if (!last) return {};
    if (*last == 0) return none;
    if (size == 0) return {};
    const std::uint64_t bytes = std::min(*last, size);
    return {range_verdict::part, {size - bytes, bytes}};
  }
  const bool open = hyphen + 1 == spec.size();
  if (!first || (!last && !open) || (last && *last < *first)) return {};
  if (*first >= size) return none;
  const std::uint64_t end = open ? size - 1 : std::min(*last, size - 1);
  return {range_verdict::part, {*first, end - *first + 1}};
}

range_choice choose_range(const request& in, const validators& now, std::uint64_t size) {
  if (in.method() != "GET" || in.fields().count("Range") != 1) return {};
  if (const auto if_range = in.fields().find("If-Range"); if_range && !still_the_same(*if_range, now)) return {};
  return parse_range(in.field("Range"), size);
}

std::string content_range(const byte_range& part, std::uint64_t size) {
  return fmt::format("bytes {}-{}/{}", part.offset, part.offset + part.size - 1, size);
}

std::string unsatisfied_range(std::uint64_t size) { return fmt::format("bytes */{}", size); }

}  // namespace joist::inline v0::web::http
