#include "web/websocket/decoder.hpp"

#include "support/websocket_events.hpp"

using namespace joist::test;
using namespace joist::web::ws;
using namespace std::string_literals;

namespace {

constexpr std::size_t boundaries[] = {0, 1, 125, 126, 127, 128, 65535, 65536};

std::string some_bytes(std::size_t size) {
  std::string bytes(size, '\0');
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<char>(i * 131 >> 3);
  return bytes;
}

std::string close_frame(unsigned code, std::string_view reason = {}) {
  return frame(opcode::close, std::string{static_cast<char>(code >> 8), static_cast<char>(code & 0xff)} += reason);
}

}  // namespace

TEST_CASE("decoder: gives messages of one frame, of every boundary of lengths [Autobahn 1.1, 1.2]") {
  for (const std::size_t size : boundaries) {
    CHECK(decoded(frame(opcode::text, std::string(size, '*'))) == seen_events{text(std::string(size, '*'))});
    CHECK(decoded(frame(opcode::binary, some_bytes(size))) == seen_events{binary(some_bytes(size))});
  }
}

TEST_CASE("decoder: of a client takes what a server sends, which is not masked") {
  const decoder_options client{.self = role::client};
  for (const std::size_t size : boundaries) {
    std::string bytes;
    append_message(bytes, opcode::binary, some_bytes(size));
    append_ping(bytes, "p");
    CHECK(decoded(bytes, client) == seen_events{binary(some_bytes(size)), ping("p")});
  }
  CHECK(fails(decoded(frame(opcode::text, "x"), client), {}, close_code::protocol_error));
  std::string unmasked;
  append_message(unmasked, opcode::text, "x");
  CHECK(fails(decoded(unmasked), {}, close_code::protocol_error));
}

TEST_CASE("decoder: gives many messages in their order [Autobahn 9.7, 9.8]") {
  std::string bytes;
  seen_events expected;
  for (std::size_t i = 0; i < 300; ++i) {
    bytes += frame(opcode::text, std::to_string(i)) + frame(opcode::binary, some_bytes(i));
    expected.push_back(text(std::to_string(i)));
    expected.push_back(binary(some_bytes(i)));
  }
  CHECK(decoded(bytes) == expected);
}

TEST_CASE("decoder: gives pings and pongs with their payloads [Autobahn 2.1 to 2.4, 2.6 to 2.11]") {
  for (const std::string& payload : {""s, "Hello"s, "\x00\xff\xfe\xfd\xfc\xfb\x00\xff"s, std::string(125, '\xfe')}) {
    CHECK(decoded(frame(opcode::ping, payload)) == seen_events{ping(payload)});
    CHECK(decoded(frame(opcode::pong, payload)) == seen_events{pong(payload)});
  }
  std::string bytes = frame(opcode::pong, "unasked");
  seen_events expected{pong("unasked")};
  for (const char* payload : {"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"}) {
    bytes += frame(opcode::ping, payload);
    expected.push_back(ping(payload));
  }
  CHECK(decoded(bytes) == expected);
}

TEST_CASE("decoder: refuses a control frame of 126 bytes after what came before it [Autobahn 2.5, 7.3.6]") {
  for (const auto op : {opcode::ping, opcode::pong, opcode::close})
    CHECK(fails(decoded(frame(opcode::text, "a") + frame(op, std::string(126, 'x'))), {text("a")},
                close_code::protocol_error));
}

TEST_CASE("decoder: refuses reserved bits, and gives what came before and nothing after [Autobahn 3.1 to 3.7]") {
  for (unsigned rsv = 1; rsv < 8; ++rsv)
    for (const unsigned op : {1U, 2U, 8U, 9U, 10U}) {
      const auto bytes =
          frame(opcode::text, "before") + frame_with_first_byte(0x80 | rsv << 4 | op) + frame(opcode::ping, "after");
      CHECK(fails(decoded(bytes), {text("before")}, close_code::protocol_error));
    }
}

TEST_CASE("decoder: refuses opcodes that are not known [Autobahn 4.1, 4.2]") {
  for (const unsigned op : {3U, 4U, 5U, 6U, 7U, 11U, 12U, 13U, 14U, 15U}) {
    CHECK(fails(decoded(frame_with_first_byte(0x80 | op)), {}, close_code::protocol_error));
    const auto bytes =
        frame(opcode::text, "before") + frame_with_first_byte(0x80 | op, "with payload") + frame(opcode::ping, "");
    CHECK(fails(decoded(bytes), {text("before")}, close_code::protocol_error));
  }
}

TEST_CASE("decoder: refuses fragmented control frames [Autobahn 5.1, 5.2]") {
  for (const auto op : {opcode::ping, opcode::pong, opcode::close})
    CHECK(fails(decoded(frame(op, "f", false) + frame(opcode::continuation, "g")), {}, close_code::protocol_error));
}

TEST_CASE("decoder: puts fragments together [Autobahn 5.3 to 5.5]") {
  const auto bytes = frame(opcode::text, "fragment1", false) + frame(opcode::continuation, "fragment2");
  CHECK(decoded(bytes + bytes) == seen_events{text("fragment1fragment2"), text("fragment1fragment2")});
  for (const std::size_t size : boundaries) {
    const std::string part = some_bytes(size);
    CHECK(decoded(frame(opcode::binary, part, false) + frame(opcode::continuation, part, false) +
                  frame(opcode::continuation, part)) == seen_events{binary(part + part + part)});
  }
  CHECK(decoded(frame(opcode::text, "", false) + frame(opcode::continuation, "", false) + frame(opcode::continuation, "")) ==
        seen_events{text("")});
}

TEST_CASE("decoder: gives control frames between the fragments of a message at once [Autobahn 5.6 to 5.8, 5.19, 5.20]") {
  const auto bytes = frame(opcode::text, "fragment1", false) + frame(opcode::ping, "ping1") +
                     frame(opcode::continuation, "fragment2", false) + frame(opcode::ping, "ping2") +
                     frame(opcode::pong, std::string(125, 'p')) + frame(opcode::continuation, "fragment3");
  const seen_events expected{ping("ping1"), ping("ping2"), pong(std::string(125, 'p')), text("fragment1fragment2fragment3")};
  CHECK(decoded(bytes) == expected);
}

TEST_CASE("decoder: refuses a continuation where no message is open [Autobahn 5.9 to 5.17]") {
  for (const bool final : {true, false}) {
    CHECK(
        fails(decoded(frame(opcode::continuation, "x", final) + frame(opcode::text, "y")), {}, close_code::protocol_error));
    CHECK(fails(decoded(frame(opcode::text, "a", false) + frame(opcode::continuation, "b") +
                        frame(opcode::continuation, "c", final) + frame(opcode::text, "d")),
                {text("ab")}, close_code::protocol_error));
    CHECK(fails(decoded(frame(opcode::text, "a") + frame(opcode::continuation, "", final)), {text("a")},
                close_code::protocol_error));
  }
}

TEST_CASE("decoder: refuses a message that begins where another one is open [Autobahn 5.18]") {
  for (const auto op : {opcode::text, opcode::binary})
    CHECK(fails(decoded(frame(opcode::text, "fragment1", false) + frame(op, "fragment2")), {}, close_code::protocol_error));
}

TEST_CASE("decoder: takes UTF-8 that is cut within characters [Autobahn 6.1, 6.2, 6.5 to 6.7, 6.9, 6.11, 6.22, 6.23]") {
  const std::string greek = "Hello-\xc2\xb5@\xc3\x9f\xc3\xb6\xc3\xa4\xc3\xbc\xc3\xa0\xc3\xa1-UTF-8!! \xf0\x9d\x84\x9e";
  CHECK(decoded(frame(opcode::text, greek)) == seen_events{text(greek)});
  for (std::size_t cut = 0; cut <= greek.size(); ++cut)
    CHECK(decoded(frame(opcode::text, greek.substr(0, cut), false) + frame(opcode::ping, "\xff") +
                  frame(opcode::continuation, greek.substr(cut))) == seen_events{ping("\xff"), text(greek)});
}

TEST_CASE("decoder: refuses text that is not UTF-8, and takes it as binary [Autobahn 6.3, 6.6, 6.8, 6.10, 6.12 to 6.21]") {
  for (const std::string& wrong : {"\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5\xed\xa0\x80"
                                   "edited"s,
                                   "\xf8\x88\x80\x80\x80"s,
                                   "\xfc\x84\x80\x80\x80\x80"s,
                                   "\xf7\xbf\xbf\xbf"s,
                                   "\xf4\x90\x80\x80"s,
                                   "\x80"s,
                                   "\xbf"s,
                                   "\x80\xbf\x80"s,
                                   "\xc0 \xc1 "s,
                                   "\xe0 "s,
                                   "\xf0 "s,
                                   "\xc0"s,
                                   "\xe0\x80"s,
                                   "\xf0\x80\x80"s,
                                   "\xdf"s,
                                   "\xef\xbf"s,
                                   "\xf7\xbf\xbf"s,
                                   "\xfe"s,
                                   "\xff"s,
                                   "\xfe\xfe\xff\xff"s,
                                   "\xc0\xaf"s,
                                   "\xe0\x80\xaf"s,
                                   "\xf0\x80\x80\xaf"s,
                                   "\xc1\xbf"s,
                                   "\xe0\x9f\xbf"s,
                                   "\xf0\x8f\xbf\xbf"s,
                                   "\xc0\x80"s,
                                   "\xe0\x80\x80"s,
                                   "\xed\xa0\x80"s,
                                   "\xed\xbf\xbf"s,
                                   "\xed\xa0\x80\xed\xb0\x80"s,
                                   "\xce"s}) {
    CHECK(fails(decoded(frame(opcode::text, wrong)), {}, close_code::invalid_payload));
    CHECK(fails(decoded(frame(opcode::text, std::string(1000, 'x') + wrong)), {}, close_code::invalid_payload));
    CHECK(fails(decoded(frame(opcode::text, wrong, false) + frame(opcode::continuation, "")), {},
                close_code::invalid_payload));
    CHECK(decoded(frame(opcode::binary, wrong)) == seen_events{binary(wrong)});
  }
}

TEST_CASE("decoder: refuses text with the first byte that is wrong, before the frame is whole [Autobahn 6.4]") {
  const auto bytes = frame(opcode::text,
                           "\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5\xf4\x90\x80\x80"
                           "edited");
  constexpr std::size_t header = 6, wrong = 12;
  decoder d{{}};
  seen_events seen;
  for (std::size_t i = 0; i < header + wrong; ++i) feed(d, std::string_view{bytes}.substr(i, 1), seen);
  CHECK(seen.empty());
  CHECK_FALSE(d.finished());
  feed(d, std::string_view{bytes}.substr(header + wrong, 1), seen);
  CHECK(fails(seen, {}, close_code::invalid_payload));
  CHECK(d.finished());
}

TEST_CASE("decoder: gives a close, and nothing that comes after it [Autobahn 7.1]") {
  for (const auto& after : {frame(opcode::close, ""), frame(opcode::ping, "p"), frame(opcode::text, "t"), "\xff\xff\xff"s}) {
    CHECK(decoded(close_frame(1000, "bye") + after) == seen_events{closed(close_code::normal, "bye")});
    CHECK(decoded(frame(opcode::text, "a", false) + close_frame(1001) + after) ==
          seen_events{closed(close_code::going_away)});
  }
}

TEST_CASE("decoder: gives the code and the reason of a close [Autobahn 7.3, 7.7]") {
  CHECK(decoded(frame(opcode::close, "")) == seen_events{closed(close_code::no_status)});
  CHECK(decoded(close_frame(1000, std::string(123, '*'))) == seen_events{closed(close_code::normal, std::string(123, '*'))});
  for (const unsigned code :
       {1000U, 1001U, 1002U, 1003U, 1007U, 1008U, 1009U, 1010U, 1011U, 1012U, 1013U, 1014U, 3000U, 3999U, 4000U, 4999U})
    CHECK(decoded(close_frame(code, "r")) == seen_events{closed(static_cast<close_code>(code), "r")});
}

TEST_CASE("decoder: refuses a close that is wrong [Autobahn 7.3.2, 7.5.1, 7.9, 7.13]") {
  CHECK(fails(decoded(frame(opcode::close, "a")), {}, close_code::protocol_error));
  CHECK(fails(decoded(close_frame(1000, "\xce\xba\xed\xa0\x80")), {}, close_code::invalid_payload));
  for (const unsigned code : {0U, 999U, 1004U, 1005U, 1006U, 1015U, 1016U, 1100U, 2000U, 2999U, 5000U, 65535U})
    CHECK(fails(decoded(close_frame(code)), {}, close_code::protocol_error));
}

TEST_CASE("decoder: gives large messages, whole and in fragments [Autobahn 9.1 to 9.6, 10.1]") {
  const std::string large = some_bytes(4 * 1024 * 1024);
  CHECK(decoded(frame(opcode::binary, large)) == seen_events{binary(large)});
  std::string bytes;
  for (std::size_t at = 0; at < large.size(); at += 1300) {
    const bool last = at + 1300 >= large.size();
    bytes += frame(at == 0 ? opcode::binary : opcode::continuation, std::string_view{large}.substr(at, 1300), last);
  }
  CHECK(decoded(bytes) == seen_events{binary(large)});
}

TEST_CASE("decoder: applies its limits to what a header claims") {
  const decoder_options small{.most_frame_bytes = 1000, .most_message_bytes = 2500};
  CHECK(decoded(frame(opcode::binary, some_bytes(1000)), small) == seen_events{binary(some_bytes(1000))});
  const auto head = encode({.op = opcode::binary, .masked = test_key, .payload_bytes = 1001});
  CHECK(fails(decoded(head.view(), small), {}, close_code::message_too_big));
  const std::string part = some_bytes(1000);
  const auto two = frame(opcode::binary, part, false) + frame(opcode::continuation, part, false);
  CHECK(decoded(two + frame(opcode::continuation, part.substr(0, 500)), small) ==
        seen_events{binary(part + part + part.substr(0, 500))});
  const auto third = encode({.op = opcode::continuation, .masked = test_key, .payload_bytes = 501});
  CHECK(fails(decoded(two + std::string{third.view()}, small), {}, close_code::message_too_big));
  const auto most = encode({.op = opcode::text, .masked = test_key, .payload_bytes = ~std::uint64_t{0} >> 1});
  CHECK(fails(decoded(most.view()), {}, close_code::message_too_big));
}

TEST_CASE("decoder: takes no memory for what a header merely claims, and none between messages") {
  decoder d{{}};
  seen_events seen;
  CHECK(d.buffered_bytes() == 0);
  const auto bytes = frame(opcode::binary, some_bytes(16 * 1024 * 1024));
  feed(d, std::string_view{bytes}.substr(0, 10), seen);
  CHECK(d.buffered_bytes() == 0);
  feed(d, std::string_view{bytes}.substr(10, 20), seen);
  CHECK(d.buffered_bytes() < 1000);
  feed(d, std::string_view{bytes}.substr(30), seen);
  CHECK(seen == seen_events{binary(some_bytes(16 * 1024 * 1024))});
  CHECK(d.buffered_bytes() == 0);

  feed(d, frame(opcode::ping, "abc").substr(0, 8), seen);
  CHECK(d.buffered_bytes() < 1000);
  feed(d, frame(opcode::ping, "abc").substr(8), seen);
  CHECK(d.buffered_bytes() == 0);
  feed(d, frame(opcode::text, "abc", false), seen);
  feed(d, close_frame(1000), seen);
  CHECK(d.buffered_bytes() == 0);
}

TEST_CASE("decoder: has room for a message of the limit, and not for more") {
  const decoder_options small{.most_message_bytes = 5000};
  decoder d{small};
  seen_events seen;
  for (int i = 0; i < 50; ++i) {
    feed(d, frame(i == 0 ? opcode::binary : opcode::continuation, some_bytes(100), i == 49), seen);
    CHECK(d.buffered_bytes() < 5000 + 512);
  }
  CHECK(seen.size() == 1);
}

TEST_CASE("decoder: a whole message of one frame is not copied") {
  auto bytes = frame(opcode::text, "stays where it is");
  std::span<char> left{bytes};
  decoder d{{}};
  const auto e = d.next(left);
  CHECK(e.payload == "stays where it is");
  CHECK(e.payload.data() == bytes.data() + 6);
  CHECK(d.buffered_bytes() == 0);
}

TEST_CASE("decoder: goes on elsewhere when it is moved in the middle of a message") {
  const auto bytes = frame(opcode::text, "Hello, ", false) + frame(opcode::continuation, "world");
  for (std::size_t cut = 0; cut <= bytes.size(); ++cut) {
    decoder first{{}};
    seen_events seen;
    feed(first, std::string_view{bytes}.substr(0, cut), seen);
    decoder second{std::move(first)};
    feed(second, std::string_view{bytes}.substr(cut), seen);
    CHECK(seen == seen_events{text("Hello, world")});
  }
}
