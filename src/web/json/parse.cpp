// Refused: Boost.JSON. It is no header-only library: with its sources in ours, a program that has them too would have two of
// each; and in 1.81, doubles are not the nearest ones. A parser for RFC 8259 alone is this page.
#include <joist/web/json_value.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <limits>
#include <optional>
#include <vector>

#include "web/http/characters.hpp"
#include "web/json/utf8.hpp"

namespace joist::inline v0::web {
namespace {

class parser {
 public:
  parser(std::string_view text, const json_limits& limits)
      : all_{text}, rest_{text}, limits_{limits}, values_left_{limits.values} {}

  result<json_value, json_error> parse() {
    json_value value;
    skip_blanks();
    if (!read_value(value, 0)) return error_here();
    skip_blanks();
    if (!rest_.empty()) return failed("the end of the text"), error_here();
    return value;
  }

 private:
  // Each read_ function returns whether the text has that; where not, failed() has said what was expected.
  bool failed(std::string_view expected) {
    if (expected_.empty()) expected_ = expected;
    return false;
  }
  [[nodiscard]] failure<json_error> error_here() const {
    return {json_error{{}, fmt::format("at byte {}: expected {}", all_.size() - rest_.size(), expected_)}};
  }

  void skip_blanks() { rest_.remove_prefix(std::min(rest_.find_first_not_of(" \t\r\n"), rest_.size())); }
  bool take(std::string_view word) {
    if (!rest_.starts_with(word)) return false;
    rest_.remove_prefix(word.size());
    return true;
  }

  bool read_value(json_value& into, std::size_t depth) {
    if (values_left_ == 0) return failed(fmt::format("at most {} values", limits_.values));
    --values_left_;
    if (rest_.empty()) return failed("a value");
    switch (rest_.front()) {
      case '{': return read_object(into, depth);
      case '[': return read_array(into, depth);
      case '"': {
        std::string text;
        if (!read_string(text)) return false;
        into = std::move(text);
        return true;
      }
      case 't': return read_word("true", into, true);
      case 'f': return read_word("false", into, false);
      case 'n': return read_word("null", into, nullptr);
      default: return read_number(into);
    }
  }

  bool read_word(std::string_view word, json_value& into, json_value means) {
    if (!take(word)) return failed("a value");
    into = std::move(means);
    return true;
  }

  bool read_array(json_value& into, std::size_t depth) {
    if (depth == limits_.depth) return failed(fmt::format("at most {} levels", limits_.depth));
    take("[");
    json_value::array elements;
    skip_blanks();
    while (!take("]")) {
      if (!elements.empty()) {
        if (!take(",")) return failed("a comma or ]");
        skip_blanks();
      }
      if (!read_value(elements.emplace_back(), depth + 1)) return false;
      skip_blanks();
    }
    into = std::move(elements);
    return true;
  }

  bool read_object(json_value& into, std::size_t depth) {
    if (depth == limits_.depth) return failed(fmt::format("at most {} levels", limits_.depth));
    take("{");
    json_value::object members;
    skip_blanks();
    while (!take("}")) {
      if (!members.empty()) {
        if (!take(",")) return failed("a comma or }");
        skip_blanks();
      }
      if (!rest_.starts_with('"')) return failed("a name in quotes");
      auto& member = members.emplace_back();
      if (!read_string(member.name)) return false;
      skip_blanks();
      if (!take(":")) return failed("a colon");
      skip_blanks();
      if (!read_value(member.value, depth + 1)) return false;
      skip_blanks();
    }
    if (!all_differ(members)) return failed("each name once in an object");
    into = std::move(members);
    return true;
  }

  static bool all_differ(const json_value::object& members) {
    constexpr std::size_t few = 8;
    if (members.size() <= few) {
      for (auto m = members.begin(); m != members.end(); ++m) {
        if (std::any_of(members.begin(), m, [m](const auto& other) { return other.name == m->name; })) return false;
      }
      return true;
    }
    // Sorted, and not in a set by hashes: who has chosen the names may have chosen some that have the same.
    std::vector<std::string_view> names(members.size());
    std::transform(members.begin(), members.end(), names.begin(), [](const auto& m) { return std::string_view{m.name}; });
    std::sort(names.begin(), names.end());
    return std::adjacent_find(names.begin(), names.end()) == names.end();
  }

  bool read_string(std::string& into) {
    rest_.remove_prefix(1);
    for (;;) {
      std::size_t plain = 0;
      while (plain < rest_.size() && rest_[plain] != '"' && rest_[plain] != '\\') {
        if (static_cast<unsigned char>(rest_[plain]) < 0x20)
          return rest_.remove_prefix(plain), failed("no control character in a string");
        const std::size_t bytes = json::character_bytes(rest_.substr(plain));
        if (bytes == 0) return rest_.remove_prefix(plain), failed("UTF-8");
        plain += bytes;
      }
      into += rest_.substr(0, plain);
      rest_.remove_prefix(plain);
      if (rest_.empty()) return failed("the end of a string");
      if (take("\"")) return true;
      if (!read_escape(into)) return false;
    }
  }

  bool read_escape(std::string& into) {
    constexpr std::string_view letters{"\"\\/bfnrt"};
    constexpr std::string_view meanings{"\"\\/\b\f\n\r\t"};
    if (rest_.size() < 2) return failed("an escaped character");
    if (const auto at = letters.find(rest_[1]); at != letters.npos) {
      into += meanings[at];
      rest_.remove_prefix(2);
      return true;
    }
    const auto code = take_unit();
    if (!code) return failed("an escaped character");
    if (*code < 0xd800 || *code > 0xdfff) return json::append_utf8(into, *code), true;
    const auto low = *code <= 0xdbff ? take_unit() : std::nullopt;
    if (!low || *low < 0xdc00 || *low > 0xdfff) return failed("two surrogates together");
    json::append_utf8(into, 0x10000 + ((*code - 0xd800) << 10U) + (*low - 0xdc00));
    return true;
  }

  std::optional<std::uint32_t> take_unit() {
    constexpr std::size_t bytes = 6;
    if (rest_.size() < bytes || !rest_.starts_with("\\u")) return std::nullopt;
    std::uint32_t unit = 0;
    for (const char c : rest_.substr(2, 4)) {
      const int digit = http::hex_value(c);
      if (digit < 0) return std::nullopt;
      unit = unit * 16 + static_cast<std::uint32_t>(digit);
    }
    rest_.remove_prefix(bytes);
    return unit;
  }

  // RFC 8259, 6: from_chars takes more than JSON does, so the shape is looked at first.
  bool read_number(json_value& into) {
    std::size_t i = rest_.starts_with('-') ? 1 : 0;
    const auto digits = [&] {
      const std::size_t from = i;
      while (i < rest_.size() && http::is_digit(rest_[i])) ++i;
      return i > from;
    };
    const bool zero_first = rest_.substr(i, 1) == "0";
    const std::size_t integer = i;
    if (!digits() || (zero_first && i > integer + 1)) return failed("a value");
    bool exact = true;
    if (i < rest_.size() && rest_[i] == '.') {
      exact = false;
      ++i;
      if (!digits()) return failed("digits behind the point");
    }
    if (i < rest_.size() && (rest_[i] == 'e' || rest_[i] == 'E')) {
      exact = false;
      ++i;
      if (i < rest_.size() && (rest_[i] == '+' || rest_[i] == '-')) ++i;
      if (!digits()) return failed("digits of an exponent");
    }
    const char* begin = rest_.data();
    const char* end = begin + i;
    std::int64_t i64 = 0;
    std::uint64_t u64 = 0;
    double real = 0;
    if (exact && std::from_chars(begin, end, i64).ec == std::errc{}) {
      into = i64;
    } else if (exact && *begin != '-' && std::from_chars(begin, end, u64).ec == std::errc{}) {
      into = u64;
    } else if (std::from_chars(begin, end, real).ec == std::errc{}) {
      into = real;
    } else if (is_tiny(rest_.substr(0, i))) {
      into = 0.0;
    } else {
      return failed("a number that a double can hold");
    }
    rest_.remove_prefix(i);
    return true;
  }
  // Of a number that no double can hold: from_chars says the same of the too large and of the too small.
  static bool is_tiny(std::string_view number) {
    constexpr std::int64_t far = std::numeric_limits<std::int64_t>::max() / 2;
    const auto e = std::min(number.find_first_of("eE"), number.size());
    const std::string_view mantissa = number.substr(0, e);
    std::int64_t exponent = 0;
    if (e < number.size()) {
      std::string_view digits = number.substr(e + 1);
      if (digits.starts_with('+')) digits.remove_prefix(1);
      const bool fits = std::from_chars(digits.data(), digits.data() + digits.size(), exponent).ec == std::errc{};
      if (!fits) exponent = digits.starts_with('-') ? -far : far;
    }
    const auto first = static_cast<std::int64_t>(mantissa.find_first_of("123456789"));
    const auto point = static_cast<std::int64_t>(std::min(mantissa.find('.'), mantissa.size()));
    return point - first + exponent < 0;
  }

  std::string_view all_;
  std::string_view rest_;
  const json_limits& limits_;
  std::size_t values_left_;
  std::string expected_;
};

}  // namespace

result<json_value, json_error> parse_json(std::string_view text, const json_limits& limits) {
  return parser{text, limits}.parse();
}

}  // namespace joist::inline v0::web
