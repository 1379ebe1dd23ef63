#include <joist/web/percent.hpp>

#include <string>

#include "support/catch.hpp"

using joist::web::percent_decode;
using joist::web::percent_encode;

TEST_CASE("percent: what is encoded stands for itself again when it is decoded, for all bytes") {
  std::string all;
  for (int c = 0; c < 256; ++c) all += static_cast<char>(c);
  CHECK(percent_decode(percent_encode(all)).value() == all);
  CHECK(percent_encode("az09-._~") == "az09-._~");
  CHECK(percent_encode("a b/c+\xff") == "a%20b%2Fc%2B%FF");
  CHECK(percent_decode("%41%4a%4A+").value() == "AJJ+");
  CHECK(percent_decode("").value().empty());
}

TEST_CASE("percent: a % without two hexadecimal digits is no encoding") {
  for (const char* text : {"%", "%4", "a%4", "%zz", "%4g", "%%41", "% 41", "%-1"}) {
    INFO(text);
    CHECK_FALSE(percent_decode(text).has_value());
  }
}
