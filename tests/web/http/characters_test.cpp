#include "web/http/characters.hpp"

#include <string>

#include "support/catch.hpp"

using namespace joist::web::http;

TEST_CASE("characters: a text is measured to its first control character, wherever that stands") {
  for (std::size_t length = 0; length < 30; ++length) {
    const std::string plain(length, 'a');
    CHECK(text_length(plain) == length);
    for (std::size_t at = 0; at < length; ++at) {
      for (int byte = 0; byte < 256; ++byte) {
        std::string text = plain;
        text[at] = static_cast<char>(byte);
        const bool is_control = (byte < 0x20 && byte != '\t') || byte == 0x7f;
        if (text_length(text) != (is_control ? at : length)) FAIL_CHECK("byte " << byte << " at " << at << " of " << length);
        if (is_text(text) == is_control) FAIL_CHECK("is_text: byte " << byte << " at " << at << " of " << length);
      }
    }
  }
  static_assert(is_text("a\tb\xc3\xa4") && !is_text("a\rb"), "the same while compiling");
}
