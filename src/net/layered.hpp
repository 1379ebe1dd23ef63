// net/layered.hpp: what streams do with a layer, and how one is laid on a stream.
#pragma once

#include <joist/net/stream.hpp>

#include <memory>

#include "net/descriptor.hpp"

namespace joist::inline v0::net::detail {

/// Until the system has all of it.     [the owner]
[[nodiscard]] io_result<void> write_through(stream_layer& layer, const descriptor& socket,
                                            std::span<const std::span<const std::byte>> pieces, const deadline& limit);
/// As stream::try_write_now.     [the owner]
[[nodiscard]] io_result<std::size_t> write_now(stream_layer& layer, wire below, std::span<const std::byte> some);
/// Until the system has what the layer kept.     [the owner]
[[nodiscard]] io_result<void> flush_through(stream_layer& layer, const descriptor& socket, const deadline& limit);
/// As stream::try_shutdown_write, above the socket.     [the owner]
[[nodiscard]] io_result<void> finish_through(stream_layer& layer, const descriptor& socket);
/// Whether the end of this stream is what its process wants the peer to take for the end of the data: not while that fails.
[[nodiscard]] bool ends_well(const descriptor& socket) noexcept;

/// For the rooms that bring layers.
struct layer_access {
  /// The open socket, used by the calling process.     [process]
  [[nodiscard]] static entry& socket(stream& s, const char* call) { return use(s.fd_, call); }
  [[nodiscard]] static const descriptor& handle(const stream& s) noexcept { return s.fd_; }
  [[nodiscard]] static stream_layer* layer(const stream& s) noexcept { return s.layer_.get(); }
  static void lay(stream& s, std::unique_ptr<stream_layer> on) noexcept { s.layer_ = std::move(on); }
};

}  // namespace joist::inline v0::net::detail
