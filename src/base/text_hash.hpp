// base/text_hash.hpp: hashes of texts that strangers choose. The key is drawn once for each run of a program, so that nobody
// can make texts that fall together, and a map of them into a list that is searched from its begin.
//
// Refused: std::hash<std::string_view>, whose seed is the same in all programs: texts of one hash are made at will.
// SipHash-1-3: Aumasson, Bernstein, "SipHash: a fast short-input PRF", 2012; with the rounds that Rust and Python have for
// their maps.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace joist::inline v0::base {

struct text_hash_key {
  std::uint64_t first = 0;
  std::uint64_t second = 0;
};

[[nodiscard]] std::uint64_t siphash(const text_hash_key& key, std::string_view text) noexcept;

/// Of this run of the program.     [any thread]
[[nodiscard]] text_hash_key own_text_hash_key() noexcept;

/// For maps that are searched by a std::string_view.
struct by_text {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const noexcept { return siphash(own_text_hash_key(), text); }
};

}  // namespace joist::inline v0::base
