// live/prints.hpp: what a client has been sent, as much of it as is needed to see what changes: which templates stand where,
// and of each text a number that another text would not have.
//
// Phoenix keeps which templates stand where, and knows by its compiler which assigns a slot depends on. Here render() makes
// all of it again, and what is the same is not sent: a slot costs 16 bytes, and no one says what has changed.
// That number is a keyed hash of 64 bits: two texts with the same come once in 10^19, and nobody can look for them, for the
// key is the program's own (docs/design/live.md).
//
// Pure.
#pragma once

#include <joist/live/html.hpp>

#include <cstdint>
#include <memory>
#include <string_view>
#include <variant>
#include <vector>

namespace joist::inline v0::live {

/// Of a text. Never 0.
[[nodiscard]] std::uint64_t print_of(std::string_view text) noexcept;

struct tree_print;
struct list_print;
struct component_print {
  std::uint64_t number;
};
using slot_print = std::variant<std::uint64_t, std::unique_ptr<tree_print>, std::unique_ptr<list_print>, component_print>;

struct tree_print {
  const detail::html_info* of = nullptr;  // null: nothing has been sent
  std::vector<slot_print> slots;
};

struct list_print {
  struct entry {
    std::uint64_t key;
    std::vector<slot_print> slots;
  };
  const detail::html_info* of = nullptr;
  bool is_stream = false;  // no entries: the client alone has them
  std::vector<entry> entries;
};

/// Of the same template, elsewhere.
[[nodiscard]] tree_print copy_of(const tree_print& t);

}  // namespace joist::inline v0::live
