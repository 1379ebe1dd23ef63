#include "dist/nats_protocol.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <iterator>
#include <optional>

namespace joist::inline v0::dist::detail {
namespace {

constexpr char lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

/// The words of a line, which are parted by spaces and tabs.
class words {
 public:
  explicit words(std::string_view line) noexcept : rest_{line} {}
  std::string_view next() noexcept {
    const std::string_view word = rest();
    const auto end = std::min(word.find_first_of(" \t"), word.size());
    rest_ = word.substr(end);
    return word.substr(0, end);
  }
  [[nodiscard]] std::string_view rest() noexcept {
    rest_.remove_prefix(std::min(rest_.find_first_not_of(" \t"), rest_.size()));
    return rest_;
  }

 private:
  std::string_view rest_;
};

bool is(std::string_view word, std::string_view verb) noexcept {
  return std::equal(word.begin(), word.end(), verb.begin(), verb.end(), [](char a, char b) { return lower(a) == b; });
}

std::optional<std::size_t> number(std::string_view text) noexcept {
  std::size_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::string_view unquoted(std::string_view text) noexcept {
  if (text.size() >= 2 && text.front() == '\'' && text.back() == '\'') return text.substr(1, text.size() - 2);
  return text;
}

// MSG subject sid [reply] bytes, and the payload on the next line.
read_verdict read_message(std::string_view bytes, std::size_t after_line, words line, std::size_t most_bytes,
                          nats_operation& into) {
  const std::string_view subject = line.next(), id = line.next(), third = line.next(), fourth = line.next();
  const auto size = number(fourth.empty() ? third : fourth);
  if (id.empty() || !size || !line.rest().empty()) return broken_because("a message has a head that is none");
  if (*size > most_bytes) return broken_because("a payload is longer than is taken");
  if (bytes.size() < after_line + *size + 2) return {};
  if (bytes.substr(after_line + *size, 2) != "\r\n") return broken_because("a payload does not end where it says");
  into = {nats_verb::message, subject, bytes.substr(after_line, *size)};
  return read_whole(after_line + *size + 2);
}

}  // namespace

read_verdict read_nats(std::string_view bytes, std::size_t most_bytes, nats_operation& into) {
  const auto end = bytes.substr(0, most_nats_line_bytes + 2).find("\r\n");
  if (end == bytes.npos)
    return bytes.size() > most_nats_line_bytes + 1 ? broken_because("a line is too long") : read_verdict{};
  words line{bytes.substr(0, end)};
  const std::string_view verb = line.next();
  if (is(verb, "msg")) return read_message(bytes, end + 2, line, most_bytes, into);
  if (is(verb, "info")) {
    into = {nats_verb::info, {}, line.rest()};
  } else if (is(verb, "ping")) {
    into = {nats_verb::ping};
  } else if (is(verb, "pong")) {
    into = {nats_verb::pong};
  } else if (is(verb, "+ok")) {
    into = {nats_verb::ok};
  } else if (is(verb, "-err")) {
    into = {nats_verb::error, {}, unquoted(line.rest())};
  } else {
    return broken_because("an operation has no known name");
  }
  return read_whole(end + 2);
}

namespace {

/// The members of a JSON object, one after the other, as they are written: what is in them is passed over.
class json_members {
 public:
  explicit json_members(std::string_view text) noexcept : rest_{text} {}

  [[nodiscard]] bool begin() noexcept { return take('{'); }
  /// False: there is none any more, or this is no object: is_over() tells.
  bool next(std::string_view& name, std::string_view& value) noexcept {
    if (take('}')) return is_over_ = true, false;
    if (!is_first_ && !take(',')) return false;
    is_first_ = false;
    return string(name) && take(':') && any(value);
  }
  [[nodiscard]] bool is_over() const noexcept { return is_over_; }

 private:
  void skip_space() noexcept { rest_.remove_prefix(std::min(rest_.find_first_not_of(" \t\r\n"), rest_.size())); }
  bool take(char c) noexcept {
    skip_space();
    if (rest_.empty() || rest_.front() != c) return false;
    rest_.remove_prefix(1);
    return true;
  }
  bool string(std::string_view& into) noexcept {
    if (!take('"')) return false;
    for (std::size_t i = 0; i < rest_.size(); ++i) {
      if (rest_[i] == '\\') {
        ++i;
      } else if (rest_[i] == '"') {
        into = rest_.substr(0, i);
        rest_.remove_prefix(i + 1);
        return true;
      }
    }
    return false;
  }
  // Of what is nested only the brackets count.
  bool any(std::string_view& into) noexcept {
    skip_space();
    const std::string_view begin = rest_;
    std::size_t depth = 0;
    while (!rest_.empty()) {
      const char c = rest_.front();
      if (depth == 0 && (c == ',' || c == '}')) break;
      if (std::string_view ignored; c == '"') {
        if (!string(ignored)) return false;
        continue;
      }
      if (c == '[' || c == '{') ++depth;
      if (c == ']' || c == '}') {
        if (depth == 0) return false;
        --depth;
      }
      rest_.remove_prefix(1);
    }
    into = begin.substr(0, begin.size() - rest_.size());
    into = into.substr(0, into.find_last_not_of(" \t\r\n") + 1);
    return depth == 0 && !into.empty();
  }

  std::string_view rest_;
  bool is_first_ = true;
  bool is_over_ = false;
};

void append_json(std::string& out, std::string_view name, std::string_view text) {
  if (text.empty()) return;
  fmt::format_to(std::back_inserter(out), ",\"{}\":\"", name);
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      fmt::format_to(std::back_inserter(out), "\\u{:04x}", static_cast<unsigned char>(c));
    } else {
      out += c;
    }
  }
  out += '"';
}

}  // namespace

bool read_nats_info(std::string_view json, nats_info& into) {
  json_members members{json};
  if (!members.begin()) return false;
  for (std::string_view name, value; members.next(name, value);) {
    const bool on = value == "true";
    if (name == "max_payload") into.max_payload = number(value).value_or(into.max_payload);
    if (name == "tls_required") into.tls_required = on;
    if (name == "tls_available") into.tls_available = on;
    if (name == "ldm") into.lame_duck = on;
  }
  return members.is_over();
}

void write_nats_connect(std::string& out, const nats_greeting& from) {
  fmt::format_to(std::back_inserter(out),
                 "CONNECT {{\"verbose\":false,\"pedantic\":false,\"echo\":false,\"protocol\":1,\"lang\":\"cpp\","
                 "\"version\":\"joist\",\"tls_required\":{}",
                 from.tls);
  append_json(out, "name", from.name);
  append_json(out, "user", from.user);
  append_json(out, "pass", from.password);
  append_json(out, "auth_token", from.token);
  out += "}\r\n";
}

void write_nats_subscribe(std::string& out, std::string_view subject, int id) {
  fmt::format_to(std::back_inserter(out), "SUB {} {}\r\n", subject, id);
}

void write_nats_publish(std::string& out, std::string_view subject, std::string_view payload) {
  fmt::format_to(std::back_inserter(out), "PUB {} {}\r\n", subject, payload.size());
  out.append(payload).append("\r\n");
}

std::string nats_token(std::string_view name) {
  std::string token;
  for (const char c : name) {
    const bool stays = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
    if (stays) {
      token += c;
    } else {
      fmt::format_to(std::back_inserter(token), "={:02x}", static_cast<unsigned char>(c));
    }
  }
  return token.empty() ? "=" : token;
}

}  // namespace joist::inline v0::dist::detail
