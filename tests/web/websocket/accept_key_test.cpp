#include "web/websocket/accept_key.hpp"

#include "support/catch.hpp"

using namespace joist::web::websocket;

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
