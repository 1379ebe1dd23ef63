#include "web/http/access_line.hpp"

#include <joist/web/json_value.hpp>

#include <fmt/format.h>

#include <array>
#include <iterator>
#include <string_view>

#include "web/websocket/utf8.hpp"

namespace joist::inline v0::web::http {
namespace {

constexpr std::size_t longest_target_bytes = 2000;
constexpr std::size_t longest_text_bytes = 500;
constexpr std::string_view cut_mark{"..."};

/// What is shown of it, and whether that is all.
struct shown {
  std::string_view text;
  bool is_cut;
};
shown part_of(std::string_view text, std::size_t most) {
  if (text.size() <= most) return {text, false};
  text = text.substr(0, most);
  // No character is halved; what is no UTF-8 anyway is cut where it is.
  const std::size_t whole = ws::utf8_prefix(text);
  return {whole + 4 > most ? text.substr(0, whole) : text, true};
}

void append_escaped(std::string& out, std::string_view text, std::size_t most) {
  const shown part = part_of(text, most);
  for (const char c : part.text) {
    if (c < ' ' || c > '~' || c == '"' || c == '\\') {
      fmt::format_to(std::back_inserter(out), "\\x{:02x}", static_cast<unsigned char>(c));
    } else {
      out += c;
    }
  }
  if (part.is_cut) out += cut_mark;
}

void append_quoted_or_dash(std::string& out, std::string_view text) {
  out += " \"";
  append_escaped(out, text.empty() ? "-" : text, longest_text_bytes);
  out += '"';
}

// Without the port: `[::1]:80` is `::1`; and IPv4 as such, where a socket takes both.
std::string_view address_of(std::string_view remote) {
  constexpr std::string_view mapped{"::ffff:"};
  if (remote.starts_with('[')) {
    const std::string_view address = remote.substr(1, remote.find(']') - 1);
    const bool is_ip4 = address.starts_with(mapped) && address.find('.') != address.npos;
    return is_ip4 ? address.substr(mapped.size()) : address;
  }
  return remote.starts_with("unix:") ? remote : remote.substr(0, remote.find(':'));
}

struct calendar {
  std::chrono::year_month_day day;
  std::chrono::hh_mm_ss<std::chrono::milliseconds> time;
};
calendar calendar_of(log_time at) {
  const auto day = std::chrono::floor<std::chrono::days>(at);
  return {std::chrono::year_month_day{day}, std::chrono::hh_mm_ss{at - day}};
}

class json_members {
 public:
  explicit json_members(std::string& out) : out_{out} { out_ += '{'; }
  void text(std::string_view name, std::string_view value, std::size_t most = longest_text_bytes) {
    begin(name);
    const shown part = part_of(value, most);
    if (part.is_cut) {
      append_json_string(out_, std::string{part.text}.append(cut_mark));
    } else {
      append_json_string(out_, part.text);
    }
  }
  template <class Number>
  void number(std::string_view name, Number value) {
    begin(name);
    fmt::format_to(std::back_inserter(out_), "{}", value);
  }
  void end() { out_ += '}'; }

 private:
  void begin(std::string_view name) {
    if (out_.back() != '{') out_ += ',';
    append_json_string(out_, name);
    out_ += ':';
  }
  std::string& out_;
};

}  // namespace

std::string combined_line(const request_served& e, log_time at) {
  static constexpr std::array<std::string_view, 12> months{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                           "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const auto& m = e.metadata;
  const auto [day, time] = calendar_of(at);
  std::string line;
  append_escaped(line, m.remote.empty() ? std::string_view{"-"} : address_of(m.remote), longest_text_bytes);
  fmt::format_to(std::back_inserter(line), " - - [{:02}/{}/{:04}:{:02}:{:02}:{:02} +0000] \"",
                 static_cast<unsigned>(day.day()), months[static_cast<unsigned>(day.month()) - 1],
                 static_cast<int>(day.year()), time.hours().count(), time.minutes().count(), time.seconds().count());
  if (m.method.empty()) {
    line += '-';
  } else {
    append_escaped(line, m.method, longest_text_bytes);
    line += ' ';
    append_escaped(line, m.target, longest_target_bytes);
    line += ' ';
    append_escaped(line, m.version, longest_text_bytes);
  }
  fmt::format_to(std::back_inserter(line), "\" {} {}", e.measurements.status, e.measurements.body_bytes);
  append_quoted_or_dash(line, m.referer);
  append_quoted_or_dash(line, m.user_agent);
  return line;
}

std::string json_line(const request_served& e, log_time at) {
  const auto& m = e.metadata;
  const auto [day, time] = calendar_of(at);
  std::string line;
  json_members members{line};
  members.text("time",
               fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", static_cast<int>(day.year()),
                           static_cast<unsigned>(day.month()), static_cast<unsigned>(day.day()), time.hours().count(),
                           time.minutes().count(), time.seconds().count(), time.subseconds().count()));
  members.text("remote", address_of(m.remote));
  if (m.method.empty()) {
    members.text("refused", m.target);
    members.number("status", e.measurements.status);
  } else {
    members.text("method", m.method);
    members.text("target", m.target, longest_target_bytes);
    members.text("version", m.version);
    members.text("route", m.route);
    members.number("status", e.measurements.status);
    members.number("bytes", e.measurements.body_bytes);
    members.number("seconds", std::chrono::duration<double>{e.measurements.took}.count());
    members.text("referer", m.referer);
    members.text("user_agent", m.user_agent);
    if (!m.why.empty()) members.text("why", m.why);
  }
  members.end();
  return line;
}

}  // namespace joist::inline v0::web::http
