#include "web/websocket/mask.hpp"

#include <string>

#include "support/catch.hpp"

using namespace joist::web::ws;

namespace {

constexpr mask_key key{0x37, 0xfa, 0x21, 0x3d};

std::string plain(std::size_t size) {
  std::string bytes(size, '\0');
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<char>(i * 7 + 3);
  return bytes;
}

std::string byte_by_byte(std::string bytes) {
  for (std::size_t i = 0; i < bytes.size(); ++i)
    bytes[i] = static_cast<char>(static_cast<unsigned char>(bytes[i]) ^ key[i % 4]);
  return bytes;
}

}  // namespace

TEST_CASE("mask: is that of RFC 6455, section 5.7") {
  std::string hello = "Hello";
  mask(hello, key);
  CHECK(hello == "\x7f\x9f\x4d\x51\x58");
  mask(hello, key);
  CHECK(hello == "Hello");
}

TEST_CASE("mask: does the same as byte by byte, for all lengths, at all places, and in two pieces") {
  for (std::size_t size = 0; size < 200; ++size) {
    for (std::size_t begin = 0; begin < 9; ++begin) {
      std::string memory(begin, '!');
      memory += plain(size) + "!";
      mask(std::span{memory}.subspan(begin, size), key);
      CHECK(memory == std::string(begin, '!') + byte_by_byte(plain(size)) + "!");
    }
    for (std::size_t cut = 0; cut <= size; ++cut) {
      std::string bytes = plain(size);
      mask(std::span{bytes}.first(cut), key);
      mask(std::span{bytes}.subspan(cut), key, cut);
      if (bytes != byte_by_byte(plain(size))) FAIL(size << " " << cut);
    }
  }
}

TEST_CASE("mask: an offset may be as large as a payload") {
  std::string bytes = "abc";
  mask(bytes, key, 0xffff'ffff'ffff'fffeU);
  std::string same = "abc";
  mask(same, key, 2);
  CHECK(bytes == same);
}
