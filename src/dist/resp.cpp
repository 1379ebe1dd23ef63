#include "dist/resp.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <iterator>
#include <optional>

namespace joist::inline v0::dist::detail {
namespace {

/// What is left of the bytes, and why it cannot go on.
class cursor {
 public:
  explicit cursor(std::string_view all) noexcept : all_{all} {}

  /// Without its end. Nothing: it is not whole, or broken.
  std::optional<std::string_view> line() noexcept {
    const std::string_view rest = all_.substr(at_, most_resp_line_bytes + 2);
    const auto end = rest.find("\r\n");
    if (end == rest.npos) {
      if (rest.size() > most_resp_line_bytes + 1) fail("a line is too long");
      return std::nullopt;
    }
    at_ += end + 2;
    return rest.substr(0, end);
  }
  std::optional<std::string_view> block(std::size_t bytes) noexcept {
    if (all_.size() - at_ < bytes + 2) return std::nullopt;
    const std::string_view found = all_.substr(at_, bytes);
    if (all_.substr(at_ + bytes, 2) != "\r\n") {
      fail("a string does not end where it says");
      return std::nullopt;
    }
    at_ += bytes + 2;
    return found;
  }
  void fail(std::string_view why) noexcept { why_ = why; }

  [[nodiscard]] std::size_t consumed() const noexcept { return at_; }
  /// Why nothing was read.
  [[nodiscard]] read_verdict verdict() const noexcept { return why_.empty() ? read_verdict{} : broken_because(why_); }

 private:
  std::string_view all_;
  std::size_t at_ = 0;
  std::string_view why_;
};

// -1 is the null of RESP2.
std::optional<std::int64_t> length(std::string_view text) noexcept {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || value < -1) return std::nullopt;
  return value;
}

/// Of `line`, which begins with its type. Nothing: it is not whole, or broken.
std::optional<resp_value> read_value(cursor& from, std::string_view line, std::size_t most_bytes) {
  if (line.empty()) return from.fail("a line is empty"), std::nullopt;
  const char type = line[0];
  const std::string_view text = line.substr(1);
  switch (type) {
    case '+': return resp_value{resp_type::text, text};
    case '-': return resp_value{resp_type::error, text};
    case ':':
    case ',':
    case '#':
    case '(': return resp_value{resp_type::number, text};
    case '_': return resp_value{};
    case '$':
    case '!':
    case '=':
    case '*':
    case '~':
    case '%':
    case '>':
    case '|': break;
    default: return from.fail("a value is of no known type"), std::nullopt;
  }
  const auto count = length(text);
  if (!count) return from.fail("a length is no number"), std::nullopt;
  if (*count < 0) return resp_value{};
  const auto size = static_cast<std::size_t>(*count);
  if (type == '$' || type == '!' || type == '=') {
    if (size > most_bytes) return from.fail("a string is longer than is taken"), std::nullopt;
    const auto found = from.block(size);
    if (!found) return std::nullopt;
    return resp_value{type == '!' ? resp_type::error : resp_type::text, *found};
  }
  if (size > most_resp_elements) return from.fail("a reply has too many elements"), std::nullopt;
  // Of attributes the meaning is for who knows them; what they are about follows as one more.
  const std::size_t elements = type == '%' ? 2 * size : type == '|' ? 2 * size + 1 : size;
  return resp_value{type == '>' ? resp_type::push : resp_type::aggregate, {}, elements};
}

}  // namespace

read_verdict read_resp(std::string_view bytes, std::size_t most_bytes, std::vector<resp_value>& into) {
  into.clear();
  cursor from{bytes};
  for (std::size_t missing = 1; missing > 0; --missing) {
    const auto line = from.line();
    if (!line) return from.verdict();
    const auto value = read_value(from, *line, most_bytes);
    if (!value) return from.verdict();
    missing += value->elements;
    if (into.size() + missing > most_resp_elements) return broken_because("a reply has too many elements");
    into.push_back(*value);
  }
  return read_whole(from.consumed());
}

void write_resp(std::string& out, std::initializer_list<std::string_view> words) {
  fmt::format_to(std::back_inserter(out), "*{}\r\n", words.size());
  for (const std::string_view word : words) {
    fmt::format_to(std::back_inserter(out), "${}\r\n", word.size());
    out.append(word).append("\r\n");
  }
}

}  // namespace joist::inline v0::dist::detail
