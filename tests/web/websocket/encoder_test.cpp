#include "web/websocket/encoder.hpp"

#include <joist/error.hpp>

#include "support/websocket_events.hpp"

using namespace joist::test;
using namespace joist::web::ws;
using namespace std::string_literals;

TEST_CASE("encoder: what a client sends, a server reads, and the other way round [Autobahn 1.1, 1.2]") {
  for (const auto self : {role::server, role::client}) {
    const auto key = self == role::server ? std::optional{test_key} : std::nullopt;
    std::string bytes;
    seen_events expected;
    for (const std::size_t size : {0U, 1U, 125U, 126U, 127U, 65535U, 65536U}) {
      append_message(bytes, opcode::text, std::string(size, 't'), key);
      append_message(bytes, opcode::binary, std::string(size, '\xff'), key);
      expected.push_back(text(std::string(size, 't')));
      expected.push_back(binary(std::string(size, '\xff')));
    }
    append_ping(bytes, std::string(125, '\x80'), key);
    append_pong(bytes, "", key);
    append_close(bytes, close_code::going_away, "Auf Wiedersehen, schöner Tag", key);
    expected.push_back(ping(std::string(125, '\x80')));
    expected.push_back(pong(""));
    expected.push_back(closed(close_code::going_away, "Auf Wiedersehen, schöner Tag"));
    CHECK(decoded(bytes, {.self = self}) == expected);
  }
}

TEST_CASE("encoder: writes the frames of RFC 6455, section 5.7") {
  std::string bytes;
  append_message(bytes, opcode::text, "Hello");
  CHECK(bytes == "\x81\x05Hello");
  bytes.clear();
  append_message(bytes, opcode::text, "Hello", test_key);
  CHECK(bytes == "\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58");
  bytes.clear();
  append_ping(bytes, "Hello");
  CHECK(bytes == "\x89\x05Hello");
  bytes.clear();
  append_pong(bytes, "Hello", test_key);
  CHECK(bytes == "\x8a\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58");
}

TEST_CASE("encoder: a header alone and its payload are the frame") {
  const std::string payload(300, 'x');
  std::string bytes;
  append_message(bytes, opcode::binary, payload);
  CHECK(bytes == std::string{encode({.op = opcode::binary, .payload_bytes = payload.size()}).view()} + payload);
}

TEST_CASE("encoder: a close without a code is empty, and one with a code that never travels is refused") {
  std::string bytes;
  append_close(bytes, close_code::no_status);
  CHECK(bytes == "\x88\x00"s);
  CHECK_THROWS_AS(append_close(bytes, close_code::abnormal), joist::error);
  CHECK(bytes == "\x88\x00"s);
}

TEST_CASE("encoder: a ping of more than 125 bytes is refused") {
  std::string bytes;
  CHECK_THROWS_AS(append_ping(bytes, std::string(126, 'x')), joist::error);
  CHECK_THROWS_AS(append_pong(bytes, std::string(126, 'x')), joist::error);
  CHECK(bytes.empty());
}
