#include "web/websocket/accept_key.hpp"

#include <array>

#include "support/catch.hpp"

using namespace joist::web::ws;

TEST_CASE("accept_key: is that of RFC 6455, section 1.3") {
  CHECK(accept_key("dGhlIHNhbXBsZSBub25jZQ==") == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
}

TEST_CASE("is_key: takes the base64 of 16 bytes, and nothing else") {
  CHECK(is_key("dGhlIHNhbXBsZSBub25jZQ=="));
  CHECK(is_key("AAAAAAAAAAAAAAAAAAAAAA=="));
  CHECK_FALSE(is_key(""));
  CHECK_FALSE(is_key("dGhlIHNhbXBsZSBub25jZQ="));
  CHECK_FALSE(is_key("dGhlIHNhbXBsZSBub25jZR=="));
  CHECK_FALSE(is_key("dGhlIHNhbXBsZSBub25j\nQ=="));
  CHECK_FALSE(is_key("dGhlIHNhbXBsZSBub25jZQ==A"));
  CHECK_FALSE(is_key("d-hlIHNhbXBsZSBub25jZQ=="));
}

TEST_CASE("make_key: is what a client may send") {
  std::array<std::byte, 16> nonce{};
  for (std::size_t i = 0; i < nonce.size(); ++i) nonce[i] = static_cast<std::byte>(i + 1);
  CHECK(make_key(nonce) == "AQIDBAUGBwgJCgsMDQ4PEA==");  // RFC 6455, section 4.1
  CHECK(is_key(make_key(nonce)));
}
