// A state machine in 256 words: the word of a byte holds, at the place of each state, the place of the state that follows.
// A state is its own shift count, so a step is one load that waits for nothing, and one shift.
//
//   state        expects                 then
//     text         the first byte of a character
//     broken       nothing: it stays so
//     one          80..BF                  text
//     two          80..BF                  one
//     three        80..BF                  two
//     after_e0     A0..BF (not overlong)   one
//     after_ed     80..9F (no surrogate)   one
//     after_f0     90..BF (not overlong)   two
//     after_f4     80..8F (to U+10FFFF)    two
//
// Refused: vector code that classifies nibbles. It is faster still on text that is not ASCII, and pages longer.
#include "web/websocket/utf8.hpp"

#include <array>
#include <cstring>

namespace joist::inline v0::web::ws {
namespace {

constexpr unsigned bits_per_state = 6;
enum state : std::uint8_t {
  text = 0 * bits_per_state,
  broken = 1 * bits_per_state,
  one = 2 * bits_per_state,
  two = 3 * bits_per_state,
  three = 4 * bits_per_state,
  after_e0 = 5 * bits_per_state,
  after_ed = 6 * bits_per_state,
  after_f0 = 7 * bits_per_state,
  after_f4 = 8 * bits_per_state
};
static_assert(after_f4 + bits_per_state <= 64, "the places of all states fit into a word");
static_assert(after_f4 < 1U << bits_per_state, "a state is the count of a shift");

constexpr state after_first(unsigned byte) noexcept {
  if (byte < 0x80) return text;
  if (byte < 0xc2) return broken;  // one that goes on, or an overlong form of ASCII
  if (byte < 0xe0) return one;
  if (byte == 0xe0) return after_e0;
  if (byte == 0xed) return after_ed;
  if (byte < 0xf0) return two;
  if (byte == 0xf0) return after_f0;
  if (byte < 0xf4) return three;
  return byte == 0xf4 ? after_f4 : broken;
}

constexpr state after(state s, unsigned byte) noexcept {
  const auto when = [byte](unsigned low, unsigned high, state next) { return byte >= low && byte <= high ? next : broken; };
  switch (s) {
    case text: return after_first(byte);
    case one: return when(0x80, 0xbf, text);
    case two: return when(0x80, 0xbf, one);
    case three: return when(0x80, 0xbf, two);
    case after_e0: return when(0xa0, 0xbf, one);
    case after_ed: return when(0x80, 0x9f, one);
    case after_f0: return when(0x90, 0xbf, two);
    case after_f4: return when(0x80, 0x8f, two);
    case broken: break;
  }
  return broken;
}

constexpr auto steps = [] {
  std::array<std::uint64_t, 256> words{};
  for (unsigned byte = 0; byte < words.size(); ++byte)
    for (const state s : {text, broken, one, two, three, after_e0, after_ed, after_f0, after_f4})
      words[byte] |= std::uint64_t{after(s, byte)} << s;
  return words;
}();

constexpr std::uint64_t step(std::uint64_t s, char byte) noexcept {
  return steps[static_cast<unsigned char>(byte)] >> (s & 63U);  // only the low six bits count
}

bool is_ascii_block(const char* bytes) noexcept {
  std::array<std::uint64_t, 4> words;
  std::memcpy(words.data(), bytes, sizeof words);
  return ((words[0] | words[1] | words[2] | words[3]) & 0x8080808080808080U) == 0;
}
constexpr std::size_t block_bytes = 4 * sizeof(std::uint64_t);

}  // namespace

bool utf8_check::add(std::string_view piece) noexcept {
  const char* at = piece.data();
  std::size_t left = piece.size();
  std::uint64_t s = state_;
  for (; left >= block_bytes; at += block_bytes, left -= block_bytes) {
    if ((s & 63U) == text && is_ascii_block(at)) continue;
    for (std::size_t i = 0; i < block_bytes; ++i) s = step(s, at[i]);
  }
  for (; left > 0; ++at, --left) s = step(s, *at);
  state_ = s & 63U;
  return state_ != broken;
}

bool utf8_check::complete() const noexcept { return state_ == text; }

bool is_utf8(std::string_view whole) noexcept {
  utf8_check check;
  return check.add(whole) && check.complete();
}

std::size_t utf8_prefix(std::string_view whole) noexcept {
  std::size_t bytes = 0;
  std::uint64_t s = text;
  for (std::size_t i = 0; i < whole.size(); ++i) {
    s = step(s, whole[i]) & 63U;
    if (s == broken) break;
    if (s == text) bytes = i + 1;
  }
  return bytes;
}

}  // namespace joist::inline v0::web::ws
