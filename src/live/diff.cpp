#include "live/diff.hpp"

#include <joist/error.hpp>
#include <joist/web/json_value.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <optional>
#include <unordered_map>
#include <utility>

namespace joist::inline v0::live {
namespace {

using access = detail::part_access;
using detail::html_info;
using detail::part;

constexpr std::string_view alone_texts[] = {"", ""};
constexpr joist::detail::html_slot alone_slots[] = {{}};
// For a list whose entries are of several templates: each is the one slot of this.
constexpr html_info alone{alone_texts, alone_slots, false};

void append_number(std::string& out, std::uint64_t n) {
  const fmt::format_int digits{n};
  out.append(digits.data(), digits.size());
}

void append_texts(std::string& out, const html_info& info) {
  out += '[';
  for (const std::string_view text : info.statics) {
    if (out.back() != '[') out += ',';
    web::append_json_string(out, text);
  }
  out += ']';
}

void append_index(std::string& out, std::size_t i) {
  if (!out.empty() && out.back() != '{') out += ',';
  out += '"';
  append_number(out, i);
  out += "\":";
}

// "p" of the protocol.
class shared_texts {
 public:
  std::size_t place_of(const html_info& info) {
    const auto at = std::find(all_.begin(), all_.end(), &info);
    if (at != all_.end()) return static_cast<std::size_t>(at - all_.begin());
    all_.push_back(&info);
    return all_.size() - 1;
  }
  void append_to(std::string& out) const {
    if (all_.empty()) return;
    append_member(out, "p");
    out += '{';
    for (std::size_t i = 0; i < all_.size(); ++i) {
      append_index(out, i);
      append_texts(out, *all_[i]);
    }
    out += '}';
  }

 private:
  std::vector<const html_info*> all_;
};

enum class wanted : std::uint8_t { changes, all };

/// One rendering on its way to the client. Each append_ returns whether it has appended anything.
class diff_writer {
 public:
  diff_writer(components& all, std::uint64_t rendering, std::string& out)
      : components_{all}, rendering_{rendering}, out_{out} {}

  void append_root(rendered& now, tree_print& had, wanted w) {
    shared_texts texts;
    texts_ = &texts;
    append_tree_members(now, had, w);
    if (w == wanted::all) append_template(*had.of);
    texts_ = nullptr;
    texts.append_to(out_);
    append_components();
  }
  void append_alone(std::uint64_t component) {
    pending_.push_back({component});
    append_components();
  }

 private:
  static constexpr std::size_t nobody = ~std::size_t{0};
  /// A component that is on its way, and which of those it stands in.
  struct waiting {
    std::uint64_t number;
    std::size_t inside = nobody;
  };

  // -- HTML
  void append_template(const html_info& info) {
    append_member(out_, "s");
    if (texts_ != nullptr) {
      append_number(out_, texts_->place_of(info));
    } else {
      append_texts(out_, info);
    }
  }

  bool append_slots(std::vector<part>& parts, std::vector<slot_print>& had, wanted w) {
    bool any = false;
    had.resize(parts.size());
    for (std::size_t i = 0; i < parts.size(); ++i) {
      const std::size_t before = out_.size();
      append_index(out_, i);
      if (append_part(parts[i], had[i], w)) {
        any = true;
      } else {
        out_.resize(before);
      }
    }
    return any;
  }

  bool append_tree_members(rendered& now, tree_print& had, wanted w) {
    had.of = access::info(now);
    return append_slots(access::parts(now), had.slots, w);
  }

  bool append_tree(rendered& now, slot_print& had, wanted w) {
    if (now.empty()) return append_text({}, had, w);
    auto* known = std::get_if<std::unique_ptr<tree_print>>(&had);
    const std::size_t before = out_.size();
    if (known != nullptr && (*known)->of == access::info(now)) {
      out_ += '{';
      if (!append_tree_members(now, **known, w)) {
        out_.resize(before);
        return false;
      }
      out_ += '}';
      return true;
    }
    auto fresh = std::make_unique<tree_print>();
    out_ += '{';
    append_tree_members(now, *fresh, wanted::all);
    append_template(*fresh->of);
    out_ += '}';
    had = std::move(fresh);
    return true;
  }

  bool append_text(std::string_view text, slot_print& had, wanted w) {
    const std::uint64_t print = print_of(text);
    const auto* known = std::get_if<std::uint64_t>(&had);
    if (w == wanted::changes && known != nullptr && *known == print) return false;
    web::append_json_string(out_, text);
    had = print;
    return true;
  }

  bool append_part(part& now, slot_print& had, wanted w) {
    if (auto* text = std::get_if<std::string>(&now)) return append_text(*text, had, w);
    if (auto* tree = std::get_if<std::unique_ptr<rendered>>(&now)) return append_tree(**tree, had, w);
    if (auto* l = std::get_if<std::unique_ptr<list>>(&now)) return append_list(**l, had, w);
    return append_component(*std::get<std::unique_ptr<component_call>>(now), had, w);
  }

  // -- lists
  static const html_info* template_of(const list& l) {
    const html_info* one = nullptr;
    for (const auto& e : access::entries(l)) {
      const html_info* of = access::info(e.content);
      if (of == nullptr || (one != nullptr && one != of)) return &alone;
      one = of;
    }
    return one;
  }
  static std::vector<part> parts_of(rendered& content, const html_info& as) {
    if (&as != &alone || access::info(content) == &alone) return std::move(access::parts(content));
    std::vector<part> one;
    one.emplace_back(std::make_unique<rendered>(std::move(content)));
    return one;
  }

  bool append_list(list& now, slot_print& had, wanted w) {
    auto* known = std::get_if<std::unique_ptr<list_print>>(&had);
    const list::source* const stream = access::stream(now);
    const html_info* const of = template_of(now);
    if (of == nullptr && known == nullptr) {  // nothing is there, and nothing was
      if (stream != nullptr) stream->sent();
      return append_text({}, had, w);
    }
    const bool is_known = known != nullptr && (of == nullptr || (*known)->of == of);
    if (is_known) return append_entries(now, **known, w, false);
    auto fresh = std::make_unique<list_print>();
    fresh->of = of;
    fresh->is_stream = stream != nullptr;
    (void)append_entries(now, *fresh, wanted::all, true);
    had = std::move(fresh);
    return true;
  }

  bool append_entries(list& now, list_print& had, wanted w, bool with_template) {
    const std::size_t before = out_.size();
    shared_texts own;  // a component's texts are in itself
    shared_texts* const outer = std::exchange(texts_, texts_ != nullptr ? texts_ : &own);
    out_ += "{\"k\":{";
    const bool any = had.is_stream ? append_streamed(now, had) : append_keyed(now, had, w);
    std::string orders;
    if (const list::source* stream = access::stream(now)) {
      orders = stream->orders();
      stream->sent();
    }
    texts_ = outer;
    if (!any && !with_template && orders.empty()) {
      out_.resize(before);
      return false;
    }
    append_member(out_, "kc");
    append_number(out_, access::entries(now).size());
    out_ += '}';
    if (with_template) append_template(*had.of);
    if (!orders.empty()) out_.append(",\"stream\":").append(orders);
    own.append_to(out_);
    out_ += '}';
    return true;
  }

  void append_whole_entry(std::vector<part> parts, std::vector<slot_print>& slots) {
    slots.clear();
    out_ += '{';
    append_slots(parts, slots, wanted::all);
    out_ += '}';
  }

  bool append_streamed(list& now, const list_print& had) {
    std::vector<slot_print> forgotten;
    for (std::size_t i = 0; i < access::entries(now).size(); ++i) {
      append_index(out_, i);
      append_whole_entry(parts_of(access::entries(now)[i].content, *had.of), forgotten);
    }
    return !access::entries(now).empty();
  }

  // Where each entry was: by key. Nothing, while all are where they were.
  using old_places = std::unordered_map<std::uint64_t, std::size_t>;
  static std::optional<old_places> moved_from(const list& now, const list_print& had) {
    const auto& entries = access::entries(now);
    const std::size_t both = std::min(entries.size(), had.entries.size());
    std::size_t same = 0;
    while (same < both && entries[same].key == had.entries[same].key) ++same;
    if (same == both) return std::nullopt;
    old_places all;
    for (std::size_t i = 0; i < had.entries.size(); ++i) all.emplace(had.entries[i].key, i);
    return all;
  }
  static void require_each_once(const list& now) {
    std::vector<std::uint64_t> keys;
    for (const auto& e : access::entries(now)) keys.push_back(e.key);
    std::sort(keys.begin(), keys.end());
    if (std::adjacent_find(keys.begin(), keys.end()) != keys.end())
      throw error{errc::bad_argument, "live: expected a key of its own for each element of each(), two have the same"};
  }

  bool append_keyed(list& now, list_print& had, wanted w) {
    auto& entries = access::entries(now);
    const auto moved = moved_from(now, had);
    if (moved || had.entries.empty()) require_each_once(now);
    std::vector<list_print::entry> made(entries.size());
    bool any = false, any_moved = false;
    for (std::size_t i = 0; i < entries.size(); ++i) {
      made[i].key = entries[i].key;
      std::optional<std::size_t> old;
      if (moved) {
        if (const auto at = moved->find(entries[i].key); at != moved->end()) old = at->second;
      } else if (i < had.entries.size()) {
        old = i;
      }
      std::vector<part> parts = parts_of(entries[i].content, *had.of);
      const std::size_t before = out_.size();
      append_index(out_, i);
      if (!old || w == wanted::all) {
        append_whole_entry(std::move(parts), made[i].slots);
      } else {
        made[i].slots = std::move(had.entries[*old].slots);
        any_moved = any_moved || *old != i;
        if (!append_known_entry(parts, made[i].slots, i, *old)) {
          out_.resize(before);
          continue;
        }
      }
      any = true;
    }
    any = any || entries.size() != had.entries.size();
    had.entries = std::move(made);
    if (any_moved) {
      append_member(out_, "km");
      out_ += "true";
    }
    return any;
  }

  bool append_known_entry(std::vector<part>& parts, std::vector<slot_print>& slots, std::size_t place, std::size_t old) {
    const bool has_moved = place != old;
    if (has_moved) {
      out_ += '[';
      append_number(out_, old);
      out_ += ',';
    }
    const std::size_t before = out_.size();
    out_ += '{';
    if (append_slots(parts, slots, wanted::changes)) {
      out_ += has_moved ? "}]" : "}";
      return true;
    }
    if (!has_moved) return false;
    out_.resize(before - 1);         // the comma
    out_.erase(out_.rfind('['), 1);  // the place alone
    return true;
  }

  // -- components
  bool append_component(component_call& call, slot_print& had, wanted w) {
    components::one& c = components_.show(call, rendering_);
    pending_.push_back({c.number, inside_});
    const auto* known = std::get_if<component_print>(&had);
    const bool same = known != nullptr && known->number == c.number;
    had = component_print{c.number};
    if (same && w == wanted::changes) return false;
    append_number(out_, c.number);
    return true;
  }

  // What a component shows may have others in it.
  void append_components() {
    const std::size_t before = out_.size();
    append_member(out_, "c");
    out_ += '{';
    bool any = false;
    for (std::size_t i = 0; i < pending_.size(); ++i) {
      const std::size_t here = out_.size();
      components::one& c = *components_.find(pending_[i].number);
      inside_ = i;
      append_index(out_, pending_[i].number);
      out_ += '{';
      if (append_shown(c)) {
        out_ += '}';
        c.written_in = rendering_;
        any = true;
      } else {
        out_.resize(here);
      }
    }
    // What shows one that has something new is shown again, too: the client skips all other components.
    for (std::size_t i = pending_.size(); i-- > 0;) {
      if (components_.find(pending_[i].number)->written_in != rendering_ || pending_[i].inside == nobody) continue;
      components::one& around = *components_.find(pending_[pending_[i].inside].number);
      if (std::exchange(around.written_in, rendering_) == rendering_) continue;
      append_index(out_, around.number);
      out_ += "{}";
    }
    out_ += '}';
    if (!any) out_.resize(before);
  }

  bool append_shown(components::one& c) {
    rendered now = c.state->shown();
    if (now.empty() || !access::info(now)->has_root) {
      throw error{errc::bad_argument,
                  "live: expected render() of a component to give one element, with nothing beside it: put it into a <div>"};
    }
    if (c.print.of == access::info(now)) return append_tree_members(now, c.print, wanted::changes);
    const components::one* const like = components_.find_like(c, access::info(now));
    if (like == nullptr) {
      c.print = {};
      append_tree_members(now, c.print, wanted::all);
      append_template(*c.print.of);
      out_ += ",\"r\":1";
    } else {  // the client has all of its texts
      c.print = copy_of(like->print);
      append_tree_members(now, c.print, wanted::all);
      append_member(out_, "s");
      if (like->written_in != rendering_) out_ += '-';
      append_number(out_, like->number);
    }
    return true;
  }

  components& components_;
  const std::uint64_t rendering_;
  std::string& out_;
  shared_texts* texts_ = nullptr;
  std::vector<waiting> pending_;
  std::size_t inside_ = nobody;
};

}  // namespace

void append_member(std::string& out, std::string_view name) {
  if (!out.empty() && out.back() != '{') out += ',';
  out.append("\"").append(name).append("\":");
}

void shown_tree::write_all(rendered&& now, std::string& members) {
  root_ = {};
  components_ = {};
  if (now.empty()) now = html<"">();
  diff_writer{components_, ++rendering_, members}.append_root(now, root_, wanted::all);
}

void shown_tree::write_changes(rendered&& now, std::string& members) {
  if (now.empty()) now = html<"">();
  const bool is_another = detail::part_access::info(now) != root_.of;
  if (is_another) {  // with the root, the client forgets all of its components
    root_ = {};
    components_.forget_prints();
  }
  diff_writer{components_, ++rendering_, members}.append_root(now, root_, is_another ? wanted::all : wanted::changes);
}

void shown_tree::write_apart(std::uint64_t component, std::string& members) {
  const auto* c = components_.find(component);
  if (c != nullptr && c->shown_in != rendering_) diff_writer{components_, rendering_, members}.append_alone(component);
}

}  // namespace joist::inline v0::live
