// tests/fuzz/websocket_frames.cpp: whatever bytes come, the decoder does not crash, holds no more than its limits, and says
// the same however they are cut. What it says is sent again, and says the same again.
//
//   cmake -B build/fuzz -DCMAKE_CXX_COMPILER=clang++ -DJOIST_BUILD_FUZZERS=ON
//   cmake --build build/fuzz --target fuzz.websocket_frames
//   build/fuzz/tests/fuzz/fuzz.websocket_frames -max_total_time=60 new_inputs tests/fuzz/corpus/websocket_frames
//
// An input is a byte of settings (1: client, 2: compression, 4: without context takeover, 8: what is sent again has a
// window of 9 bits), a byte that seeds the cuts, and what comes from the connection.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "base/assert.hpp"
#include "web/websocket/decoder.hpp"
#include "web/websocket/encoder.hpp"
#include "web/websocket/utf8.hpp"

namespace {

using namespace joist::web::ws;

constexpr std::uint32_t most_frame_bytes = 3000;
constexpr std::uint32_t most_message_bytes = 5000;

struct seen_event {
  event::kind what;
  close_code code;
  std::string payload;

  friend bool operator==(const seen_event&, const seen_event&) = default;
};

std::vector<seen_event> decoded(std::string_view bytes, const decoder_options& options, unsigned most_piece_bytes,
                                unsigned seed) {
  decoder d{options};
  std::minstd_rand random{seed};
  std::vector<seen_event> seen;
  while (!bytes.empty()) {
    const std::size_t size = std::min<std::size_t>(1 + random() % most_piece_bytes, bytes.size());
    std::vector<char> piece(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size));
    bytes.remove_prefix(size);
    std::span<char> left{piece};
    while (const auto e = d.next(left)) {
      JOIST_ASSERT(seen.empty() || seen.back().what < event::kind::close, "nothing comes after a close or a failure");
      JOIST_ASSERT(e.payload.size() <= most_message_bytes, "a message keeps to the limit");
      JOIST_ASSERT(e.what != event::kind::text || is_utf8(e.payload), "text is UTF-8");
      // The sentence about a damaged compressed message may depend on how much was inflated at once: the code does not.
      seen.push_back({e.what, e.code, e.what == event::kind::failure ? "" : std::string{e.payload}});
    }
    JOIST_ASSERT(left.empty(), "a decoder that says nothing has taken all bytes");
    JOIST_ASSERT(d.buffered_bytes() <= most_message_bytes + 1024,
                 "a decoder holds a message of the limit, and its own state");
  }
  return seen;
}

std::string encoded(const std::vector<seen_event>& events, const decoder_options& options) {
  std::string bytes;
  std::optional<mask_key> key;
  if (options.self == role::server) key = mask_key{1, 2, 3, 4};
  std::optional<deflater> compress;
  if (options.inflate) compress.emplace(*options.inflate, compression_effort{.memory_level = 1});
  for (const auto& e : events) {
    const auto type = e.what == event::kind::text ? opcode::text : opcode::binary;
    switch (e.what) {
      case event::kind::text:
      case event::kind::binary:
        if (compress)
          append_message(bytes, type, e.payload, *compress, key);
        else
          append_message(bytes, type, e.payload, key);
        break;
      case event::kind::ping: append_ping(bytes, e.payload, key); break;
      case event::kind::pong: append_pong(bytes, e.payload, key); break;
      case event::kind::close: append_close(bytes, e.code, e.payload, key); break;
      case event::kind::failure: append_close(bytes, e.code, e.payload, key); break;
      case event::kind::none: break;
    }
  }
  return bytes;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  decoder_options options{.most_frame_bytes = most_frame_bytes, .most_message_bytes = most_message_bytes};
  options.self = (data[0] & 1) != 0 ? role::client : role::server;
  if ((data[0] & 2) != 0) options.inflate = compression{15, (data[0] & 4) == 0};
  const std::string_view bytes{reinterpret_cast<const char*>(data) + 2, size - 2};

  const auto whole = decoded(bytes, options, 1U << 30, 1);
  JOIST_ASSERT(decoded(bytes, options, 1, 1) == whole, "byte by byte it is the same");
  for (const unsigned most : {3U, 40U, 700U})
    JOIST_ASSERT(decoded(bytes, options, most, data[1] + 1U) == whole, "in pieces it is the same");

  auto expected = whole;
  if (!expected.empty() && expected.back().what == event::kind::failure) expected.back().what = event::kind::close;
  if (options.inflate && (data[0] & 8) != 0) options.inflate->window_bits = 9;
  options.most_frame_bytes = 2 * most_message_bytes;  // of what hardly compresses
  JOIST_ASSERT(decoded(encoded(whole, options), options, 1000, data[1] + 1U) == expected, "what is sent again is the same");
  return 0;
}
