#include <joist/web/json_value.hpp>

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cmath>
#include <type_traits>

#include "web/json/utf8.hpp"

namespace joist::inline v0::web {

const json_value* json_value::find(std::string_view name) const noexcept {
  if (const object* members = as_object()) {
    for (const member& m : *members) {
      if (m.name == name) return &m.value;
    }
  }
  return nullptr;
}

std::string_view json_value::kind() const noexcept {
  constexpr std::array<std::string_view, 8> kinds{"null",     "true or false", "an integer", "an integer",
                                                  "a number", "a string",      "an array",   "an object"};
  return kinds[value_.index()];
}

bool operator==(const json_value& a, const json_value& b) noexcept { return a.value_ == b.value_; }

std::string json_value::to_string() const {
  std::string out;
  append_to(out);
  return out;
}

void json_value::append_to(std::string& out) const {
  std::visit(
      [&out](const auto& v) {
        using kind = std::remove_cvref_t<decltype(v)>;
        const char* between = "";
        if constexpr (std::is_same_v<kind, std::monostate>) {
          out += "null";
        } else if constexpr (std::is_same_v<kind, bool>) {
          out += v ? "true" : "false";
        } else if constexpr (std::is_same_v<kind, double>) {
          append_json_number(out, v);
        } else if constexpr (std::is_integral_v<kind>) {
          fmt::format_to(std::back_inserter(out), "{}", v);
        } else if constexpr (std::is_same_v<kind, std::string>) {
          append_json_string(out, v);
        } else if constexpr (std::is_same_v<kind, array>) {
          out += '[';
          for (const json_value& element : v) {
            out += std::exchange(between, ",");
            element.append_to(out);
          }
          out += ']';
        } else {
          out += '{';
          for (const member& m : v) {
            out += std::exchange(between, ",");
            append_json_string(out, m.name);
            out += ':';
            m.value.append_to(out);
          }
          out += '}';
        }
      },
      value_);
}

void append_json_string(std::string& out, std::string_view text) {
  constexpr std::string_view replacement{"\xef\xbf\xbd"};  // U+FFFD
  out += '"';
  while (!text.empty()) {
    std::size_t plain = 0;
    std::size_t bytes = 0;
    const auto is_plain = [&](char c) { return c != '"' && c != '\\' && static_cast<unsigned char>(c) >= 0x20; };
    while (plain < text.size() && is_plain(text[plain]) && (bytes = json::character_bytes(text.substr(plain))) > 0)
      plain += bytes;
    out += text.substr(0, plain);
    text.remove_prefix(plain);
    if (text.empty()) break;
    switch (const char c = text.front()) {
      case '"': out += "\\\""; break;
      case '\\': out += "\\\\"; break;
      case '\n': out += "\\n"; break;
      case '\r': out += "\\r"; break;
      case '\t': out += "\\t"; break;
      default:
        if (static_cast<unsigned char>(c) < 0x20) {
          fmt::format_to(std::back_inserter(out), "\\u{:04x}", static_cast<unsigned char>(c));
        } else {
          out += replacement;
        }
    }
    text.remove_prefix(1);
  }
  out += '"';
}

void append_json_number(std::string& out, double number) {
  if (!std::isfinite(number)) {
    out += "null";
    return;
  }
  std::array<char, 32> chars{};
  const auto end = std::to_chars(chars.data(), chars.data() + chars.size(), number).ptr;
  const std::string_view text{chars.data(), static_cast<std::size_t>(end - chars.data())};
  out += text;
  if (text.find_first_of(".e") == text.npos) out += ".0";  // a double stays one when it is read again
}

}  // namespace joist::inline v0::web
