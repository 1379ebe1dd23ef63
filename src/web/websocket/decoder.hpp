// web/websocket/decoder.hpp: bytes of a connection in, messages and control frames out. RFC 6455, sections 5 to 8. Pure.
//
//   while (auto e = decoder.next(bytes)) handle(e);   // bytes: a span, whose front moves on
//
// Promises
//   what comes out does not depend on how the bytes are cut (of a peer that keeps to the window it agreed to)
//   what is wrong is told as soon as the bytes that came show it; after that, and after a close, nothing more comes out
//   limits are applied to what a header claims; memory is taken for what has come: at most the limit, and a control frame
//   between messages it holds no memory but the window of a compression with context takeover
//   a frame that came whole, of a message of one frame, is unmasked where it lies: no copy
//
//   between  in progress        a decoder that
//     frames   nothing            waits for a header: an idle connection
//     frames   an open message    waits for its continuation, or a control frame
//     -        a frame            waits for the rest of its payload
//     frames   nothing, finished  takes nothing any more
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

#include "web/websocket/close_code.hpp"
#include "web/websocket/compression.hpp"
#include "web/websocket/frame.hpp"

namespace joist::inline v0::web::ws {

struct event {
  enum class kind : std::uint8_t { none, text, binary, ping, pong, close, failure };

  kind what = kind::none;    // none: all bytes are taken, more are needed
  close_code code{};         // close: what the peer said; failure: what it is closed with
  std::string_view payload;  // the message; close: the reason; failure: a sentence. It is there until the next call

  explicit operator bool() const noexcept { return what != kind::none; }
};

struct decoder_options {
  role self = role::server;
  std::uint32_t most_frame_bytes = 16 * 1024 * 1024;
  std::uint32_t most_message_bytes = 16 * 1024 * 1024;
  std::optional<compression> inflate{};  // how the peer compresses: negotiated
};

class decoder {
 public:
  explicit decoder(const decoder_options& options);
  decoder(decoder&&) noexcept;
  decoder& operator=(decoder&&) noexcept;
  ~decoder();

  /// The next event. What it took is cut off the front of `bytes`; it may have been changed in place.     [any thread]
  [[nodiscard]] event next(std::span<char>& bytes);
  /// Whether a close or a failure came out.     [any thread]
  [[nodiscard]] bool finished() const noexcept { return finished_; }
  /// What it holds, with what it has room for.     [any thread]
  [[nodiscard]] std::size_t buffered_bytes() const noexcept;

 private:
  struct progress;

  [[nodiscard]] bool in_frame() const noexcept;
  [[nodiscard]] progress& progressing();
  [[nodiscard]] header_reading take_header(std::span<char>& bytes) noexcept;
  [[nodiscard]] header_reading take_rest_of_header(std::span<char>& bytes) noexcept;
  [[nodiscard]] std::optional<refusal> wrong_here(const frame_header& header) const noexcept;
  [[nodiscard]] event take_whole(const frame_header& header, std::span<char>& bytes);
  void begin(const frame_header& header);
  [[nodiscard]] event take_payload(std::span<char>& bytes);
  [[nodiscard]] std::optional<refusal> add(std::string_view piece);
  [[nodiscard]] event message_end();
  [[nodiscard]] event control(opcode op, std::string_view payload) noexcept;
  [[nodiscard]] event refuse(refusal why) noexcept;

  std::uint32_t most_frame_bytes_;
  std::uint32_t most_message_bytes_;
  std::unique_ptr<progress> progress_;  // null: nothing is in progress
  std::optional<inflater> inflater_;
  std::array<char, most_header_bytes> head_{};  // the header that has come in part
  std::uint8_t head_bytes_ = 0;
  role self_;
  bool finished_ = false;
};
static_assert(sizeof(decoder) <= 64, "a million idle connections: 64 MB for their decoders");

}  // namespace joist::inline v0::web::ws
