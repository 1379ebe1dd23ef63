// joist/detail/channel.hpp: the process of a channel, and what goes between it and the process of its client's connection.
//
//   the connection's process                      the channel's
//     starts it, watches it; channel_join   ──►     watches the connection; join(), then it subscribes to the topic
//     phx_reply, or buffered frames go out  ◄──     channel_joined, or channel_refused, and it ends
//     client_message                        ──►     handle_in()
//     frames go out                         ◄──     outgoing: replies and pushes, encoded
//     phx_close, or phx_error               ◄──     its end, by the monitor
#pragma once

#include <joist/detail/handler_names.hpp>
#include <joist/detail/members.hpp>
#include <joist/detail/ref_text.hpp>
#include <joist/detail/type_name.hpp>
#include <joist/otp/gen_server.hpp>
#include <joist/pubsub/pubsub.hpp>
#include <joist/web/json.hpp>
#include <joist/web/payload.hpp>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>

namespace joist::inline v0::web {

/// What a client is answered: a push has receive("ok", ...), receive("error", ...), or any other status.
struct reply {
  std::string status = "ok";
  payload response = {};
};
/// Of join: its status is ok or error.
using join_result = reply;

/// For sockets whose on_connect leaves nothing.
struct nobody {};

/// What a client has sent: JSON, or bytes.
class client_payload {
 public:
  client_payload() = default;
  explicit client_payload(json_value v) noexcept : content_{std::move(v)} {}
  explicit client_payload(binary b) noexcept : content_{std::move(b)} {}
  /// Null, where it is the other.
  [[nodiscard]] const json_value* as_json() const noexcept { return std::get_if<json_value>(&content_); }
  [[nodiscard]] const binary* as_binary() const noexcept { return std::get_if<binary>(&content_); }
  /// As it may be sent to others.
  [[nodiscard]] payload to_payload() const { return as_json() != nullptr ? payload{*as_json()} : payload{*as_binary()}; }

 private:
  std::variant<json_value, binary> content_;
};

enum class protocol_version : std::uint8_t { v1 = 1, v2 = 2 };

/// A broadcast, as processes get it that have subscribed to a channel's topic and are no channels:
/// std::shared_ptr<const broadcast_event>.
struct broadcast_event {
  std::string topic;
  std::string event;
  payload body;
};

namespace channels {

/// What goes to a client in one message, encoded; the same for all whom it goes to.
struct encoded_frame {
  bool is_binary = false;
  std::string bytes;
  std::string topic = {};  ///< of a broadcast: clients that are still joining it get it later
};
using encoded = std::shared_ptr<const encoded_frame>;

/// What a program has fixed for a kind of sockets: socket.hpp.
struct socket_core;

using joist::detail::ref_text;

/// A client, as all of its channels know it.
struct identity {
  std::shared_ptr<const socket_core> core;
  std::shared_ptr<const void> user;
  pid connection;
  protocol_version version = protocol_version::v2;
};

/// What a client's message weighs while it waits for its channel, or is handled; however it ends.
class burden {
 public:
  using total = std::atomic<std::size_t>;
  burden() = default;
  burden(std::shared_ptr<total> of, std::size_t bytes) : of_{std::move(of)}, bytes_{bytes} {
    of_->fetch_add(bytes_, std::memory_order_relaxed);
  }
  burden(burden&&) noexcept = default;
  burden& operator=(burden from) noexcept {
    of_.swap(from.of_);
    std::swap(bytes_, from.bytes_);
    return *this;
  }
  ~burden() {
    if (of_ != nullptr) of_->fetch_sub(bytes_, std::memory_order_relaxed);
  }

 private:
  std::shared_ptr<total> of_;
  std::size_t bytes_ = 0;
};

// -- to the channel
struct channel_join {
  std::shared_ptr<const identity> client;
  std::string topic;
  ref_text join_ref;
  ref_text ref;
  client_payload params;
  burden weight = {};
};
struct client_message {
  std::string event;
  ref_text ref;
  client_payload body;
  burden weight = {};
};
struct connection_closed {};  // after which it ends, with terminate()
// -- to the connection
struct outgoing {
  encoded frame;
};
struct channel_joined {
  pid channel;
  encoded frame;
};
struct channel_refused {
  pid channel;
  encoded frame;
};

template <class T>
concept says_event_name = requires {
  { T::event } -> std::convertible_to<std::string_view>;
};
template <class T>
constexpr std::string_view event_name() {
  if constexpr (says_event_name<T>) {
    return T::event;
  } else {
    return joist::detail::type_name<T>();
  }
}
template <class T>
concept named_event = (joist::detail::open_aggregate<T> || empty_aggregate<T>)&&!std::same_as<T, binary>;

}  // namespace channels

/// Where an answer goes that is given later. It may be copied, and sent to other processes.
struct socket_ref {
  pid connection;
  std::string topic;
  joist::detail::ref_text join_ref;
  joist::detail::ref_text ref;
  protocol_version version = protocol_version::v2;
};
/// Answers it. The client takes the first answer.     [process]
void reply_to(const socket_ref& to, const reply& answer);

namespace channels {

class channel_base {
 public:
  [[nodiscard]] const std::string& topic() const noexcept { return topic_; }

 protected:
  channel_base() = default;
  ~channel_base() = default;
  [[nodiscard]] const void* user() const noexcept { return client_->user.get(); }
  void send_push(std::string_view event, const payload& body) const;
  bool send_broadcast(pid but_not, std::string_view event, const payload& body) const;
  [[nodiscard]] socket_ref make_socket_ref() const;
  /// As whom it would be joined, and nobody joins it.
  void begin_alone(std::shared_ptr<const identity> who) noexcept { client_ = std::move(who); }

 private:
  friend struct channel_handlers;
  friend class handling;
  using intercept_list = std::span<const std::string_view>;

  void begin(channel_join& j) {
    client_ = std::move(j.client);
    topic_ = std::move(j.topic);
    join_ref_ = std::move(j.join_ref);
    connection_monitor_ = monitor(client_->connection);
  }
  [[nodiscard]] bool is_end_of_connection(const any_message& m) const noexcept;
  /// Tells the connection, and subscribes. True: it has joined.
  [[nodiscard]] bool answer_join(const ref_text& ref, const join_result& answer, intercept_list intercepts);
  void answer(const ref_text& ref, const reply& r) const;
  void refuse_event(const client_message& in, std::string_view event, const std::vector<json_error>& errors) const;
  void refuse_unknown(const client_message& in) const;

  std::shared_ptr<const identity> client_;
  std::string topic_;
  ref_text join_ref_;
  joist::ref connection_monitor_;
  const ref_text* ref_ = nullptr;  // of the message that is handled
};

/// While a channel's handler runs. What leaves the handler is the channel's end, and its report says by this what came.
class handling {
 public:
  /// `what`: "event", "broadcast", "join"; of a join there is no `event`. All of them live longer.
  handling(channel_base& c, const char* what, std::string_view event = {}) noexcept : c_{c}, what_{what}, event_{event} {}
  handling(const handling&) = delete;
  handling& operator=(const handling&) = delete;
  ~handling() {
    if (!is_over_) [[unlikely]]
      describe();
  }
  void is_over() noexcept { is_over_ = true; }

 private:
  void describe() noexcept;

  channel_base& c_;
  const char* what_;
  std::string_view event_;
  bool is_over_ = false;
};

template <class Self>
concept intercepting = requires {
  Self::intercepts;
};

/// How a channel finds its handlers: by the types of messages, as a gen_server, and those of clients by the names of events.
struct channel_handlers : joist::detail::handlers_by_type {
  template <class Self>
  static void take(Self& s, any_message m);

 protected:
  /// Calls the handler, and answers what it returns.
  template <class Self, class Handle>
  static void answering(Self& s, client_message& in, Handle handle);
  static void stop(joist::detail::server_control& c, const exit_reason& why) { c.stopping = why; }
  /// All but what the client sends.
  template <class Self>
  static void take_other(Self& s, any_message m);
  template <class Self>
  static void leave(Self& s, client_message& in);

 private:
  template <class Self>
  static constexpr std::span<const std::string_view> intercepts_of() {
    if constexpr (intercepting<Self>) {
      return Self::intercepts;
    } else {
      return {};
    }
  }
  template <class Self>
  static void join(Self& s, channel_join& j);
  template <class Self>
  static void handle_in(Self& s, client_message& in);
  template <class Self, class... Event>
  static bool handle_one_of(Self& s, client_message& in, type_list<Event...>) {
    return (handle_as<Event>(s, in) || ...);
  }
  template <class Event, class Self>
  static bool handle_as(Self& s, client_message& in);
  static channel_base& base(channel_base& b) noexcept { return b; }
};

/// Most channels are silent most of the time, and there are many: one waits without a stack, always. One that gives
/// something back itself does so after a while.
template <class Self>
constexpr std::chrono::seconds silent_for_long() {
  return std::chrono::seconds{joist::detail::has_handle_hibernate<Self> ? 1 : 0};
}

/// How the process of a channel begins (server_body). Not a start of OTP's: nobody waits for the constructor, and what tells
/// of a start would stay with each of very many.
template <class Self, class... Arguments>
struct begin_channel {
  std::tuple<Arguments...> arguments;
  void operator()(auto place) {
    Self& s = std::apply([&place](auto&... a) -> Self& { return place.emplace(std::move(a)...); }, arguments);
    joist::detail::prepare(s, pid{}, joist::detail::deadline{silent_for_long<Self>()});
  }
};

template <class Self, class... Arguments>
[[nodiscard]] monitored start_channel(const Arguments&... arguments) {
  using begin = begin_channel<Self, Arguments...>;
  return joist::detail::spawn_closure(
      joist::detail::make_closure_of<joist::detail::server_body<Self, begin>>(begin{{arguments...}}), nullptr,
      joist::detail::spawn_mode::monitor);
}

template <class Self>
void channel_handlers::take(Self& s, any_message m) {
  joist::detail::server_control& c = joist::detail::server_access::control(s);
  if (auto* in = m.get_if<client_message>()) {
    joist::detail::note_arrival(c, typeid(client_message));
    handling now{base(s), "event", in->event};
    handle_in(s, *in);
    return now.is_over();
  }
  take_other(s, std::move(m));
}

template <class Self>
void channel_handlers::take_other(Self& s, any_message m) {
  joist::detail::server_control& c = joist::detail::server_access::control(s);
  if constexpr (requires { Self::intercepts; }) {
    if (auto* b = m.get_if<std::shared_ptr<const broadcast_event>>(); b != nullptr && (*b)->topic == base(s).topic()) {
      joist::detail::note_arrival(c, typeid(broadcast_event));
      static_assert(
          requires(Self & self, const payload& p) { self.handle_out(std::string_view{}, p); },
          "joist: the channel intercepts events, and has no handler for them: add a public `void "
          "handle_out(std::string_view event, const joist::web::payload&)`");
      handling now{base(s), "broadcast", (*b)->event};
      s.handle_out((*b)->event, (*b)->body);
      return now.is_over();
    }
  }
  if (auto* j = m.get_if<channel_join>()) {
    joist::detail::note_arrival(c, typeid(channel_join));
    handling now{base(s), "join"};
    join(s, *j);
    return now.is_over();
  }
  if (base(s).is_end_of_connection(m)) return stop(c, exit_reason::shutdown_with(std::string{"closed"}));
  joist::detail::handlers_by_type::take(s, std::move(m));
}

template <class Self>
void channel_handlers::join(Self& s, channel_join& j) {
  static_assert(
      requires(Self & self, const json_value& params) {
        { self.join(std::string_view{}, params) } -> std::convertible_to<join_result>;
      },
      "joist: a channel says who may join: add a public `joist::web::join_result join(std::string_view topic, const "
      "joist::web::json_value& params)`");
  channel_base& b = base(s);
  b.begin(j);
  const json_value* params = j.params.as_json();
  static const json_value none{json_value::object{}};
  const join_result answer = s.join(b.topic(), params != nullptr ? *params : none);
  if (!b.answer_join(j.ref, answer, intercepts_of<Self>()))
    stop(joist::detail::server_access::control(s), exit_reason::shutdown);
}

template <class Self, class Handle>
void channel_handlers::answering(Self& s, client_message& in, Handle handle) {
  channel_base& b = base(s);
  b.ref_ = &in.ref;
  using answer = decltype(handle());
  if constexpr (std::is_void_v<answer>) {
    handle();
  } else if constexpr (std::is_same_v<std::remove_cvref_t<answer>, reply>) {
    const reply r = handle();
    b.answer(in.ref, r);
  } else {
    b.answer(in.ref, reply{"ok", payload{handle()}});
  }
  b.ref_ = nullptr;
}

template <class Self>
concept lists_events = requires {
  typename Self::events;
};
template <class Self>
concept handles_other_events = requires(Self& s, const client_payload& body) {
  s.handle_in(std::string_view{}, body);
};
/// By a name, and something else.
template <class Self>
concept handles_by_name = requires(Self& s, std::string& name) {
  s.handle_in(name, joist::detail::any_value<void>{});
}
|| requires(Self& s, const char* name) { s.handle_in(name, joist::detail::any_value<void>{}); };

/// That no handler for clients is there that nothing would be given to.
template <class Self>
constexpr void require_no_idle_handler() {
  static_assert(lists_events<Self> || handles_other_events<Self> || !joist::detail::names_handle_in<Self>,
                "joist: handle_in is there, and no event goes to it: name them in a public `using events = "
                "joist::type_list<...>`; what takes all others is a public `handle_in(std::string_view event, const "
                "joist::web::client_payload&)`");
  static_assert(handles_other_events<Self> || !handles_by_name<Self>,
                "joist: handle_in is there for an event's name and something else, and cannot be called with what clients "
                "send: make it a public `handle_in(std::string_view event, const joist::web::client_payload&)`");
  static_assert(intercepting<Self> || !joist::detail::names_handle_out<Self>,
                "joist: handle_out is there, and no broadcast goes to it: name them in a public `static constexpr auto "
                "intercepts = std::to_array<std::string_view>({...})`");
}

template <class Event, class Self>
bool channel_handlers::handle_as(Self& s, client_message& in) {
  static_assert(
      requires(Self & self, const Event& e) { self.handle_in(e); },
      "joist: the channel has no handler for a type in events: add a public `handle_in(const Event&)`");
  if (in.event != event_name<Event>()) return false;
  Event value{};
  joist::detail::json_reader reader{false, false};
  if constexpr (!std::is_empty_v<Event>) {  // else its name says it all
    const json_value* body = in.body.as_json();
    reader.read(body != nullptr ? *body : json_value{}, value);
  }
  if (!reader.errors().empty()) {
    base(s).refuse_event(in, event_name<Event>(), reader.errors());
  } else {
    answering(s, in, [&] { return s.handle_in(std::as_const(value)); });
  }
  return true;
}

template <class Self>
void channel_handlers::leave(Self& s, client_message& in) {
  base(s).answer(in.ref, reply{});
  stop(joist::detail::server_access::control(s), exit_reason::shutdown_with(std::string{"left"}));
}

template <class Self>
void channel_handlers::handle_in(Self& s, client_message& in) {
  if (in.event == "phx_leave") return leave(s, in);
  if constexpr (requires { typename Self::events; }) {
    if (handle_one_of(s, in, typename Self::events{})) return;
  }
  require_no_idle_handler<Self>();
  if constexpr (handles_other_events<Self>) {
    answering(s, in, [&] { return s.handle_in(std::string_view{in.event}, std::as_const(in.body)); });
  } else {
    base(s).refuse_unknown(in);
  }
}

}  // namespace channels
}  // namespace joist::inline v0::web
