// tests/support/websocket_events.hpp: what a decoder makes of bytes, cut in every way, and frames that are wrong on purpose.
#pragma once

#include <algorithm>
#include <ostream>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "support/catch.hpp"
#include "web/websocket/decoder.hpp"
#include "web/websocket/encoder.hpp"

namespace joist::test {

namespace ws = web::ws;

struct seen_event {
  ws::event::kind what;
  std::string payload;
  ws::close_code code{};

  friend bool operator==(const seen_event&, const seen_event&) = default;
  friend std::ostream& operator<<(std::ostream& out, const seen_event& e) {
    constexpr std::size_t shown = 40;
    return out << "kind " << static_cast<int>(e.what) << " code " << static_cast<int>(e.code) << " of " << e.payload.size()
               << " bytes: " << e.payload.substr(0, shown);
  }
};
using seen_events = std::vector<seen_event>;

inline seen_event text(std::string payload) { return {ws::event::kind::text, std::move(payload)}; }
inline seen_event binary(std::string payload) { return {ws::event::kind::binary, std::move(payload)}; }
inline seen_event ping(std::string payload) { return {ws::event::kind::ping, std::move(payload)}; }
inline seen_event pong(std::string payload) { return {ws::event::kind::pong, std::move(payload)}; }
inline seen_event closed(ws::close_code code, std::string reason = {}) {
  return {ws::event::kind::close, std::move(reason), code};
}

/// Takes what the decoder makes of one piece. The memory of the piece ends where it ends, so that a sanitizer sees who
/// reads on.
inline void feed(ws::decoder& decoder, std::string_view piece, seen_events& seen) {
  std::vector<char> memory(piece.begin(), piece.end());
  std::span<char> bytes{memory};
  while (const auto e = decoder.next(bytes)) seen.push_back({e.what, std::string{e.payload}, e.code});
  if (!bytes.empty()) FAIL("a decoder that says nothing has taken all bytes");
}

inline seen_events decoded(std::string_view bytes, const ws::decoder_options& options, std::size_t piece_bytes) {
  ws::decoder decoder{options};
  seen_events seen;
  for (; !bytes.empty(); bytes.remove_prefix(std::min(piece_bytes, bytes.size())))
    feed(decoder, bytes.substr(0, piece_bytes), seen);
  return seen;
}

/// In one piece, byte by byte where that is not too much, and in pieces of random lengths: all say the same.
inline seen_events decoded(std::string_view bytes, const ws::decoder_options& options = {}) {
  const auto whole = decoded(bytes, options, bytes.size());
  const bool is_short = bytes.size() < 200'000;
  if (is_short) CHECK(decoded(bytes, options, 1) == whole);
  for (unsigned seed = 0; seed < 8; ++seed) {
    INFO("seed " << seed);
    std::mt19937 random{seed};
    const std::size_t most = is_short && seed % 2 == 0 ? 12 : std::max<std::size_t>(bytes.size() / 3, 1);
    ws::decoder decoder{options};
    seen_events seen;
    for (std::string_view left = bytes; !left.empty();) {
      const std::string_view piece = left.substr(0, std::uniform_int_distribution<std::size_t>{1, most}(random));
      feed(decoder, piece, seen);
      left.remove_prefix(piece.size());
    }
    CHECK(seen == whole);
  }
  return whole;
}

/// As seen, with a failure of that code at the end, whose sentence is not looked at.
inline bool fails(seen_events seen, const seen_events& before, ws::close_code code) {
  if (seen.empty() || seen.back().what != ws::event::kind::failure || seen.back().code != code) return false;
  seen.pop_back();
  return seen == before;
}

inline constexpr ws::mask_key test_key{0x37, 0xfa, 0x21, 0x3d};

/// A frame of a client.
inline std::string frame(ws::opcode op, std::string_view payload, bool final = true, bool compressed = false) {
  std::string bytes;
  ws::append_frame(bytes, {.op = op, .final = final, .compressed = compressed, .masked = test_key}, payload);
  return bytes;
}
/// The same with other bits in its first byte.
inline std::string frame_with_first_byte(unsigned first, std::string_view payload = {}) {
  std::string bytes = frame(ws::opcode::text, payload);
  bytes[0] = static_cast<char>(first);
  return bytes;
}

}  // namespace joist::test
