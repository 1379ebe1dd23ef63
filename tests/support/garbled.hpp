// tests/support/garbled.hpp: bytes for readers of protocols: by chance, or good ones with some of them changed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/random.hpp"

namespace support {

inline std::string garbled(joist::base::random& dice, std::string_view alphabet, const std::string& good) {
  std::string bytes;
  if (dice.below(2) == 0) {
    const std::size_t size = dice.below(60);
    while (bytes.size() < size) bytes += alphabet[dice.below(static_cast<std::uint32_t>(alphabet.size()))];
  } else {
    bytes = good;
    for (std::uint32_t n = dice.below(4); n > 0; --n)
      bytes[dice.below(static_cast<std::uint32_t>(bytes.size()))] = static_cast<char>(dice.below(256));
  }
  return bytes;
}

}  // namespace support
