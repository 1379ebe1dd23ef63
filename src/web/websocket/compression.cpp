#include "web/websocket/compression.hpp"

#include <boost/beast/zlib/deflate_stream.hpp>
#include <boost/beast/zlib/inflate_stream.hpp>

#include <algorithm>
#include <bit>

#include "base/assert.hpp"

namespace joist::inline v0::web::ws {
namespace {

namespace zlib = boost::beast::zlib;

// A message ends with an empty block, of whose five bytes the last four do not travel. RFC 7692, 7.2.1.
constexpr std::string_view end_of_message{"\x00\x00\xff\xff", 4};
constexpr std::string_view empty_message{"\x00", 1};

void check(compression how) {
  JOIST_ASSERT(how.window_bits >= 9 && how.window_bits <= 15, "the window of a compression has 9 to 15 bits");
}

// A message that nothing refers to needs no more window, and no more symbols, than it has bytes.
compression fitted(compression how, std::size_t message_bytes) {
  constexpr std::size_t lookahead_bytes = 262;  // zlib keeps as many out of the reach of matches
  if (how.context_takeover) return how;
  const auto bits = std::bit_width(message_bytes + lookahead_bytes - 1);
  how.window_bits = std::clamp(static_cast<std::uint8_t>(bits), std::uint8_t{9}, how.window_bits);
  return how;
}
compression_effort fitted(compression_effort effort, compression how, std::size_t message_bytes) {
  if (how.context_takeover) return effort;
  const auto level = std::max(static_cast<int>(std::bit_width(message_bytes)) - 6, 1);  // room for 2^(level + 6) symbols
  effort.memory_level = static_cast<std::uint8_t>(std::min<int>(level, effort.memory_level));
  return effort;
}

}  // namespace

void make_room(std::vector<char>& out, std::size_t bytes, std::size_t most_bytes) {
  const std::size_t needed = out.size() + bytes;
  if (needed > out.capacity()) out.reserve(std::max(needed, std::min(2 * out.capacity(), most_bytes)));
}

struct deflater::state {
  zlib::deflate_stream stream;
};

deflater::deflater(compression how, compression_effort effort) : how_{how}, effort_{effort} { check(how); }
deflater::deflater(deflater&&) noexcept = default;
deflater& deflater::operator=(deflater&&) noexcept = default;
deflater::~deflater() = default;

void deflater::deflate(std::string_view message, std::string& out) {
  if (message.empty()) {  // the stream has nothing to flush
    out += empty_message;
    return;
  }
  if (state_ == nullptr) {
    state_ = std::make_unique<state>();
    const auto effort = fitted(effort_, how_, message.size());
    state_->stream.reset(effort.level, fitted(how_, message.size()).window_bits, effort.memory_level,
                         zlib::Strategy::normal);
  }
  zlib::z_params z;
  z.next_in = message.data();
  z.avail_in = message.size();
  std::size_t used = out.size();
  std::size_t room = zlib::deflate_upper_bound(message.size()) + 16;  // mostly enough for all
  do {
    out.resize(used + room);
    z.next_out = out.data() + used;
    z.avail_out = room;
    boost::beast::error_code ec;
    state_->stream.write(z, zlib::Flush::sync, ec);
    JOIST_ASSERT(!ec, "a deflater that has room goes on");
    used = out.size() - z.avail_out;
    room = 256;
  } while (z.avail_out == 0);  // there may be more: an end that comes twice does no harm
  out.resize(used);
  JOIST_ASSERT(out.ends_with(end_of_message), "a message that is flushed ends with an empty block");
  out.resize(used - end_of_message.size());
  if (!how_.context_takeover) state_.reset();
}

struct inflater::state {
  zlib::inflate_stream stream;
  bool between_blocks = false;  // after the last write
};

inflater::inflater(compression how) : how_{how} { check(how); }
inflater::inflater(inflater&&) noexcept = default;
inflater& inflater::operator=(inflater&&) noexcept = default;
inflater::~inflater() = default;

std::optional<refusal> inflater::add(std::string_view piece, std::vector<char>& out, std::size_t most_bytes) {
  constexpr std::size_t least_room = 512;  // the fast way of zlib needs 258
  if (state_ == nullptr) {
    state_ = std::make_unique<state>();
    state_->stream.reset(how_.window_bits);
  }
  zlib::z_params z;
  z.next_in = piece.data();
  z.avail_in = piece.size();
  for (;;) {
    // Where the limit is reached, one byte more is room for the proof that there is more.
    const std::size_t before = out.size();
    const std::size_t left = most_bytes - before;
    const std::size_t room = std::min(left, std::max(least_room, 3 * z.avail_in));
    char beyond = 0;
    make_room(out, room, most_bytes);
    out.resize(before + room);
    z.next_out = room > 0 ? out.data() + before : &beyond;
    z.avail_out = std::max<std::size_t>(room, 1);
    const std::size_t offered = z.avail_out;
    boost::beast::error_code ec;
    state_->stream.write(z, zlib::Flush::none, ec);
    const std::size_t made = offered - z.avail_out;
    out.resize(before + (room > 0 ? made : 0));
    if (room == 0 && made > 0)
      return refusal{close_code::message_too_big, "a message inflates to more bytes than are allowed"};
    const auto unused_bits = static_cast<unsigned>(z.data_type) & 63U;
    state_->between_blocks = (static_cast<unsigned>(z.data_type) & 128U) != 0 && unused_bits == 0;
    if (ec == zlib::error::end_of_stream) {
      // A block was marked as the last one. Another stream may follow, from the next byte on; the window begins anew.
      const std::size_t taken_too_early = unused_bits / 8;
      JOIST_ASSERT(z.avail_in + taken_too_early <= piece.size(), "a byte taken too early is of the same piece");
      z.avail_in += taken_too_early;
      z.next_in = piece.data() + piece.size() - z.avail_in;
      state_->stream.reset();
    } else if (ec && ec != zlib::error::need_buffers) {
      return refusal{close_code::invalid_payload, "a compressed message is damaged"};
    }
    if (z.avail_in == 0 && z.avail_out > 0) return {};
  }
}

std::optional<refusal> inflater::end(std::vector<char>& out, std::size_t most_bytes) {
  if (auto refused = add(end_of_message, out, most_bytes)) return refused;
  if (!state_->between_blocks) return refusal{close_code::invalid_payload, "a compressed message ends too early"};
  if (!how_.context_takeover) state_.reset();
  return {};
}

void inflater::drop() noexcept { state_.reset(); }

}  // namespace joist::inline v0::web::ws
