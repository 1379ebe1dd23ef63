#include "web/http/gzip.hpp"

#include <boost/beast/zlib/deflate_stream.hpp>
#include <boost/crc.hpp>

#include <cstdint>
#include <memory>

#include "base/assert.hpp"

namespace joist::inline v0::web::http {
namespace {

namespace zlib = boost::beast::zlib;

// Magic, deflate, no flags, no time, no hint of the effort, of no particular system. RFC 1952, 2.3.
constexpr std::string_view header{"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff", 10};

void append_little_endian(std::string& out, std::uint32_t value) {
  for (int shift = 0; shift < 32; shift += 8) out += static_cast<char>(static_cast<unsigned char>(value >> shift));
}

}  // namespace

std::string gzip(std::string_view text, int level) {
  constexpr int window_bits = 15;
  constexpr int memory_level = 8;
  const auto stream = std::make_unique<zlib::deflate_stream>();
  stream->reset(level, window_bits, memory_level, zlib::Strategy::normal);
  std::string out{header};
  zlib::z_params z;
  z.next_in = text.data();
  z.avail_in = text.size();
  for (std::size_t room = zlib::deflate_upper_bound(text.size()) + 16;; room = 256) {
    const std::size_t used = out.size();
    out.resize(used + room);
    z.next_out = out.data() + used;
    z.avail_out = room;
    boost::beast::error_code ec;
    stream->write(z, zlib::Flush::finish, ec);
    out.resize(out.size() - z.avail_out);
    if (ec == zlib::error::end_of_stream) break;
    JOIST_ASSERT(!ec || ec == zlib::error::need_buffers, "a deflater that has room goes on");
  }
  boost::crc_32_type check;
  check.process_bytes(text.data(), text.size());
  append_little_endian(out, check.checksum());
  append_little_endian(out, static_cast<std::uint32_t>(text.size()));
  return out;
}

}  // namespace joist::inline v0::web::http
