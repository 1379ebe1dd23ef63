#include "web/websocket/frame.hpp"

#include <string>

#include "support/catch.hpp"

using namespace joist::web::ws;
using verdict = header_reading::verdict;
using namespace std::string_literals;

namespace {

constexpr mask_key key{1, 2, 3, 0xff};
constexpr header_rules server{role::server, false};
constexpr header_rules client{role::client, false};

std::string bytes(std::initializer_list<unsigned> values) {
  std::string all;
  for (const unsigned v : values) all += static_cast<char>(v);
  return all;
}

bool is_refused(std::string_view header, header_rules rules) {
  const auto r = read_header(header, rules);
  return r.what == verdict::refused && r.why.code == close_code::protocol_error && !r.why.sentence.empty();
}

}  // namespace

TEST_CASE("frame: headers are those of RFC 6455, section 5.7") {
  CHECK(encode({.op = opcode::text, .payload_bytes = 5}).view() == bytes({0x81, 0x05}));
  CHECK(encode({.op = opcode::text, .masked = mask_key{0x37, 0xfa, 0x21, 0x3d}, .payload_bytes = 5}).view() ==
        bytes({0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d}));
  CHECK(encode({.op = opcode::text, .final = false, .payload_bytes = 3}).view() == bytes({0x01, 0x03}));
  CHECK(encode({.op = opcode::continuation, .payload_bytes = 2}).view() == bytes({0x80, 0x02}));
  CHECK(encode({.op = opcode::ping, .payload_bytes = 5}).view() == bytes({0x89, 0x05}));
  CHECK(encode({.op = opcode::binary, .payload_bytes = 256}).view() == bytes({0x82, 0x7e, 0x01, 0x00}));
  CHECK(encode({.op = opcode::binary, .payload_bytes = 65536}).view() == bytes({0x82, 0x7f, 0, 0, 0, 0, 0, 1, 0, 0}));
  CHECK(encode({.op = opcode::text, .compressed = true, .payload_bytes = 7}).view() == bytes({0xc1, 0x07}));
}

TEST_CASE("frame: what is encoded is read again, at every boundary of lengths [Autobahn 1.1, 1.2]") {
  for (const std::uint64_t length : {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{125}, std::uint64_t{126},
                                     std::uint64_t{127}, std::uint64_t{65535}, std::uint64_t{65536}, ~std::uint64_t{0} >> 1})
    for (const auto op : {opcode::continuation, opcode::text, opcode::binary})
      for (const bool final : {false, true})
        for (const bool compressed : {false, true})
          for (const bool masked : {false, true}) {
            frame_header h{.op = op, .final = final, .compressed = compressed && op != opcode::continuation};
            h.payload_bytes = length;
            if (masked) h.masked = key;
            const auto encoded = encode(h);
            const header_rules rules{masked ? role::server : role::client, true};
            const std::string more = std::string{encoded.view()} + "more";
            const auto r = read_header(more, rules);
            REQUIRE(r.what == verdict::complete);
            CHECK(r.header == h);
            CHECK(r.header_bytes == encoded.size);
            for (std::size_t size = 0; size < encoded.size; ++size)
              CHECK(read_header(encoded.view().substr(0, size), rules).what == verdict::incomplete);
          }
}

TEST_CASE("frame: reserved bits are refused by the first byte [Autobahn 3.1 to 3.7]") {
  for (unsigned bits = 1; bits < 8; ++bits)
    for (const unsigned op : {1U, 2U, 8U, 9U, 10U}) CHECK(is_refused(bytes({0x80 | bits << 4 | op}), server));
}

TEST_CASE("frame: with compression, its bit stands where a message begins, and nowhere else") {
  constexpr header_rules compressing{role::server, true};
  CHECK(read_header(bytes({0xc1}), compressing).what == verdict::incomplete);
  CHECK(read_header(bytes({0x42}), compressing).what == verdict::incomplete);
  for (const unsigned op : {0U, 8U, 9U, 10U}) CHECK(is_refused(bytes({0xc0 | op}), compressing));
  for (const unsigned bits : {0x90U, 0xa0U, 0xd0U, 0xe0U}) CHECK(is_refused(bytes({bits | 1}), compressing));
}

TEST_CASE("frame: opcodes that are not known are refused by the first byte [Autobahn 4.1, 4.2]") {
  for (const unsigned op : {3U, 4U, 5U, 6U, 7U, 11U, 12U, 13U, 14U, 15U}) {
    CHECK(is_refused(bytes({0x80 | op}), server));
    CHECK(is_refused(bytes({0x80 | op}), client));
  }
}

TEST_CASE("frame: a control frame is whole and has at most 125 bytes [Autobahn 2.5, 5.1, 5.2, 7.3.6]") {
  for (const unsigned op : {8U, 9U, 10U}) {
    CHECK(is_refused(bytes({op}), server));
    CHECK(read_header(bytes({0x80 | op, 0x80 | 125}), server).what == verdict::incomplete);
    CHECK(is_refused(bytes({0x80 | op, 0x80 | 126}), server));
    CHECK(is_refused(bytes({0x80 | op, 0x80 | 127}), server));
  }
}

TEST_CASE("frame: clients mask, and servers do not") {
  CHECK(is_refused(bytes({0x81, 0x05}), server));
  CHECK(is_refused(bytes({0x81, 0x85}), client));
}

TEST_CASE("frame: lengths are written in the shortest way, and are below 2 to the power of 63") {
  CHECK(is_refused(bytes({0x81, 126, 0, 0}), client));
  CHECK(is_refused(bytes({0x81, 126, 0, 125}), client));
  CHECK(read_header(bytes({0x81, 126, 0, 126}), client).what == verdict::complete);
  CHECK(is_refused(bytes({0x81, 127, 0, 0, 0, 0, 0, 0, 0, 1}), client));
  CHECK(is_refused(bytes({0x81, 127, 0, 0, 0, 0, 0, 0, 0xff, 0xff}), client));
  CHECK(read_header(bytes({0x81, 127, 0, 0, 0, 0, 0, 1, 0, 0}), client).what == verdict::complete);
  CHECK(is_refused(bytes({0x81, 127, 0x80, 0, 0, 0, 0, 0, 0, 0}), client));
  CHECK(is_refused(bytes({0x81, 0x80 | 127, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}), server));
}
