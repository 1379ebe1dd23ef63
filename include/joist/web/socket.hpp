// joist/web/socket.hpp: what the official Phoenix client connects to: who may, and which channels there are.
//
//   struct user { std::string name; };
//
//   joist::web::socket<user> users{bus};
//   users.on_connect([](const joist::web::request& in) -> std::optional<user> {          // new Socket("/socket", {params:
//   ...})
//     const auto name = in.query("name");
//     return name ? std::optional{user{std::string{*name}}} : std::nullopt;               // nothing: 403
//   });
//   users.channel<room>("room:*");
//   users.add_to(routes, "/socket");
//
// Promises
//   speaks to the npm package `phoenix`, unmodified: version 2 of its protocol, JSON and bytes, and version 1
//   a process for each client, and one for each topic that it has joined, which ends with the client's
//   pages of other origins get no socket, unless allow_origins names them
//   a client that sends nothing, not even heartbeats, for `silence`, is closed; so is one that reads too slowly, sends too
//     much or too often, or what is no message
//   at a stop of the server each client is closed with 1001, and comes back, to whoever serves then
//
// Example: examples/chat. See also: channel.hpp, pubsub/pubsub.hpp, websocket.hpp. Phoenix: Phoenix.Socket,
// Phoenix.Endpoint.
#pragma once

#include <joist/pubsub/pubsub.hpp>
#include <joist/web/channel.hpp>
#include <joist/web/router.hpp>

#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace joist::inline v0::web {

struct socket_options {
  std::vector<std::string> allow_origins = {};   ///< "https://example.org" beside the host itself; "*": all
  std::chrono::milliseconds silence{60'000};     ///< of the client; its heartbeat comes every 30 s
  std::uint32_t max_message_bytes = 1 << 20;     ///< beyond: closed with 1009
  std::size_t max_channels = 100;                ///< of one client; beyond, joins are refused
  std::size_t messages_per_second = 0;           ///< of one client, and as many at once; beyond: closed with 1008. 0: any
  std::size_t queue_bytes = 1 << 20;             ///< that a client has not read; beyond: closed with 1008
  std::size_t unhandled_bytes = 16 << 20;        ///< what a client has sent, and its channels not handled, takes: the same
  std::size_t drain_batch = 10'000;              ///< at a stop of the server so many clients are closed at once, and then,
  std::chrono::milliseconds drain_pause{2'000};  ///< evenly, as many in each such time: they all come back somewhere
  bool compress = false;                         ///< permessage-deflate
  std::chrono::milliseconds poll{10'000};        ///< how long a long poll waits; a client that is late by half of it is gone
  std::size_t max_polling = 10'000;              ///< clients that long-poll; beyond: 503
};

namespace channels {

struct channel_kind {
  std::string pattern;
  std::function<monitored(std::string_view topic, const client_payload& params)> start;  // throws as spawn does
};

struct socket_core {
  socket_core(pubsub b, socket_options o);

  /// Throws errc::bad_argument for a pattern that is there, or has a star in its middle.
  void add(channel_kind kind);
  /// Null: no channel has such topics. A pattern that is the topic goes before the longest that it begins with.
  [[nodiscard]] const channel_kind* find(std::string_view topic) const noexcept;

  pubsub bus;
  socket_options options;
  std::vector<channel_kind> kinds;
  std::function<std::shared_ptr<const void>(const request&)> connect;  // null: refused
  std::function<std::string(const void* user)> id;                     // none: they have no id
};

void add_routes(router& routes, std::string_view path, std::shared_ptr<const socket_core> core);

}  // namespace channels

/// Made and changed at start-up, and copied into routes.     [start-up]
template <class User = nobody>
class socket {
 public:
  explicit socket(pubsub bus, socket_options options = {})
      : core_{std::make_shared<channels::socket_core>(std::move(bus), std::move(options))} {
    if constexpr (std::same_as<User, nobody>) {
      core_->connect = [](const request&) { return joist::detail::make_pooled<const nobody>(); };
    }
  }

  /// Says who a client is, out of its request: query, cookies, fields. Nothing: 403. An http_error is answered as it is.
  /// Called by many at once.
  socket& on_connect(std::function<std::optional<User>(const request&)> who) {
    core_->connect = [who = std::move(who)](const request& in) -> std::shared_ptr<const void> {
      std::optional<User> user = who(in);
      return user ? joist::detail::make_pooled<const User>(*std::move(user)) : nullptr;
    };
    return *this;
  }
  /// The topic under which the sockets of a user are disconnected: disconnect(bus, id).
  socket& id(std::function<std::string(const User&)> of) {
    core_->id = [of = std::move(of)](const void* user) { return of(*static_cast<const User*>(user)); };
    return *this;
  }
  /// A class of channels for a topic, or, with a star at its end, for all that begin so: "room:*". The arguments are copied
  /// for the constructor of each channel.
  template <class Channel, class... Arguments>
  socket& channel(std::string pattern, Arguments... arguments) {
    static_assert(std::derived_from<Channel, web::channel<Channel, User>>,
                  "joist: a channel of this socket derives, publicly, from joist::web::channel<itself, the socket's user>");
    constexpr bool can_be_copied = (std::copy_constructible<Arguments> && ...);
    static_assert(can_be_copied,
                  "joist: the arguments of a channel are copied for each: make what cannot be copied in its constructor");
    constexpr bool can_be_made = std::is_constructible_v<Channel, Arguments...>;
    static_assert(can_be_made,
                  "joist: the channel has no public constructor that takes these arguments (they arrive as values)");
    if constexpr (can_be_copied && can_be_made) {  // else all has been said
      core_->add({std::move(pattern), [... arguments = std::move(arguments)](std::string_view, const client_payload&) {
                    return channels::start_channel<Channel>(arguments...);
                  }});
    }
    return *this;
  }
  /// Serves clients at path/websocket, and those that long-poll at path/longpoll. Throws errc::bad_argument without an
  /// on_connect, where there is a User.
  void add_to(router& routes, std::string_view path) const { channels::add_routes(routes, path, core_); }

 private:
  std::shared_ptr<channels::socket_core> core_;
};

/// For on_connect: what the client was given as `authToken`, which is in no URL, and so in no log. As the client says it:
/// nobody has verified it.     [any thread]
[[nodiscard]] std::optional<std::string> auth_token(const request& in);

/// To all clients that have joined the topic, on all nodes, from anywhere. `false`: this node alone (pubsub_error).
/// [any thread]
bool broadcast(const pubsub& bus, std::string_view topic, std::string_view event, const payload& body);
template <channels::named_event Event>
bool broadcast(const pubsub& bus, std::string_view topic, const Event& e) {
  return broadcast(bus, topic, channels::event_name<Event>(), payload{e});
}
/// Closes the sockets of an id, on all nodes.     [any thread]
bool disconnect(const pubsub& bus, std::string_view id);

}  // namespace joist::inline v0::web
