// joist/detail/html_template.hpp: a template of HTML, taken apart while compiling. Included by live/html.hpp.
//
//   state       what it is in                        a {} there is
//   text        between tags                         text, or other HTML
//   tag         in a tag, between attributes         attributes
//   value       in quotes, behind a name and =       a part of the value
//               behind a name and =, no quotes       the attribute: with its value, alone, or not there
//   raw         in script and style                  two braces
//
// What comes out: the texts between the slots, as the client gets them, and what each slot is. A whole attribute, `
// name={}`, is in no text: its slot makes it, or leaves it out.
//
// WHATWG HTML, 13.1. Stricter: what is opened is closed, and values are in quotes.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <type_traits>

namespace joist::inline v0::detail {

/// A text as a template argument.
template <std::size_t N>
struct html_text {
  char characters[N]{};
  consteval html_text(const char (&text)[N]) {  // NOLINT(google-explicit-constructor)
    for (std::size_t i = 0; i < N; ++i) characters[i] = text[i];
  }
  [[nodiscard]] constexpr std::string_view view() const noexcept { return {characters, N - 1}; }
};

enum class html_error : std::uint8_t {
  none,
  lone_brace,
  slot_in_name,
  slot_in_comment,
  slot_in_script,
  comment_in_script,
  capital,
  slot_beside_text,
  bare_value,
  bad_tag,
  not_open,
  not_closed,
  not_void,
};

enum class html_slot_kind : std::uint8_t { text, value, attribute, attributes };

struct html_slot {
  html_slot_kind kind = html_slot_kind::text;
  std::string_view name = {};  // of the attribute
};

/// What is known of a template, for all that it is filled with; its address says which it is.
struct html_info {
  std::span<const std::string_view> statics;
  std::span<const html_slot> slots;
  bool has_root = false;  ///< one element, and nothing beside it
};

[[nodiscard]] constexpr bool is_html_space(char c) noexcept {
  return c == ' ' || c == '\n' || c == '\t' || c == '\r' || c == '\f';
}
[[nodiscard]] constexpr bool is_html_name(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == ':' ||
         c == '.' || c == '@';
}
[[nodiscard]] constexpr bool is_html_void(std::string_view tag) noexcept {
  for (const std::string_view name :
       {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}) {
    if (tag == name) return true;
  }
  return false;
}
/// Whether its value, as it stands in a template, names an event that somebody must handle.
[[nodiscard]] constexpr bool is_html_event(std::string_view attribute) noexcept {
  for (const std::string_view name :
       {"phx-click", "phx-click-away", "phx-change", "phx-submit", "phx-blur", "phx-focus", "phx-window-blur",
        "phx-window-focus", "phx-keydown", "phx-keyup", "phx-window-keydown", "phx-window-keyup", "phx-viewport-top",
        "phx-viewport-bottom", "phx-auto-recover"}) {
    if (attribute == name) return true;
  }
  return false;
}

[[nodiscard]] constexpr bool has_capital(std::string_view name) noexcept {
  for (const char c : name) {
    if (c >= 'A' && c <= 'Z') return true;
  }
  return false;
}
/// Names of HTML have no case. `small` has no capitals.
[[nodiscard]] constexpr bool is_same_word(std::string_view name, std::string_view small) noexcept {
  if (name.size() != small.size()) return false;
  for (std::size_t i = 0; i < name.size(); ++i) {
    const char c = name[i] >= 'A' && name[i] <= 'Z' ? static_cast<char>(name[i] + ('a' - 'A')) : name[i];
    if (c != small[i]) return false;
  }
  return true;
}
/// Whether its value is a script, or a page of its own: there, what is escaped as HTML is not yet harmless.
[[nodiscard]] constexpr bool is_html_script(std::string_view attribute) noexcept {
  return is_same_word(attribute.substr(0, 2), "on") || is_same_word(attribute, "srcdoc");
}

[[nodiscard]] constexpr std::size_t count_in(std::string_view text, std::string_view what) noexcept {
  std::size_t n = 0;
  for (std::size_t at = text.find(what); at != text.npos; at = text.find(what, at + what.size())) ++n;
  return n;
}

/// What scan_html finds. `Slots`, `Events`: at least so many.
template <std::size_t Size, std::size_t Slots, std::size_t Events>
struct scanned_html {
  html_error error = html_error::none;
  std::size_t error_at = 0;
  std::size_t slot_count = 0;
  std::size_t event_count = 0;
  bool has_root = false;
  std::size_t text_size = 0;
  std::array<char, Size + 1> text{};
  std::array<std::size_t, Slots + 1> ends{};  // of the texts
  std::array<html_slot, Slots + 1> slots{};
  std::array<std::string_view, Events + 1> events{};
};

template <std::size_t Size, std::size_t Slots, std::size_t Events>
class html_scanner {
 public:
  constexpr explicit html_scanner(std::string_view source) : source_{source} {}

  constexpr scanned_html<Size, Slots, Events> run() {
    while (!failed() && at_ < source_.size()) scan_text();
    if (!failed() && depth_ > 0) fail(html_error::not_closed, open_[depth_ - 1].begin);
    out_.ends[out_.slot_count] = out_.text_size;
    out_.has_root = roots_ == 1 && !has_loose_text_;
    return out_;
  }

 private:
  struct open_tag {
    std::size_t begin = 0;
    std::string_view name = {};
  };

  constexpr bool failed() const { return out_.error != html_error::none; }
  constexpr void fail(html_error e, std::size_t at) {
    if (failed()) return;
    out_.error = e;
    out_.error_at = at;
  }
  constexpr bool is_at(std::string_view what) const { return source_.substr(at_).starts_with(what); }
  constexpr char here() const { return at_ < source_.size() ? source_[at_] : '\0'; }
  constexpr void put(char c) { out_.text[out_.text_size++] = c; }
  constexpr void copy() { put(source_[at_++]); }
  constexpr void slot(html_slot_kind kind, std::string_view name = {}) {
    out_.ends[out_.slot_count] = out_.text_size;
    out_.slots[out_.slot_count++] = {kind, name};
    at_ += 2;
  }
  // One character of text or of a value: {{ and }} stand for one brace, {} for what is filled in.
  constexpr void scan_character(html_slot_kind kind) {
    if (is_at("{}")) return slot(kind);
    if (is_at("{{") || is_at("}}")) {
      ++at_;
      return copy();
    }
    if (here() == '{' || here() == '}') return fail(html_error::lone_brace, at_);
    copy();
  }

  constexpr void scan_text() {
    if (is_at("<!--")) return scan_comment();
    if (is_at("<!")) return copy_to('>');
    if (is_at("</")) return scan_end_tag();
    if (here() == '<') return scan_tag();
    if (depth_ == 0 && !is_html_space(here())) has_loose_text_ = true;
    scan_character(html_slot_kind::text);
  }
  constexpr void copy_to(char last) {
    while (at_ < source_.size() && here() != last) copy();
    if (at_ < source_.size()) copy();
  }
  constexpr void scan_comment() {
    const std::size_t begin = at_;
    while (at_ < source_.size() && !is_at("-->")) {
      if (is_at("{}")) return fail(html_error::slot_in_comment, at_);
      copy();
    }
    if (at_ >= source_.size()) return fail(html_error::not_closed, begin);
    for (int i = 0; i < 3; ++i) copy();
  }
  constexpr std::string_view scan_name() {
    const std::size_t begin = at_;
    while (is_html_name(here())) copy();
    if (is_at("{")) fail(html_error::slot_in_name, at_);
    return source_.substr(begin, at_ - begin);
  }
  constexpr void scan_end_tag() {
    const std::size_t begin = at_;
    copy();
    copy();
    const std::string_view name = scan_name();
    while (is_html_space(here())) copy();
    if (name.empty() || here() != '>') return fail(html_error::bad_tag, begin);
    if (depth_ == 0 || open_[depth_ - 1].name != name) return fail(html_error::not_open, begin);
    --depth_;
    copy();
  }
  constexpr void scan_tag() {
    const std::size_t begin = at_;
    const std::size_t events_before = out_.event_count;
    copy();
    const std::string_view name = scan_name();
    if (name.empty()) return fail(html_error::bad_tag, begin);
    const bool in_drawing = is_in("svg") || is_in("math") || name == "svg" || name == "math";
    if (has_capital(name) && (!in_drawing || is_same_word(name, "script") || is_same_word(name, "style")))
      return fail(html_error::capital, begin);
    bool has_target = false;
    while (!failed() && at_ < source_.size() && here() != '>' && !is_at("/>")) scan_in_tag(has_target);
    if (failed()) return;
    if (at_ >= source_.size()) return fail(html_error::not_closed, begin);
    if (has_target) out_.event_count = events_before;  // they are somebody else's
    if (depth_ == 0) ++roots_;
    const bool ends_itself = here() == '/';
    if (ends_itself && !is_html_void(name) && !in_drawing) return fail(html_error::not_void, begin);
    if (ends_itself) copy();
    copy();
    if (ends_itself || is_html_void(name)) return;
    open_[depth_++] = {begin, name};
    if (name == "script" || name == "style") scan_raw(name);
  }
  constexpr bool is_in(std::string_view name) const {
    for (std::size_t i = 0; i < depth_; ++i) {
      if (open_[i].name == name) return true;
    }
    return false;
  }
  constexpr void scan_raw(std::string_view name) {
    while (at_ < source_.size() && !(is_at("</") && is_same_word(source_.substr(at_ + 2, name.size()), name))) {
      // Behind it, a <script> within is one to browsers, and its end is not ours.
      if (is_at("<!--")) return fail(html_error::comment_in_script, at_);
      copy();
    }
  }
  // A blank, an attribute, or attributes that are filled in. Blanks before a slot are the slot's.
  constexpr void scan_in_tag(bool& has_target) {
    const std::size_t text_before = out_.text_size;
    while (is_html_space(here())) copy();
    if (is_at("{}")) {
      out_.text_size = text_before;
      slot(html_slot_kind::attributes);
      return require_end_of_attribute();
    }
    if (here() == '>' || is_at("/>") || at_ >= source_.size()) return;
    const std::size_t begin = at_;
    const std::string_view name = scan_name();
    if (failed()) return;
    if (name.empty()) return fail(html_error::bad_tag, begin);
    if (name == "phx-target") has_target = true;
    if (here() != '=') return;
    copy();
    if (is_at("{}")) {
      if (is_html_script(name)) return fail(html_error::slot_in_script, begin);
      out_.text_size = text_before;
      slot(html_slot_kind::attribute, name);
      return require_end_of_attribute();
    }
    if (here() != '"' && here() != '\'') return fail(html_error::bare_value, begin);
    scan_value(name);
  }
  constexpr void require_end_of_attribute() {
    if (!is_html_space(here()) && here() != '>' && !is_at("/>")) fail(html_error::slot_beside_text, at_);
  }
  constexpr void scan_value(std::string_view name) {
    const char quote = here();
    const std::size_t open_at = at_;
    const std::size_t slots_before = out_.slot_count;
    copy();
    while (!failed() && at_ < source_.size() && here() != quote) scan_character(html_slot_kind::value);
    if (at_ >= source_.size()) return fail(html_error::not_closed, open_at);
    if (out_.slot_count > slots_before && is_html_script(name)) return fail(html_error::slot_in_script, open_at);
    const std::string_view value = source_.substr(open_at + 1, at_ - open_at - 1);
    copy();
    // A value that begins with a bracket is commands for the client: js.hpp.
    if (is_html_event(name) && out_.slot_count == slots_before && !value.empty() && value.front() != '[')
      out_.events[out_.event_count++] = value;
  }

  const std::string_view source_;
  std::size_t at_ = 0;
  std::size_t depth_ = 0;
  std::size_t roots_ = 0;
  bool has_loose_text_ = false;
  std::array<open_tag, Size / 3 + 1> open_{};
  scanned_html<Size, Slots, Events> out_{};
};

template <html_text Text>
consteval auto scan_html() {
  constexpr std::size_t slots = count_in(Text.view(), "{}");
  constexpr std::size_t events = count_in(Text.view(), "phx-");
  return html_scanner<sizeof(Text.characters), slots, events>{Text.view()}.run();
}
template <html_text Text>
inline constexpr auto scanned_html_of = scan_html<Text>();

/// All that is known of a template while compiling.
template <html_text Text>
struct html_template {
  static constexpr const auto& scanned = scanned_html_of<Text>;
  static constexpr std::size_t slot_count = scanned_html_of<Text>.slot_count;

  static constexpr std::array<std::string_view, slot_count + 1> statics = [] {
    std::array<std::string_view, slot_count + 1> all{};
    std::size_t begin = 0;
    for (std::size_t i = 0; i <= slot_count; ++i) {
      all[i] = {scanned.text.data() + begin, scanned.ends[i] - begin};
      begin = scanned.ends[i];
    }
    return all;
  }();
  static constexpr html_info info{statics, std::span{scanned.slots.data(), slot_count}, scanned.has_root};
};

/// Refuses a template that is none, in words.
template <html_text Text>
consteval bool is_good_html() {
  constexpr html_error e = scanned_html_of<Text>.error;
  static_assert(e != html_error::lone_brace, "joist: a brace alone in a template: {} is a slot, {{ and }} are braces");
  static_assert(e != html_error::slot_in_name, "joist: a {} in the name of a tag or an attribute: names are written out");
  static_assert(e != html_error::slot_in_comment, "joist: a {} in a comment: it would be sent to nobody's use");
  static_assert(e != html_error::slot_in_script,
                "joist: a {} in a script (on..., srcdoc): put it into a data- attribute, and read it there");
  static_assert(e != html_error::comment_in_script, "joist: a <!-- in a script or a style: browsers read on behind its end");
  static_assert(e != html_error::capital, "joist: a tag in capitals: write it in small letters");
  static_assert(e != html_error::slot_beside_text,
                "joist: text behind a {} that is a whole attribute: put the value in quotes, name=\"a{}b\"");
  static_assert(e != html_error::bare_value, "joist: a value without quotes: write name=\"value\", or name={}");
  static_assert(e != html_error::bad_tag, "joist: a < that begins no tag: write &lt;");
  static_assert(e != html_error::not_open, "joist: an end tag that does not close what was opened last");
  static_assert(e != html_error::not_closed, "joist: a tag, a quote or a comment that is not closed");
  static_assert(e != html_error::not_void, "joist: a tag that ends with /> and is not void: write its end tag");
  return e == html_error::none;
}

}  // namespace joist::inline v0::detail
