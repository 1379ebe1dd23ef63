#include "web/websocket/encoder.hpp"

#include <joist/error.hpp>

#include <fmt/format.h>

namespace joist::inline v0::web::ws {
namespace {

void append_control(std::string& out, opcode op, std::string_view payload, std::optional<mask_key> masked) {
  if (payload.size() > most_control_bytes)
    throw error{errc::bad_argument,
                fmt::format("websocket: expected at most {} bytes in a ping or pong, got {}: send more as a message",
                            most_control_bytes, payload.size())};
  append_frame(out, {.op = op, .masked = masked}, payload);
}

}  // namespace

void append_frame(std::string& out, frame_header header, std::string_view payload) {
  header.payload_bytes = payload.size();
  const auto head = encode(header);
  out += head.view();
  const std::size_t begin = out.size();
  out += payload;
  if (header.masked) mask(std::span{out}.subspan(begin), *header.masked);
}

void append_message(std::string& out, opcode type, std::string_view payload, std::optional<mask_key> masked) {
  append_frame(out, {.op = type, .masked = masked}, payload);
}

void append_message(std::string& out, opcode type, std::string_view payload, deflater& compress,
                    std::optional<mask_key> masked) {
  std::string deflated;
  compress.deflate(payload, deflated);
  if (!compress.context_takeover() && deflated.size() >= payload.size()) return append_message(out, type, payload, masked);
  append_frame(out, {.op = type, .compressed = true, .masked = masked}, deflated);
}

void append_ping(std::string& out, std::string_view payload, std::optional<mask_key> masked) {
  append_control(out, opcode::ping, payload, masked);
}

void append_pong(std::string& out, std::string_view payload, std::optional<mask_key> masked) {
  append_control(out, opcode::pong, payload, masked);
}

void append_close(std::string& out, close_code code, std::string_view reason, std::optional<mask_key> masked) {
  append_control(out, opcode::close, format_close(code, reason).view(), masked);
}

}  // namespace joist::inline v0::web::ws
