#include "pubsub/frame.hpp"

#include <utility>

#include "pubsub/length_fields.hpp"

namespace joist::inline v0::detail {
namespace {

constexpr unsigned name_length_bytes = 1, topic_length_bytes = 2;
static_assert(most_name_bytes >> 8 * name_length_bytes == 0 && most_topic_bytes >> 8 * topic_length_bytes == 0);

}  // namespace

std::string write_frame(const frame_view& f) {
  std::string out;
  out.reserve(5 + f.from.size() + f.type.size() + f.topic.size() + f.payload.size());
  out += frame_version;
  append_field(out, f.from, name_length_bytes);
  append_field(out, f.type, name_length_bytes);
  append_field(out, f.topic, topic_length_bytes);
  out += f.payload;
  return out;
}

std::optional<frame_view> read_frame(std::string_view bytes) noexcept {
  if (bytes.empty() || bytes.front() != frame_version) return std::nullopt;
  bytes.remove_prefix(1);
  frame_view f;
  for (auto [field, length_bytes] :
       {std::pair{&f.from, name_length_bytes}, {&f.type, name_length_bytes}, {&f.topic, topic_length_bytes}}) {
    const auto text = take_field(bytes, length_bytes);
    if (!text) return std::nullopt;
    *field = *text;
  }
  f.payload = bytes;
  return f;
}

}  // namespace joist::inline v0::detail
