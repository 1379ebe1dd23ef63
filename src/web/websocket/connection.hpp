// web/websocket/connection.hpp: what a websocket holds.
//
// finished   close_sent   a connection that
//   no         no           is open
//   no         yes          has sent its close, and waits for the client's (within close())
//   yes        -            is over: reason says how
#pragma once

#include <joist/net/stream.hpp>
#include <joist/web/websocket.hpp>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "web/websocket/decoder.hpp"
#include "web/websocket/encoder.hpp"

namespace joist::inline v0::web {

struct websocket::state {
  state(net::stream& to, std::shared_ptr<const websocket_options> how, const ws::decoder_options& reading)
      : peer{to}, options{std::move(how)}, incoming{reading}, quiet_at{clock::now() + options->ping_every} {}

  /// None: nothing has come until then, or it is finished.
  [[nodiscard]] ws::event next_event(joist::detail::deadline limit);
  [[nodiscard]] bool send(ws::opcode type, std::string_view payload);
  bool write_all(std::string_view frame);
  bool write_or_queue(std::string_view head, std::string_view payload);
  bool write_control(std::string_view frame);
  void wait_for_close(joist::detail::deadline limit);
  void finish(std::uint16_t code, std::string_view why);
  void heard();

  net::stream& peer;
  const std::shared_ptr<const websocket_options> options;
  ws::decoder incoming;
  std::vector<char> come;  // and not decoded; none while it waits
  std::size_t begin = 0;   // of what is unread
  std::string queue;       // for a client that is slow
  std::size_t queue_used = 0;
  std::string protocol;
  std::optional<ws::deflater> compress;
  websocket_close reason;
  clock::time_point quiet_at;
  bool awaits_pong = false;
  bool close_sent = false;
  bool finished = false;
  bool failed = false;  // the client broke the protocol, and may still be sending
};

}  // namespace joist::inline v0::web
