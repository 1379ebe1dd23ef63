#include "web/websocket/close_code.hpp"

#include <joist/error.hpp>

#include <string>

#include "support/catch.hpp"

using namespace joist::web::ws;
using namespace std::string_literals;

namespace {

std::string with_code(unsigned code, std::string_view text = {}) {
  std::string payload{static_cast<char>(code >> 8), static_cast<char>(code & 0xff)};
  return payload += text;
}

bool is_registered(unsigned code) {
  return (code >= 1000 && code <= 1014 && (code < 1004 || code > 1006)) || (code >= 3000 && code <= 4999);
}

}  // namespace

TEST_CASE("parse_close: takes the codes that may travel, and no others [Autobahn 7.7, 7.9, 7.13]") {
  for (unsigned code = 0; code <= 0xffff; ++code) {
    const auto said = parse_close(with_code(code));
    if (said.has_value() != is_registered(code) || travels(static_cast<close_code>(code)) != is_registered(code)) FAIL(code);
    if (said && static_cast<unsigned>(said->code) != code) FAIL(code);
    if (!said && said.error().code != close_code::protocol_error) FAIL(code);
  }
}

TEST_CASE("parse_close: an empty payload says nothing, and half a code is a protocol error [Autobahn 7.3.1, 7.3.2]") {
  CHECK(parse_close("")->code == close_code::no_status);
  CHECK(parse_close("")->text.empty());
  CHECK(parse_close("\x03").error().code == close_code::protocol_error);
}

TEST_CASE("parse_close: the reason is UTF-8 [Autobahn 7.3.4, 7.5.1]") {
  CHECK(parse_close(with_code(1000, "Grüße"))->text == "Grüße");
  CHECK(parse_close(with_code(1000, "\xce\xba\xe1\xbd\xb9\xed\xa0\x80")).error().code == close_code::invalid_payload);
  CHECK(parse_close(with_code(1000, "\xc3")).error().code == close_code::invalid_payload);
}

TEST_CASE("format_close: is what parse_close takes") {
  CHECK(format_close(close_code::no_status, "is not sent").view().empty());
  CHECK(format_close(close_code::normal).view() == "\x03\xe8");
  const auto payload = format_close(close_code::going_away, "bye");
  const auto said = parse_close(payload.view());
  REQUIRE(said);
  CHECK(said->code == close_code::going_away);
  CHECK(said->text == "bye");
}

TEST_CASE("format_close: cuts a reason to 123 bytes, and where it is no longer UTF-8 [Autobahn 7.3.5]") {
  const std::string most(123, 'x');
  CHECK(parse_close(format_close(close_code::normal, most).view())->text == most);
  CHECK(parse_close(format_close(close_code::normal, most + "y").view())->text == most);
  const std::string before(122, 'x');
  CHECK(parse_close(format_close(close_code::normal, before + "ü").view())->text == before);
  CHECK(parse_close(format_close(close_code::normal, "broken: \xff, it was").view())->text == "broken: ");
}

TEST_CASE("format_close: refuses codes that never travel") {
  for (const unsigned code : {0U, 999U, 1004U, 1006U, 1015U, 1016U, 2999U, 5000U})
    CHECK_THROWS_AS(format_close(static_cast<close_code>(code)), joist::error);
}
