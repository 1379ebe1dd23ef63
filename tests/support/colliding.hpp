// tests/support/colliding.hpp: texts that have one hash in all programs, as strangers make them, and what that costs.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <ctime>
#include <string>
#include <vector>

#include "base/random.hpp"

namespace support {

/// `count` texts of 16 printable bytes, no quotes, of which std::hash of libstdc++ (MurmurHash64A with a seed of its own) is
/// the same; other libraries' hashes of them are any. The second half of each is what the first asks for.
inline std::vector<std::string> colliding_texts(std::size_t count) {
  constexpr std::uint64_t factor = 0xc6a4a7935bd1e995U, seed = 0xc70f6907U, begin = seed ^ (16 * factor);
  const std::uint64_t back = [] {  // times the factor it is 1
    std::uint64_t x = factor;
    for (int i = 0; i < 6; ++i) x *= 2 - factor * x;
    return x;
  }();
  const auto mixed = [](std::uint64_t v) { return v ^ (v >> 47); };  // and back
  constexpr std::string_view letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  constexpr std::uint64_t wanted = 0x1234567812345678U;
  joist::base::random dice{7};
  std::vector<std::string> all;
  while (all.size() < count) {
    std::string text(16, ' ');
    for (std::size_t i = 0; i < 8; ++i) text[i] = letters[dice.below(64)];
    std::uint64_t first = 0;
    std::memcpy(&first, text.data(), sizeof first);
    const std::uint64_t half = (begin ^ (mixed(first * factor) * factor)) * factor;
    const std::uint64_t second = mixed((half ^ (wanted * back)) * back) * back;
    std::memcpy(text.data() + 8, &second, sizeof second);
    const auto is_plain = [](char c) { return c >= 0x20 && c < 0x7f && c != '"' && c != '\\'; };
    if (std::all_of(text.begin() + 8, text.end(), is_plain)) all.push_back(std::move(text));
  }
  return all;
}

/// As many, as long, that nobody has chosen.
inline std::vector<std::string> any_texts(std::size_t count) {
  std::vector<std::string> all;
  for (std::size_t i = 0; i < count; ++i) {
    std::string text = std::to_string(i * 7919);
    all.push_back(std::string(16 - text.size(), 'x') + text);
  }
  return all;
}

/// What `work` costs this thread: time that others take from it is not in it.
template <class Work>
double cpu_seconds(Work&& work) {
  const auto now = [] {
    timespec t{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return static_cast<double>(t.tv_sec) + 1e-9 * static_cast<double>(t.tv_nsec);
  };
  const double begun = now();
  work();
  return now() - begun;
}

}  // namespace support
