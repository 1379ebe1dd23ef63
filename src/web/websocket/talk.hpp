// web/websocket/talk.hpp: what is said on a WebSocket, as an object: one for all connections, or one for each, whose members
// are then what the connection keeps.
#pragma once

#include <joist/web/websocket.hpp>

#include <functional>
#include <memory>

namespace joist::inline v0::web::ws {

class talk {
 public:
  talk() = default;
  talk(const talk&) = delete;
  talk& operator=(const talk&) = delete;
  virtual ~talk() = default;
  /// In the connection's process; may be called by many at once.
  virtual void run(websocket& socket) = 0;
};

/// `begin` is asked when nothing else refuses the client any more, and refuses it by throwing http_error.     [start-up]
[[nodiscard]] handler talk_handler(websocket_options options, std::function<std::shared_ptr<talk>(request&)> begin);

}  // namespace joist::inline v0::web::ws
