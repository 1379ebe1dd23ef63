// web/websocket/compression.hpp: messages deflated and inflated. RFC 7692, 7.2. Pure.
//
// Promises
//   nothing is allocated before the first message; without context takeover, nothing stays after one
//   what a message inflates to is counted while it inflates: what stands for gigabytes costs the limit, and no more
//
// With context takeover a deflater weighs up to 270 KiB (15 bits, memory level 8), an inflater 8 KiB and its window.
// Without, one deflater may serve all connections of a process.
// zlib does not look whether a peer keeps to its window: what refers to more is right or damaged, as it was cut.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "web/websocket/close_code.hpp"

namespace joist::inline v0::web::ws {

/// How the messages of one direction are compressed.
struct compression {
  std::uint8_t window_bits = 15;  // 9 to 15: the window has as many bytes as 2 to the power of it
  bool context_takeover = true;   // a message may refer to those before it

  friend bool operator==(const compression&, const compression&) = default;
};

/// What the one who deflates may choose by itself.
struct compression_effort {
  std::uint8_t level = 6;         // 1 to 9
  std::uint8_t memory_level = 8;  // 1 to 9
};

class deflater {
 public:
  explicit deflater(compression how, compression_effort effort = {});
  deflater(deflater&&) noexcept;
  deflater& operator=(deflater&&) noexcept;
  ~deflater();

  /// Appends the payload of one message. With context takeover the peer has to get it.     [any thread]
  void deflate(std::string_view message, std::string& out);
  [[nodiscard]] bool context_takeover() const noexcept { return how_.context_takeover; }

 private:
  struct state;

  std::unique_ptr<state> state_;
  compression how_;
  compression_effort effort_;
};

class inflater {
 public:
  explicit inflater(compression how);
  inflater(inflater&&) noexcept;
  inflater& operator=(inflater&&) noexcept;
  ~inflater();

  /// Appends what the next piece of a message inflates to, as long as `out` stays within `most_bytes`. When it refuses,
  /// `out` may hold less than what was right.     [any thread]
  [[nodiscard]] std::optional<refusal> add(std::string_view piece, std::vector<char>& out, std::size_t most_bytes);
  /// The last piece has come.     [any thread]
  [[nodiscard]] std::optional<refusal> end(std::vector<char>& out, std::size_t most_bytes);
  /// Forgets everything.     [any thread]
  void drop() noexcept;

 private:
  struct state;

  std::unique_ptr<state> state_;
  compression how_;
};

/// Makes room for `bytes` more: twice the room where it has to move, yet no more than `most_bytes`, which is enough for
/// them.
///     [any thread]
void make_room(std::vector<char>& out, std::size_t bytes, std::size_t most_bytes);

}  // namespace joist::inline v0::web::ws
