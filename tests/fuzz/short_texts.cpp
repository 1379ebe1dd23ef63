// tests/fuzz/short_texts.cpp: the texts that requests and settings are made of: targets, forms, percent, cookies, dates,
// ranges, tags and conditions, codings, media types, hosts, endpoints. Whatever text comes, their parsers do not crash and
// keep to their limits; what they have read is the same after it was written and read again.
//
//   cmake -B build/fuzz -DCMAKE_CXX_COMPILER=clang++ -DJOIST_BUILD_FUZZERS=ON
//   cmake --build build/fuzz --target fuzz.short_texts
//   build/fuzz/tests/fuzz/fuzz.short_texts -max_total_time=60 new_inputs tests/fuzz/corpus/short_texts
//
// An input is a byte that chooses the parser, and its text.
#include <joist/error.hpp>
#include <joist/net/endpoint.hpp>
#include <joist/web/conditional.hpp>
#include <joist/web/cookie.hpp>
#include <joist/web/form.hpp>
#include <joist/web/http_date.hpp>
#include <joist/web/media_type.hpp>
#include <joist/web/percent.hpp>
#include <joist/web/request.hpp>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "base/assert.hpp"
#include "web/http/accept_encoding.hpp"
#include "web/http/range.hpp"
#include "web/http/target.hpp"

namespace {

using namespace joist::web;
using namespace std::string_view_literals;

std::string_view at(const http::target_parts& parts, std::size_t i) {
  return std::string_view{parts.path}.substr(parts.segments[i].begin, parts.segments[i].bytes);
}

void target(std::string_view text) {
  const auto parts = http::parse_target("GET", text);
  if (!parts) return;
  JOIST_ASSERT(parts->path.starts_with('/'), "a path begins with a slash");
  JOIST_ASSERT(parts->path.find('\0') == std::string::npos, "a path has no NUL");
  JOIST_ASSERT(text.ends_with(parts->query), "the query is the end of the target");
  JOIST_ASSERT(http::is_host(parts->authority), "an authority is a host");
  std::string again;
  for (std::size_t i = 0; i < parts->segments.size(); ++i) {
    JOIST_ASSERT(!at(*parts, i).empty() && at(*parts, i) != "." && at(*parts, i) != "..", "a segment is a name");
    again.append("/").append(percent_encode(at(*parts, i)));
  }
  if (again.empty()) again = "/";
  const auto read = http::parse_target("GET", again);
  JOIST_ASSERT(read.has_value() && read->segments.size() == parts->segments.size(), "what is encoded is a path again");
  for (std::size_t i = 0; i < parts->segments.size(); ++i)
    JOIST_ASSERT(at(*read, i) == at(*parts, i), "its segments are the same");
}

void form(std::string_view text) {
  const form_values all = parse_form(text);
  JOIST_ASSERT(parse_form(all.to_string()) == all, "a form that is written reads the same");
  const form_values few = parse_form(text, 3);
  JOIST_ASSERT(few.size() == std::min<std::size_t>(all.size(), 3), "a form keeps to its limit");
  JOIST_ASSERT(std::equal(few.begin(), few.end(), all.begin()), "the first are kept");
}

void percent(std::string_view text) {
  const std::string encoded = percent_encode(text);
  JOIST_ASSERT(percent_decode(encoded) == text, "what was encoded is decoded");
  if (const auto decoded = percent_decode(text)) {
    JOIST_ASSERT(decoded->size() <= text.size(), "decoding makes nothing longer");
    JOIST_ASSERT(percent_decode(percent_encode(*decoded)) == *decoded, "what was decoded is encoded again");
  }
}

void cookies(std::string_view text) {
  request in{{}};
  try {
    in.fields().set("Cookie", text);
    const auto found = in.cookie("a");
    JOIST_ASSERT(!found || text.find(*found) != text.npos, "a value is a part of the field");
  } catch (const joist::error&) {  // no field can have that text
  }
  const auto cut = std::min(text.find('='), text.size());
  const cookie made{.name = std::string{text.substr(0, cut)},
                    .value = std::string{text.substr(std::min(cut + 1, text.size()))}};
  try {
    const std::string sent = made.to_string();
    JOIST_ASSERT(sent.find_first_of("\r\n\0"sv) == std::string::npos, "a cookie does not end the line");
    in.fields().set("Cookie", sent.substr(0, sent.find(';')));
    JOIST_ASSERT(in.cookie(made.name) == made.value, "the browser's cookie is the one that was set");
  } catch (const joist::error& e) {
    JOIST_ASSERT(e.code() == joist::errc::bad_argument, "a cookie that cannot be kept is refused");
  }
}

void dates(std::string_view text) {
  if (const auto time = parse_http_date(text)) {
    const std::string sent = format_http_date(*time);
    JOIST_ASSERT(sent.size() == 29 && parse_http_date(sent) == time, "a date that is written reads the same");
  }
  std::int64_t seconds = 0;
  std::memcpy(&seconds, text.data(), std::min(text.size(), sizeof seconds));
  const std::string sent = format_http_date(std::chrono::sys_seconds{std::chrono::seconds{seconds}});
  JOIST_ASSERT(sent.size() == 29, "any time is written in 29 characters");
  const auto read = parse_http_date(sent);
  JOIST_ASSERT(read.has_value() && format_http_date(*read) == sent, "what is written is a date");
}

void ranges(std::string_view text) {
  for (const std::uint64_t size : {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{1000}, ~std::uint64_t{0}}) {
    const http::range_choice choice = http::parse_range(text, size);
    if (choice.verdict != http::range_verdict::part) {
      JOIST_ASSERT(choice.part == http::byte_range{}, "there is no part, or one is chosen");
      continue;
    }
    const auto [offset, bytes] = choice.part;
    JOIST_ASSERT(bytes > 0 && offset < size && bytes <= size - offset, "a part is within the whole");
    const std::string again = "bytes=" + std::to_string(offset) + "-" + std::to_string(offset + (bytes - 1));
    JOIST_ASSERT(http::parse_range(again, size) == choice, "the same part by its ends");
    JOIST_ASSERT(http::content_range(choice.part, size) == "bytes " + again.substr(6) + "/" + std::to_string(size),
                 "as it is told");
  }
}

void conditions(std::string_view text) {
  const auto tag = etag::parse(text);
  if (tag) JOIST_ASSERT(tag->to_string() == text, "a tag is written as it was read");
  request in{{}};
  const validators now{.tag = tag ? *tag : etag{"now"},
                       .modified = std::chrono::sys_seconds{std::chrono::seconds{1'000'000}}};
  for (const std::string_view name : {"If-Match", "If-None-Match", "If-Modified-Since", "If-Unmodified-Since"}) {
    try {
      in.fields().set(name, text);
    } catch (const joist::error&) {
      return;
    }
    const condition all = check_conditions(in, now);
    JOIST_ASSERT(all != condition::not_modified || name != "If-Match", "If-Match alone is never answered by 304");
    if (tag && name == "If-Match") JOIST_ASSERT((all == condition::proceed) == !tag->weak, "a strong tag matches itself");
    if (tag && name == "If-None-Match" && !tag->weak)
      JOIST_ASSERT(all == condition::not_modified, "a client that has it is told so");
  }
}

void codings(std::string_view text) {
  for (const std::string_view coding : {"gzip", "br", "identity"}) {
    const int quality = http::coding_quality(text, coding);
    JOIST_ASSERT(quality >= 0 && quality <= 1000, "a quality is from 0 to 1");
    JOIST_ASSERT(quality > 0 || !http::prefers_coding(text, coding), "what is refused is not preferred");
    const std::string refused = std::string{text} + "," + std::string{coding} + ";q=0";
    // A quote that is open takes what comes behind it.
    if (text.find_first_of("\"\\") == text.npos)
      JOIST_ASSERT(http::coding_quality(refused, coding) == 0, "what is refused in the end is refused");
  }
}

void media_types(std::string_view text) {
  JOIST_ASSERT(media_type_of(text).find('/') != std::string_view::npos, "any name has a media type");
  const bool html = has_media_type(text, "text/html");
  JOIST_ASSERT(!html || !has_media_type(text, "application/json"), "a body is of one type");
  JOIST_ASSERT(!html || has_media_type(std::string{text} + "; charset=utf-8", "text/html"), "parameters do not matter");
}

void endpoints(std::string_view text) {
  static_cast<void>(http::is_host(text));
  const auto read = joist::net::endpoint::parse(text);
  if (!read) {
    JOIST_ASSERT(!read.error().empty(), "a refusal says why");
    return;
  }
  const auto again = joist::net::endpoint::parse(read->to_string());
  JOIST_ASSERT(again.has_value() && *again == *read, "what is written is the same endpoint");
  if (read->family() == joist::net::endpoint::family::unix_path) return;
  const auto elsewhere = read->with_port(81);
  JOIST_ASSERT(elsewhere.family() == read->family() && elsewhere.port() == 81,
               "it has another port, and is of the same family");
  JOIST_ASSERT(elsewhere.with_port(read->port()) == *read, "nothing else is changed");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  constexpr std::array parsers{target, form, percent, cookies, dates, ranges, conditions, codings, media_types, endpoints};
  const std::string_view text{reinterpret_cast<const char*>(data) + 1, size - 1};
  parsers[data[0] % parsers.size()](text);
  return 0;
}
