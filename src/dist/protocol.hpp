// dist/protocol.hpp: what a connection needs to know of the language that its server speaks. Implementations are pure: no
// process, no socket, no clock.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "dist/read_state.hpp"
#include "dist/server_url.hpp"

namespace joist::inline v0::dist::detail {

/// What the connection has to do.
enum class event : std::uint8_t {
  none,
  secure,  ///< TLS comes now, and then secured()
  ready,   ///< the server knows us, and what we subscribe to
  frame,   ///< `bytes` are one that another node has published
  leave,   ///< the server is about to stop: another one would be better
  limits,  ///< most_frame_bytes() is another now
  refusal  ///< the server has refused something that it was told, says why in `text`, and goes on
};

struct heard {
  read_verdict read;  ///< broken: also where the server refuses us; then the connection is of no use
  event what = event::none;
  std::string_view frame = {};
  std::string_view text = {};
};

class protocol {
 public:
  protocol() = default;
  protocol(const protocol&) = delete;
  protocol& operator=(const protocol&) = delete;
  virtual ~protocol() = default;

  /// A new connection: what was of the last one is forgotten. Appends what is said first.
  [[nodiscard]] virtual event begin(const server_url& server, std::string& out) = 0;
  virtual void secured(std::string& out) = 0;
  /// The first message in `bytes`; what it has to be answered is appended.
  [[nodiscard]] virtual heard read(std::string_view bytes, std::string& out) = 0;

  /// A frame for all nodes or, where `to` is not empty, for one.
  virtual void write_frame(std::string& out, std::string_view to, std::string_view frame) = 0;
  /// The server has to answer this.
  virtual void write_ping(std::string& out) = 0;
  /// As the server has said.
  [[nodiscard]] virtual std::size_t most_frame_bytes() const = 0;
};

using make_protocol = std::function<std::unique_ptr<protocol>(const std::string& node)>;

}  // namespace joist::inline v0::dist::detail
