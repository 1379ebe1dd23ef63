// live/diff.hpp: what is rendered, as the client gets it: all of it, or what has changed since; and as a page, before there
// is a client. The protocol of phoenix_live_view 1.1 and 1.2.
//
//   {"0": "text", "1": {...}, "s": ["<p>", " ", "</p>"]}       HTML: what fills its slots, and, once, the texts between them
//   {"k": {"0": {...}, "1": 5, "2": [5, {...}], "kc": 3, "km": true}}
//        a list: each entry, or which one it was, or that with what has changed in it; how many; whether any has moved
//   "p": {"0": [...]}, "s": 0                                  texts that are there several times, once
//   "stream": [ref, [[id, at, limit, update_only], ...], [id, ...], true]        what the client does with the entries
//   5, and "c": {"5": {...}}                                   a component, and what is in it; "s": -3: the texts of 3
//
// Pure. Phoenix: Phoenix.LiveView.Diff; assets/js/phoenix_live_view/rendered.js.
#pragma once

#include <joist/live/html.hpp>

#include <cstdint>
#include <string>

#include "live/components.hpp"
#include "live/prints.hpp"

namespace joist::inline v0::live {

/// What the client of one view has.
class shown_tree {
 public:
  /// Appends the members of the JSON object that makes the client show this, whatever it has.
  void write_all(rendered&& now, std::string& members);
  /// Appends the members of what has changed; nothing, where nothing has.
  void write_changes(rendered&& now, std::string& members);
  /// Appends what has changed in a component that was not in what was rendered last: one in a stream, which the client
  /// keeps. It goes there alone: beside others, the client would look for its place in what was rendered.
  void write_apart(std::uint64_t component, std::string& members);

  [[nodiscard]] live::components& components() noexcept { return components_; }

 private:
  tree_print root_;
  live::components components_;
  std::uint64_t rendering_ = 0;
};

/// For who has no client yet: as browsers read it.
void append_html(std::string& out, rendered&& now);

/// Appends `"name":`, behind a comma where something stands before it.
void append_member(std::string& out, std::string_view name);

}  // namespace joist::inline v0::live
