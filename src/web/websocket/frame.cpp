#include "web/websocket/frame.hpp"

#include <cstring>

namespace joist::inline v0::web::ws {
namespace {

constexpr unsigned fin_bit = 0x80;
constexpr unsigned rsv1_bit = 0x40;
constexpr unsigned other_rsv_bits = 0x30;
constexpr unsigned opcode_bits = 0x0f;
constexpr unsigned mask_bit = 0x80;
constexpr unsigned two_bytes_follow = 126;
constexpr unsigned eight_bytes_follow = 127;

unsigned byte_at(std::string_view bytes, std::size_t i) noexcept { return static_cast<unsigned char>(bytes[i]); }

std::uint64_t big_endian(std::string_view bytes) noexcept {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i) value = value << 8 | byte_at(bytes, i);
  return value;
}

void put_big_endian(char* at, std::uint64_t value, unsigned size) noexcept {
  for (unsigned i = 0; i < size; ++i) at[i] = static_cast<char>(value >> 8 * (size - 1 - i) & 0xff);
}

// Empty: nothing is wrong with it.
std::string_view wrong_with_first(unsigned byte, header_rules rules) noexcept {
  const unsigned op = byte & opcode_bits;
  if ((byte & other_rsv_bits) != 0) return "a frame has reserved bits set";
  if ((op > 2 && op < 8) || op > 10) return "a frame has an opcode that is not known";
  if ((byte & rsv1_bit) != 0) {
    if (!rules.compression) return "a frame is marked as compressed, and compression was not negotiated";
    if (op == 0 || op >= 8) return "a frame is marked as compressed that does not begin a message";
  }
  if (op >= 8 && (byte & fin_bit) == 0) return "a control frame is fragmented";
  return {};
}

std::string_view wrong_with_second(unsigned byte, opcode op, header_rules rules) noexcept {
  const bool masked = (byte & mask_bit) != 0;
  if (masked && rules.reader == role::client) return "a frame of the server is masked";
  if (!masked && rules.reader == role::server) return "a frame of the client is not masked";
  if (is_control(op) && (byte & ~mask_bit) > most_control_bytes) return "a control frame is longer than 125 bytes";
  return {};
}

std::string_view wrong_with_length(std::uint64_t length, std::size_t follow) noexcept {
  if (length >> 63 != 0) return "the length of a frame has its highest bit set";
  if ((follow == 2 && length < two_bytes_follow) || (follow == 8 && length <= 0xffff))
    return "the length of a frame is not written in the shortest way";
  return {};
}

}  // namespace

encoded_header encode(const frame_header& header) noexcept {
  encoded_header e;
  const unsigned fin = header.final ? fin_bit : 0;
  const unsigned rsv1 = header.compressed ? rsv1_bit : 0;
  const unsigned mask = header.masked ? mask_bit : 0;
  unsigned length = static_cast<unsigned>(header.payload_bytes);
  unsigned follow = 0;
  if (header.payload_bytes > 0xffff) {
    length = eight_bytes_follow;
    follow = 8;
  } else if (header.payload_bytes > 125) {
    length = two_bytes_follow;
    follow = 2;
  }
  e.bytes[0] = static_cast<char>(fin | rsv1 | static_cast<unsigned>(header.op));
  e.bytes[1] = static_cast<char>(mask | length);
  put_big_endian(&e.bytes[2], header.payload_bytes, follow);
  unsigned size = 2 + follow;
  if (header.masked) {
    std::memcpy(&e.bytes[size], header.masked->data(), header.masked->size());
    size += 4;
  }
  e.size = static_cast<std::uint8_t>(size);
  return e;
}

// One object is returned on all ways, and made in its place: a copy of what was just written in parts is slow.
header_reading read_header(std::string_view bytes, header_rules rules) noexcept {
  using verdict = header_reading::verdict;
  header_reading r;
  const auto is_wrong = [&r](std::string_view sentence) {
    if (sentence.empty()) return false;
    r.what = verdict::refused;
    r.why = {close_code::protocol_error, sentence};
    return true;
  };
  if (bytes.empty()) return r;
  const unsigned first = byte_at(bytes, 0);
  if (is_wrong(wrong_with_first(first, rules)) || bytes.size() < 2) return r;
  const unsigned second = byte_at(bytes, 1);
  r.header.op = static_cast<opcode>(first & opcode_bits);
  r.header.final = (first & fin_bit) != 0;
  r.header.compressed = (first & rsv1_bit) != 0;
  if (is_wrong(wrong_with_second(second, r.header.op, rules))) return r;

  const bool masked = (second & mask_bit) != 0;
  const unsigned length = second & ~mask_bit;
  const std::size_t follow = length == two_bytes_follow ? 2 : length == eight_bytes_follow ? 8 : 0;
  if (bytes.size() < 2 + follow) return r;
  r.header.payload_bytes = follow == 0 ? length : big_endian(bytes.substr(2, follow));
  if (is_wrong(wrong_with_length(r.header.payload_bytes, follow))) return r;
  const std::size_t size = 2 + follow + (masked ? 4 : 0);
  if (bytes.size() < size) return r;
  if (masked) {
    mask_key key;
    std::memcpy(key.data(), bytes.data() + 2 + follow, key.size());
    r.header.masked = key;
  }
  r.header_bytes = static_cast<std::uint8_t>(size);
  r.what = verdict::complete;
  return r;
}

}  // namespace joist::inline v0::web::ws
