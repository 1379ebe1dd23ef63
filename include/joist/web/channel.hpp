// joist/web/channel.hpp: a conversation about one topic with one client: a process that the official Phoenix client joins,
// pushes to, and hears from. A class is a channel.
//
//   struct new_msg { std::string body; };                       // an event: its name, and its payload
//
//   class room : public joist::web::channel<room, user> {
//    public:
//     using events = joist::type_list<new_msg>;
//     joist::web::join_result join(std::string_view topic, const joist::web::json_value& params) { return ok(); }
//     void handle_in(const new_msg& m) { broadcast(said{socket().name, m.body}); }
//   };
//
// A channel is a gen_server: it has handle_call, handle_cast, handle_info, timers, terminate and stop as these do. Beside
// them, all public
//   join_result join(std::string_view topic, const json_value& params)     once, first: ok(), ok(payload), error(payload)
//   Answer handle_in(const Event&)                         for each type in `using events = joist::type_list<...>`
//   Answer handle_in(std::string_view event, const client_payload&)        all other events; without it they are refused
//          Answer: void (none), a reply, or a value that ok() is answered with
//   void   handle_out(std::string_view event, const payload&)              broadcasts of the names in
//          `static constexpr auto intercepts = std::to_array<std::string_view>({...})`; push() passes one on
//
// An event is a type: its name is the type's, or `static constexpr std::string_view event = "new-msg"` in it; its payload
// are the members.
//
// Promises
//   one process for each topic that a client has joined: a channel that crashes is told to the client (phx_error), which
//     joins again; others go on. Its state is lost with it
//   what a client sends is the type that the handler takes, or is answered by an error that says what was expected; a client
//     can not make a channel crash by the shape of what it sends
//   a broadcast is encoded once for all clients of a node, and goes past the channels to the connections, in the order that
//     they were sent by one process
//   a slow join holds up its own topic alone
//
// Example: examples/chat. See also: socket.hpp (who may connect, which channels there are), payload.hpp,
// otp/gen_server.hpp. Phoenix: Phoenix.Channel.
#pragma once

#include <joist/detail/channel.hpp>

namespace joist::inline v0::web {

template <class Self, class User = nobody>
class channel : public gen_server<Self>, public channels::channel_base {
 public:
  /// The pubsub's topic of this channel: what the client has joined. From join() on, as all below.
  using channels::channel_base::topic;

 protected:
  channel() = default;
  ~channel() = default;

  /// What on_connect has left for this client: shared by all of its channels.
  [[nodiscard]] const User& socket() const noexcept { return *static_cast<const User*>(user()); }

  [[nodiscard]] static reply ok(payload response = {}) { return {"ok", std::move(response)}; }
  [[nodiscard]] static reply error(payload response = {}) { return {"error", std::move(response)}; }

  /// To this client.
  void push(std::string_view event, const payload& body) { send_push(event, body); }
  template <channels::named_event Event>
  void push(const Event& e) {
    send_push(channels::event_name<Event>(), payload{e});
  }

  /// To all who have joined the topic, on all nodes; `false`: on this node alone (pubsub_error).
  bool broadcast(std::string_view event, const payload& body) { return send_broadcast(pid{}, event, body); }
  template <channels::named_event Event>
  bool broadcast(const Event& e) {
    return send_broadcast(pid{}, channels::event_name<Event>(), payload{e});
  }
  /// To all but this one.
  bool broadcast_from(std::string_view event, const payload& body) { return send_broadcast(self(), event, body); }
  template <channels::named_event Event>
  bool broadcast_from(const Event& e) {
    return send_broadcast(self(), channels::event_name<Event>(), payload{e});
  }

  /// In handle_in: for an answer that somebody gives later, by reply_to(). The handler returns void then.
  [[nodiscard]] socket_ref later() const { return make_socket_ref(); }

 private:
  friend channels::channel_handlers handlers_of(const channel*) { return {}; }
};

}  // namespace joist::inline v0::web
