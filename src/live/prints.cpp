#include "live/prints.hpp"

#include <cstring>
#include <random>

namespace joist::inline v0::live {
namespace {

struct hash_key {
  std::uint64_t a, b;
};

// Another one in each program. It is never said to anybody.
hash_key own_key() {
  static const hash_key key = [] {
    std::random_device random;
    const auto word = [&random] { return std::uint64_t{random()} << 32 | random() | 1; };
    return hash_key{word(), word()};
  }();
  return key;
}

// The product of 128 bits, folded: what wyhash and its kin are made of (Wang Yi).
std::uint64_t fold(std::uint64_t a, std::uint64_t b) noexcept {
  __extension__ using wide = unsigned __int128;
  const wide product = static_cast<wide>(a) * b;
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}

std::uint64_t word_at(const char* at, std::size_t bytes) noexcept {
  std::uint64_t word = 0;
  std::memcpy(&word, at, bytes);
  return word;
}

}  // namespace

namespace {

std::vector<slot_print> copy_of(const std::vector<slot_print>& all);

slot_print copy_of(const slot_print& s) {
  if (const auto* tree = std::get_if<std::unique_ptr<tree_print>>(&s)) return std::make_unique<tree_print>(copy_of(**tree));
  if (const auto* list = std::get_if<std::unique_ptr<list_print>>(&s)) {
    if ((*list)->is_stream) return std::uint64_t{0};  // what a stream has is nobody else's
    auto copy = std::make_unique<list_print>();
    copy->of = (*list)->of;
    for (const auto& e : (*list)->entries) copy->entries.push_back({e.key, copy_of(e.slots)});
    return copy;
  }
  if (const auto* component = std::get_if<component_print>(&s)) return *component;
  return std::get<std::uint64_t>(s);
}

std::vector<slot_print> copy_of(const std::vector<slot_print>& all) {
  std::vector<slot_print> copies;
  copies.reserve(all.size());
  for (const slot_print& s : all) copies.push_back(copy_of(s));
  return copies;
}

}  // namespace

tree_print copy_of(const tree_print& t) { return {t.of, copy_of(t.slots)}; }

std::uint64_t print_of(std::string_view text) noexcept {
  const hash_key key = own_key();
  std::uint64_t h = fold(text.size() ^ key.b, key.a);
  const char* at = text.data();
  std::size_t left = text.size();
  for (; left > 8; left -= 8, at += 8) h = fold(h ^ word_at(at, 8), key.a ^ key.b);
  h = fold(h ^ word_at(at, left), key.b);
  return h == 0 ? 1 : h;
}

namespace detail {
std::uint64_t key_of_text(std::string_view text) noexcept { return print_of(text); }
}  // namespace detail

}  // namespace joist::inline v0::live
