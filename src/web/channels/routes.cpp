// Sockets on the routes of a server: clients by WebSocket.
#include <joist/web/http_error.hpp>
#include <joist/web/socket.hpp>
#include <joist/web/websocket.hpp>

#include <joist/joist.hpp>

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "web/channels/rate.hpp"
#include "web/channels/session.hpp"

namespace joist::inline v0::web::channels {
namespace {

constexpr std::uint16_t policy_violation = 1008;

class websocket_sink final : public frame_sink {
 public:
  explicit websocket_sink(websocket& to) noexcept : to_{to} {}
  void send(const encoded_frame& f) override { (void)(f.is_binary ? to_.send_binary(f.bytes) : to_.send_text(f.bytes)); }

 private:
  websocket& to_;
};

using user_ptr = std::shared_ptr<const void>;

// Until the client, or somebody here, ends it.
void converse(websocket& ws, const std::shared_ptr<const socket_core>& core, const user_ptr& user, protocol_version v) {
  websocket_sink sink{ws};
  session channels{core, user, v, sink};
  message_rate rate{core->options.messages_per_second};
  while (const auto said =
             ws.next([&](const outgoing& o) { channels.take(o); }, [&](channel_joined j) { channels.take(std::move(j)); },
                     [&](channel_refused r) { channels.take(std::move(r)); }, [&](const down& d) { (void)channels.take(d); },
                     [&](const std::shared_ptr<const broadcast_event>& b) {
                       if (b->event == "disconnect") ws.close(1000, "disconnected");
                     })) {
    if (!rate.takes_one()) return ws.close(policy_violation, "too many messages");
    if (const auto wrong = channels.take(said->is_text, said->data)) {
      log(log_level::debug, fmt::format("socket: {}: {}", ws.remote().to_string(), *wrong));
      return ws.close(policy_violation, "not a message");
    }
  }
}

// The user of a client that is let in.
user_ptr connect(const socket_core& core, const request& in) {
  if (user_ptr user = core.connect(in)) return user;
  throw http_error{403, "on_connect has refused the client"};
}

protocol_version negotiate(const request& in) {
  if (const auto v = version_of(in.query("vsn"))) return *v;
  throw http_error{403, fmt::format("expected a vsn of 1.0.x or 2.0.x, got \"{:.32}\"", in.query("vsn").value_or(""))};
}

websocket_options options_of(const socket_options& o) {
  websocket_options made;
  made.max_message_bytes = o.max_message_bytes;
  made.ping_every = o.silence;
  made.pings = false;
  made.when_slow = slow_consumer::close;
  made.queue_bytes = o.queue_bytes;
  made.compress = o.compress;
  made.allow_origins = o.allow_origins;
  return made;
}

}  // namespace

void add_routes(router& routes, std::string_view path, std::shared_ptr<const socket_core> core) {
  if (!core->connect) {
    throw error{errc::bad_argument, "socket: expected an on_connect, which says who a client is, before add_to"};
  }
  const std::string at{path};
  routes.get(at + "/websocket", websocket_handler(options_of(core->options), [core](request& in) -> websocket_body {
               const protocol_version v = negotiate(in);
               return [core, user = connect(*core, in), v](websocket& ws) { converse(ws, core, user, v); };
             }));
}

}  // namespace joist::inline v0::web::channels
