#include "web/websocket/utf8.hpp"

#include <random>
#include <string>

#include "support/catch.hpp"

using namespace joist::web::ws;

namespace {

std::string encoded(unsigned point) {
  const auto byte = [](unsigned value) { return static_cast<char>(value); };
  const auto rest = [&](unsigned shift) { return byte(0x80 | (point >> shift & 0x3f)); };
  if (point < 0x80) return {byte(point)};
  if (point < 0x800) return {byte(0xc0 | point >> 6), rest(0)};
  if (point < 0x10000) return {byte(0xe0 | point >> 12), rest(6), rest(0)};
  return {byte(0xf0 | point >> 18), rest(12), rest(6), rest(0)};
}

// By what the definition says: decode it, and see whether it is the shortest form of a character.
bool is_whole(std::string_view text) {
  while (!text.empty()) {
    const auto first = static_cast<unsigned char>(text[0]);
    const std::size_t size = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
    if (text.size() < size) return false;
    unsigned point = size == 1 ? first : first & (0xffU >> (size + 1));
    for (std::size_t i = 1; i < size; ++i) point = point << 6 | (static_cast<unsigned char>(text[i]) & 0x3fU);
    if (point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff) || encoded(point) != text.substr(0, size)) return false;
    text.remove_prefix(size);
  }
  return true;
}

// How many bytes may come before the check says no; npos: it does not.
std::size_t refused_at(std::string_view text) {
  utf8_check check;
  for (std::size_t i = 0; i < text.size(); ++i)
    if (!check.add(text.substr(i, 1))) return i;
  return std::string_view::npos;
}

}  // namespace

TEST_CASE("utf8: takes every character of Unicode, and no surrogate [Autobahn 6.7, 6.9, 6.11, 6.20 to 6.23]") {
  for (unsigned point = 0; point <= 0x110100; ++point) {
    const bool right = point <= 0x10ffff && (point < 0xd800 || point > 0xdfff);
    if (is_utf8(encoded(point)) != right) FAIL(point);
  }
}

TEST_CASE("utf8: agrees with the definition about all strings of up to three bytes [Autobahn 6.12 to 6.19]") {
  for (unsigned number = 0; number < 1U << 24; ++number) {
    const char bytes[] = {static_cast<char>(number >> 16), static_cast<char>(number >> 8), static_cast<char>(number)};
    const std::string_view text{bytes, 3};
    if (is_utf8(text) != is_whole(text)) FAIL(number);
    if (number < 1U << 16 && is_utf8(text.substr(1)) != is_whole(text.substr(1))) FAIL(number);
    if (number < 1U << 8 && is_utf8(text.substr(2)) != is_whole(text.substr(2))) FAIL(number);
  }
}

TEST_CASE("utf8: agrees with the definition about four bytes where ranges end [Autobahn 6.8, 6.10]") {
  for (unsigned first = 0xef; first <= 0xff; ++first)
    for (unsigned second = 0; second <= 0xff; ++second)
      for (const unsigned third : {0x00U, 0x7fU, 0x80U, 0x9fU, 0xbfU, 0xc0U, 0xffU})
        for (const unsigned fourth : {0x00U, 0x7fU, 0x80U, 0x9fU, 0xbfU, 0xc0U, 0xffU}) {
          const char bytes[] = {static_cast<char>(first), static_cast<char>(second), static_cast<char>(third),
                                static_cast<char>(fourth)};
          const std::string_view text{bytes, 4};
          if (is_utf8(text) != is_whole(text)) FAIL(first << " " << second << " " << third << " " << fourth);
        }
}

TEST_CASE("utf8: is refused at the first byte that no text goes on with [Autobahn 6.4]") {
  const std::string greek = "\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5";
  CHECK(refused_at(greek) == std::string_view::npos);
  CHECK(refused_at(greek + "\xf4\x90\x80\x80" + "edited") == greek.size() + 1);
  CHECK(refused_at(greek + "\xed\xa0\x80") == greek.size() + 1);
  CHECK(refused_at("\xc0\xaf") == 0);
  CHECK(refused_at("\xe0\x9f") == 1);
  CHECK(refused_at("\xf0\x8f") == 1);
  CHECK(refused_at("\xf5") == 0);
  CHECK(refused_at("\x80") == 0);
  CHECK(refused_at("a\xff") == 1);
  CHECK(refused_at("\xe1\xbd"
                   "a") == 2);
}

TEST_CASE("utf8: what is broken stays so") {
  utf8_check check;
  CHECK_FALSE(check.add("\xff"));
  CHECK_FALSE(check.add(std::string(100, 'a')));
  CHECK_FALSE(check.complete());
}

TEST_CASE("utf8: every prefix of a text is taken, and complete where a character ends [Autobahn 6.2, 6.6]") {
  const std::string text = "a\xc3\xbc\xe2\x82\xac\xf0\x9d\x84\x9e.";
  for (std::size_t size = 0; size <= text.size(); ++size) {
    utf8_check check;
    CHECK(check.add(text.substr(0, size)));
    CHECK(check.complete() == is_whole(text.substr(0, size)));
    CHECK(utf8_prefix(text.substr(0, size)) <= size);
    CHECK(is_whole(text.substr(0, utf8_prefix(text.substr(0, size)))));
  }
  CHECK(utf8_prefix(text) == text.size());
  CHECK(utf8_prefix(text.substr(0, 9)) == 6);
  CHECK(utf8_prefix("ab\xff"
                    "cd") == 2);
}

TEST_CASE("utf8: one wrong byte is found wherever it stands, and however the text is cut") {
  std::mt19937 random{7};
  for (std::size_t size = 1; size < 150; ++size) {
    std::string text(size, 'x');
    REQUIRE(is_utf8(text));
    for (std::size_t at = 0; at < size; ++at) {
      std::string wrong = text;
      wrong[at] = '\xbf';
      utf8_check check;
      const std::size_t cut = std::uniform_int_distribution<std::size_t>{0, size}(random);
      const bool first = check.add(wrong.substr(0, cut));
      const bool both = check.add(wrong.substr(cut));
      if (is_utf8(wrong) || both || first != (at >= cut)) FAIL(size << " " << at << " " << cut);
    }
  }
}
