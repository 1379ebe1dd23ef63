// tests/support/live_client.hpp: what the official client does with what views send it: it merges, and shows. Written after
// assets/js/phoenix_live_view/rendered.js of phoenix_live_view 1.2.
#pragma once

#include <joist/web/json_value.hpp>

#include <map>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include "live/diff.hpp"

namespace support {

/// What is sent for it: all, or what has changed.
inline std::string all_of(joist::live::shown_tree& t, joist::live::rendered now) {
  std::string members = "{";
  t.write_all(std::move(now), members);
  return members + '}';
}
inline std::string changes_of(joist::live::shown_tree& t, joist::live::rendered now) {
  std::string members = "{";
  t.write_changes(std::move(now), members);
  return members + '}';
}

class live_client {
 public:
  using json = joist::web::json_value;

  /// The join: all of it.
  explicit live_client(std::string_view all) : tree_{parsed(all)} {
    take_components();
    (void)html();  // it shows each: texts that are shared are put where they belong then
  }
  void merge(std::string_view diff) {
    json d = parsed(diff);
    json* c = member(d, "c");
    json components = c != nullptr ? std::move(*c) : json{json::object{}};
    erase(d, "c");
    fresh_.clear();
    for (const auto& m : *components.as_object()) fresh_.insert(m.name);
    if (d.find("s") != nullptr) {  // with its components
      tree_ = std::move(d);
      components_.clear();
      shown_.clear();
    } else {
      merge_into(tree_, std::move(d));
    }
    take_components(std::move(components));
    (void)html();
  }
  [[nodiscard]] std::string html() {
    std::string out;
    append(out, tree_, nullptr);
    return out;
  }
  [[nodiscard]] std::size_t components() const noexcept { return components_.size(); }

 private:
  static json parsed(std::string_view text) {
    auto v = joist::web::parse_json(text);
    if (!v) throw std::runtime_error{"no JSON: " + std::string{text}};
    return *std::move(v);
  }
  static json* member(json& of, std::string_view name) { return const_cast<json*>(of.find(name)); }
  static void erase(json& of, std::string_view name) {
    std::erase_if(*of.as_object(), [name](const auto& m) { return m.name == name; });
  }
  static json& place(json& of, std::string_view name) {
    if (json* found = member(of, name)) return *found;
    of.as_object()->push_back({std::string{name}, {}});
    return of.as_object()->back().value;
  }
  static void merge_into(json& target, json source) {
    if (json* keyed = member(source, "k")) return merge_keyed(target, source, *keyed);
    for (auto& m : *source.as_object()) {
      json* const had = member(target, m.name);
      const bool both =
          m.value.as_object() != nullptr && m.value.find("s") == nullptr && had != nullptr && had->as_object() != nullptr;
      if (both) {
        merge_into(*had, std::move(m.value));
      } else {
        place(target, m.name) = std::move(m.value);
      }
    }
  }
  static void merge_keyed(json& target, json& source, json& keyed) {
    if (source.find("s") != nullptr || member(target, "k") == nullptr) {
      target = source;
      return;
    }
    const json before = *member(target, "k");
    json& now = *member(target, "k");
    for (auto& m : *keyed.as_object()) {
      if (m.name == "kc" || m.name == "km") continue;
      if (auto* pair = m.value.as_array()) {
        place(now, m.name) = *before.find(std::to_string(*(*pair)[0].as_int64()));
        merge_into(place(now, m.name), std::move((*pair)[1]));
      } else if (const auto* old = m.value.as_int64()) {
        place(now, m.name) = *before.find(std::to_string(*old));
      } else {
        json& entry = place(now, m.name);
        if (entry.as_object() == nullptr) entry = json{json::object{}};
        merge_into(entry, std::move(m.value));
      }
    }
    for (std::int64_t i = *keyed.find("kc")->as_int64(); i < *before.find("kc")->as_int64(); ++i)
      erase(now, std::to_string(i));
    place(now, "kc") = *keyed.find("kc");
    if (const json* texts = source.find("p")) place(target, "p") = *texts;
  }
  void take_components() {
    json* c = member(tree_, "c");
    json components = c != nullptr ? std::move(*c) : json{json::object{}};
    erase(tree_, "c");
    take_components(std::move(components));
  }
  void take_components(json fresh) {
    std::map<std::string, json> made;
    const std::map<std::string, json> before = components_;
    for (const auto& m : *fresh.as_object()) made[m.name] = whole_component(m.name, fresh, before);
    for (auto& [name, c] : made) components_[name] = std::move(c);
  }
  json whole_component(const std::string& name, const json& fresh, const std::map<std::string, json>& before) {
    json diff = *fresh.find(name);
    const json* texts = diff.find("s");
    const std::int64_t* other = texts != nullptr ? texts->as_int64() : nullptr;
    if (other != nullptr) {
      const std::string from = std::to_string(*other > 0 ? *other : -*other);
      json base = *other > 0 ? whole_component(from, fresh, before) : before.at(from);
      const json kept = *base.find("s");
      erase(diff, "s");
      merge_into(base, std::move(diff));
      place(base, "s") = kept;
      return base;
    }
    const auto known = before.find(name);
    if (texts != nullptr || known == before.end()) return diff;
    json base = known->second;
    merge_into(base, std::move(diff));
    return base;
  }

  // What is not in the diff is skipped: it stays on the page as it was (data-phx-skip).
  void append_component(std::string& out, const std::string& name) {
    std::string& shown = shown_[name];
    if (shown.empty() || fresh_.contains(name)) {
      std::string now;
      append(now, components_.at(name), nullptr);
      shown = std::move(now);
    }
    out += shown;
  }

  // Texts that are shared are put where they belong when it is shown, and forgotten.
  static const json::array& texts_of(json& node, const json* shared) {
    json& s = *member(node, "s");
    if (const auto* at = s.as_int64()) s = json{*shared->find(std::to_string(*at))};
    return *s.as_array();
  }
  void append(std::string& out, json& node, const json* shared) {
    if (const auto* number = node.as_int64()) return append_component(out, std::to_string(*number));
    if (const auto* text = node.as_string()) return void(out += *text);
    json own;
    if (json* p = member(node, "p")) {
      own = std::move(*p);
      erase(node, "p");
      if (shared == nullptr || member(node, "k") == nullptr) shared = &own;
    }
    const json::array texts = texts_of(node, shared);
    if (json* keyed = member(node, "k")) {
      for (std::int64_t i = 0; i < *keyed->find("kc")->as_int64(); ++i)
        append_slots(out, place(*keyed, std::to_string(i)), texts, shared);
      return;
    }
    append_slots(out, node, texts, shared);
  }
  void append_slots(std::string& out, json& node, const json::array& texts, const json* shared) {
    for (std::size_t i = 0; i + 1 < texts.size(); ++i) {
      out += *texts[i].as_string();
      append(out, *member(node, std::to_string(i)), shared);
    }
    out += *texts.back().as_string();
  }

  json tree_;
  std::map<std::string, json> components_;
  std::map<std::string, std::string> shown_;  // by component: its HTML on the page
  std::set<std::string> fresh_;               // in the last diff
};

}  // namespace support
