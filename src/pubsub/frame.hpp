// pubsub/frame.hpp: a message on its way to another node, as bytes.
//
//   version   1 byte, 1
//   from      length (1 byte), name of the node that it is from
//   type      length (1 byte), name of the type
//   topic     length (2 bytes, low first), topic
//   payload   the rest
//
// Pure. What comes over a network is refused here, or is whole.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace joist::inline v0::detail {

struct frame_view {
  std::string_view from;
  std::string_view type;
  std::string_view topic;
  std::string_view payload;
  friend bool operator==(const frame_view&, const frame_view&) = default;
};

inline constexpr char frame_version = 1;
inline constexpr std::size_t most_name_bytes = 0xff;
inline constexpr std::size_t most_topic_bytes = 0xffff;

/// Names and topic are no longer than the above.
[[nodiscard]] std::string write_frame(const frame_view& f);
/// Views of `bytes`; nothing: it is no frame.
[[nodiscard]] std::optional<frame_view> read_frame(std::string_view bytes) noexcept;

}  // namespace joist::inline v0::detail
