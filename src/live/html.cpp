#include <joist/live/html.hpp>

#include <joist/error.hpp>

namespace joist::inline v0::live {

void append_escaped(std::string& out, std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t next = text.find_first_of("<>&\"'", at);
    out.append(text.substr(at, next - at));
    if (next == text.npos) return;
    switch (text[next]) {
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '&': out += "&amp;"; break;
      case '"': out += "&quot;"; break;
      default: out += "&#39;"; break;
    }
    at = next + 1;
  }
}

attributes& attributes::add(std::string_view name, std::string_view value) {
  if (joist::detail::is_html_script(name))
    throw error{errc::bad_argument, fmt::format("attributes: expected no script, {} is one: its text would run", name)};
  add(name);
  text_ += "=\"";
  append_escaped(text_, value);
  text_ += '"';
  return *this;
}

attributes& attributes::add(std::string_view name) {
  bool is_name = !name.empty();
  for (const char c : name) is_name = is_name && joist::detail::is_html_name(c);
  if (!is_name) {
    throw error{errc::bad_argument,
                fmt::format("attributes: expected a name of letters, digits, -, _, :, . and @, got \"{}\"", name)};
  }
  text_.append(" ").append(name);
  return *this;
}

namespace detail {

void append_attribute(std::string& out, std::string_view name) { out.append(" ").append(name); }

void append_attribute(std::string& out, std::string_view name, std::string_view value) {
  append_attribute(out, name);
  out += "=\"";
  append_escaped(out, value);
  out += '"';
}

}  // namespace detail
}  // namespace joist::inline v0::live
