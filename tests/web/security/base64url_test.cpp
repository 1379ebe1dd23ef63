#include "web/security/base64url.hpp"

#include <string>

#include "support/catch.hpp"

using joist::web::security::from_base64;
using joist::web::security::from_base64url;
using joist::web::security::to_base64url;

TEST_CASE("base64url: what is written is read, for all bytes and lengths") {
  for (std::size_t size = 0; size < 300; ++size) {
    std::string bytes;
    for (std::size_t i = 0; i < size; ++i) bytes += static_cast<char>(i * 167 + size);
    const std::string text = to_base64url(bytes);
    CHECK(text.size() == (size * 4 + 2) / 3);
    CHECK(from_base64url(text) == bytes);
  }
  CHECK(to_base64url("fo") == "Zm8");
  CHECK(to_base64url("\xfb\xff") == "-_8");
}

TEST_CASE("base64url: other letters, padding, and a second text for the same bytes are refused") {
  for (const char* text : {"Zm8=", "Zm+v", "Zm/v", "Zm 8", "Zm8\n", "Z", "Zm9vZ", "Zm9", "Zn"}) {
    CAPTURE(text);
    CHECK_FALSE(from_base64url(text).has_value());
  }
  int texts = 0;
  for (int c = 0; c < 256; ++c) texts += from_base64url(std::string{"Zm"} + static_cast<char>(c)).has_value() ? 1 : 0;
  CHECK(texts == 16);  // of the last letter, four bits count
}

TEST_CASE("base64url: what browsers write is read as well: other letters for the last two, and padding") {
  CHECK(from_base64("Zm8=") == "fo");
  CHECK(from_base64("Zg==") == "f");
  CHECK(from_base64("+/8=") == "\xfb\xff");
  CHECK(from_base64("") == "");
  for (const char* text : {"Zm 8", "Z", "Zm9", "Zn=="}) {
    CAPTURE(text);
    CHECK_FALSE(from_base64(text).has_value());
  }
}
