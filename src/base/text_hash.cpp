#include "base/text_hash.hpp"

#include <sys/random.h>

#include <atomic>
#include <bit>
#include <cerrno>
#include <cstring>

#include "base/assert.hpp"

namespace joist::inline v0::base {
namespace {

struct sip_state {
  std::uint64_t v0, v1, v2, v3;

  void round() noexcept {
    v0 += v1;
    v1 = std::rotl(v1, 13) ^ v0;
    v0 = std::rotl(v0, 32);
    v2 += v3;
    v3 = std::rotl(v3, 16) ^ v2;
    v0 += v3;
    v3 = std::rotl(v3, 21) ^ v0;
    v2 += v1;
    v1 = std::rotl(v1, 17) ^ v2;
    v2 = std::rotl(v2, 32);
  }
  void take(std::uint64_t word) noexcept {
    v3 ^= word;
    round();
    v0 ^= word;
  }
};

// Never zero, which stands for "not drawn".
std::uint64_t drawn() noexcept {
  std::uint64_t word = 0;
  while (word == 0) {
    const auto got = ::getrandom(&word, sizeof word, 0);
    JOIST_ASSERT(got == sizeof word || errno == EINTR, "the system gives random bytes");
  }
  return word;
}

// Words of a key that whoever needs them first draws: there is no lock, as a process may be stopped anywhere.
constinit std::atomic<std::uint64_t> own_first{0}, own_second{0};

std::uint64_t drawn_once(std::atomic<std::uint64_t>& word) noexcept {
  std::uint64_t seen = word.load(std::memory_order_relaxed);  // it says all itself, and changes once
  if (seen != 0) [[likely]]
    return seen;
  const std::uint64_t mine = drawn();
  return word.compare_exchange_strong(seen, mine, std::memory_order_relaxed) ? mine : seen;
}

}  // namespace

text_hash_key own_text_hash_key() noexcept { return {drawn_once(own_first), drawn_once(own_second)}; }

std::uint64_t siphash(const text_hash_key& key, std::string_view text) noexcept {
  sip_state s{key.first ^ 0x736f6d6570736575U, key.second ^ 0x646f72616e646f6dU, key.first ^ 0x6c7967656e657261U,
              key.second ^ 0x7465646279746573U};
  constexpr std::size_t word_bytes = sizeof(std::uint64_t);
  std::uint64_t last = std::uint64_t{text.size()} << 56;
  for (; text.size() >= word_bytes; text.remove_prefix(word_bytes)) {
    std::uint64_t word = 0;
    std::memcpy(&word, text.data(), word_bytes);
    s.take(word);
  }
  for (std::size_t i = 0; i < text.size(); ++i) last |= std::uint64_t{static_cast<unsigned char>(text[i])} << 8 * i;
  s.take(last);
  s.v2 ^= 0xff;
  for (int i = 0; i < 3; ++i) s.round();
  return s.v0 ^ s.v1 ^ s.v2 ^ s.v3;
}

}  // namespace joist::inline v0::base
