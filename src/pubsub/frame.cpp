#include "pubsub/frame.hpp"

#include <utility>

namespace joist::inline v0::detail {
namespace {

void append_short(std::string& out, std::string_view text) {
  out += static_cast<char>(text.size());
  out += text;
}

// The first bytes of `rest`, which is then what is behind them.
std::optional<std::string_view> take(std::string_view& rest, std::size_t count) noexcept {
  if (rest.size() < count) return std::nullopt;
  const std::string_view taken = rest.substr(0, count);
  rest.remove_prefix(count);
  return taken;
}

std::optional<std::size_t> take_length(std::string_view& rest, std::size_t bytes) noexcept {
  const auto digits = take(rest, bytes);
  if (!digits) return std::nullopt;
  std::size_t length = 0;
  for (std::size_t i = 0; i < bytes; ++i) length |= std::size_t{static_cast<unsigned char>((*digits)[i])} << 8 * i;
  return length;
}

std::optional<std::string_view> take_text(std::string_view& rest, std::size_t length_bytes) noexcept {
  const auto length = take_length(rest, length_bytes);
  return length ? take(rest, *length) : std::nullopt;
}

}  // namespace

std::string write_frame(const frame_view& f) {
  std::string out;
  out.reserve(5 + f.from.size() + f.type.size() + f.topic.size() + f.payload.size());
  out += frame_version;
  append_short(out, f.from);
  append_short(out, f.type);
  out += static_cast<char>(f.topic.size() & 0xff);
  out += static_cast<char>(f.topic.size() >> 8);
  out += f.topic;
  out += f.payload;
  return out;
}

std::optional<frame_view> read_frame(std::string_view bytes) noexcept {
  if (bytes.empty() || bytes.front() != frame_version) return std::nullopt;
  bytes.remove_prefix(1);
  frame_view f;
  for (auto [field, length_bytes] : {std::pair{&f.from, 1U}, {&f.type, 1U}, {&f.topic, 2U}}) {
    const auto text = take_text(bytes, length_bytes);
    if (!text) return std::nullopt;
    *field = *text;
  }
  f.payload = bytes;
  return f;
}

}  // namespace joist::inline v0::detail
