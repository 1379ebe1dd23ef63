// joist/net/detail/stream_layer.hpp: what may lie between a stream and its socket, such as TLS (joist/tls/stream.hpp): bytes
// become other bytes on their way. A stream with a layer is a stream: whoever reads and writes it knows nothing of it.
//
// A layer never waits: it does what can be done at once, and the stream waits for the socket, in frames that are shallow. It
// keeps no pointer to what it was given, and is used by the stream's owner alone.
#pragma once

#include <joist/result.hpp>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <span>
#include <system_error>

namespace joist::inline v0::net::detail {

struct entry;

/// Nothing can be done now: the socket has to change first.
[[nodiscard]] inline std::error_code would_block() noexcept { return {EAGAIN, std::system_category()}; }
[[nodiscard]] inline bool is_would_block(const std::error_code& why) noexcept {
  return why.value() == EAGAIN && why.category() == std::system_category();
}

/// The socket below a layer.
class wire {
 public:
  explicit wire(entry& socket) noexcept : socket_{&socket} {}
  /// As recv and send of the system, without waiting. 0 received: the end.     [the owner]
  [[nodiscard]] result<std::size_t, std::error_code> receive(std::span<std::byte> into) const;
  [[nodiscard]] result<std::size_t, std::error_code> send(std::span<const std::byte> from) const;

 private:
  entry* socket_;
};

class stream_layer {
 public:
  stream_layer() = default;
  stream_layer(const stream_layer&) = delete;
  stream_layer& operator=(const stream_layer&) = delete;
  virtual ~stream_layer() = default;

  /// One byte or more of what has come; 0: the peer has said that there is no more; would_block: wait for more of the wire.
  [[nodiscard]] virtual result<std::size_t, std::error_code> read(wire below, std::span<std::byte> into) = 0;
  /// Takes some of `from`, which is not empty, and gives it to the wire; what that does not take is kept. would_block: what
  /// was kept has not gone yet, and nothing is taken.
  [[nodiscard]] virtual result<std::size_t, std::error_code> write(wire below, std::span<const std::byte> from) = 0;
  /// Gives the wire what is kept. would_block: not all of it went.
  [[nodiscard]] virtual result<void, std::error_code> flush(wire below) = 0;
  /// Something is kept.
  [[nodiscard]] virtual bool has_unsent() const noexcept = 0;
  /// read() may give something without any change of the wire.
  [[nodiscard]] virtual bool may_have_unread() const noexcept = 0;
  /// Tells the peer that no more comes. As flush().
  [[nodiscard]] virtual result<void, std::error_code> finish(wire below) = 0;

  /// The last byte that was written now is on its way, and the writer was told that it was not taken: so it comes back, with
  /// more time, to see the rest of its record off. What is written next begins with it.     [stream]
  bool owes_byte = false;
};

}  // namespace joist::inline v0::net::detail
