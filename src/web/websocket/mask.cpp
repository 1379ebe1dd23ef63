#include "web/websocket/mask.hpp"

#include <bit>
#include <cstring>

namespace joist::inline v0::web::ws {
namespace {

// Words are read and written by memcpy, for payloads begin anywhere; blocks of them have a fixed length, so that compilers
// take vectors for them.
template <std::size_t words>
void mask_block(char* at, std::uint64_t key) noexcept {
  std::array<std::uint64_t, words> block;
  std::memcpy(block.data(), at, sizeof block);
  for (auto& word : block) word ^= key;
  std::memcpy(at, block.data(), sizeof block);
}

// The key twice, as the payload meets it from that offset on. By shifts: bytes that are stored one by one cannot be loaded
// as a word at once.
std::uint64_t repeated(mask_key key, std::uint64_t offset) noexcept {
  std::uint32_t word = 0;
  std::memcpy(&word, key.data(), sizeof word);
  const int bits = 8 * static_cast<int>(offset % sizeof word);
  word = std::endian::native == std::endian::little ? std::rotr(word, bits) : std::rotl(word, bits);
  return std::uint64_t{word} << 32 | word;
}

}  // namespace

void mask(std::span<char> bytes, mask_key key, std::uint64_t offset) noexcept {
  const std::uint64_t word = repeated(key, offset);
  char* at = bytes.data();
  std::size_t left = bytes.size();
  for (; left >= 64; at += 64, left -= 64) mask_block<8>(at, word);
  for (; left >= 8; at += 8, left -= 8) mask_block<1>(at, word);
  std::array<char, sizeof word> end;
  std::memcpy(end.data(), &word, sizeof word);
  for (std::size_t i = 0; i < left; ++i) at[i] = static_cast<char>(at[i] ^ end[i]);
}

}  // namespace joist::inline v0::web::ws
