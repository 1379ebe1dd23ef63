// joist/otp/server_ref.hpp: asking a server, and telling it: the client's side of gen_server.hpp.
//
// Promises
//   what the server has no handler for does not compile, and the error names the handler
//   call: the answer, or the caller exits: with `timeout`, with `noproc`, or with the reason of the server's end, at once
//     when that comes (where that was `normal`, with words that say so). try_call: the same as a value
//   a late answer vanishes; nothing of a call that is over is left in the mailbox
//   cast and info never wait, and never fail, whether the server lives or not
//
//   int now = server.call(account::balance{});              // 5 s
//   auto maybe = server.try_call(account::balance{}, 1s);   // result<int, exit_reason>
//   server.cast(account::deposit{50});
//
// Example: examples/08_gen_server. See also: gen_server.hpp. OTP: gen_server:call/3, cast/2, stop/3.
#pragma once

#include <joist/detail/ask.hpp>
#include <joist/detail/server.hpp>
#include <joist/error.hpp>
#include <joist/names.hpp>
#include <joist/otp/from.hpp>
#include <joist/otp/request.hpp>
#include <joist/pid.hpp>
#include <joist/result.hpp>

#include <functional>
#include <optional>
#include <string_view>
#include <type_traits>
#include <utility>

namespace joist::inline v0 {

namespace detail {

template <class Message>
concept names_reply = requires {
  typename Message::reply;
};

/// What it is answered with; void where it does not say.
template <class Message>
struct reply_of : std::type_identity<void> {};
template <names_reply Message>
struct reply_of<Message> : std::type_identity<typename Message::reply> {};
template <class Message>
using reply_to = typename reply_of<Message>::type;

template <class Server, class Message>
struct call_request : server_message<Server> {
  using message_base = server_message<Server>;
  from<reply_to<Message>> client;
  Message message;

  call_request(from<reply_to<Message>> who, Message m)
      : server_message<Server>{&handle_it}, client{who}, message{std::move(m)} {}
  [[nodiscard]] pid asked_by() const noexcept { return client.process(); }
  static void handle_it(Server& server, server_message<Server>& base) {
    auto& request = static_cast<call_request&>(base);
    note_arrival(server_access::control(server), typeid(Message), request.client.process());
    handlers_for<Server>::call(server, request);
  }
  /// Calls the handler, with `state` before the message, and sends what it returns.
  template <class Given, class... State>
  void handle_with(Server& server, Given&& given, State&... state) {
    if constexpr (answers_now_to<Server, Given, State...>) {
      static_assert(
          std::is_void_v<decltype(server.handle_call(state..., std::forward<Given>(given), std::as_const(client)))>,
          "joist: a handle_call that takes a from answers by reply(), now or later: it returns void");
      server.handle_call(state..., std::forward<Given>(given), std::as_const(client));
    } else if constexpr (std::is_void_v<reply_to<Message>>) {
      server.handle_call(state..., std::forward<Given>(given));
      if (handlers_for<Server>::comes_again(server)) return;
      give(server);
    } else {
      static_assert(!std::is_void_v<decltype(server.handle_call(state..., std::forward<Given>(given)))>,
                    "joist: this handle_call returns nothing, its message asks for an answer: return a Message::reply, or "
                    "take a joist::from<Message::reply> too, and answer by reply()");
      auto&& value = server.handle_call(state..., std::forward<Given>(given));
      if (handlers_for<Server>::comes_again(server)) return;
      give(server, std::forward<decltype(value)>(value));
    }
  }
  template <class... Value>
  void give(Server& server, Value&&... value) {
    server_control& c = server_access::control(server);
    if constexpr (handlers_for<Server>::answers_at_the_end) {
      if (c.stopping) return owe(c, answer_to(client, std::forward<Value>(value)...));
    }
    reply(client, std::forward<Value>(value)...);
    if (c.watch != nullptr) note_event(c, false, typeid(reply_to<Message>), c.last_client);
  }
  [[gnu::noinline]] void owe(server_control& c, answer<reply_to<Message>> last) {
    require_sendable<answer<reply_to<Message>>>();
    c.owed = std::make_unique<last_answer>(last_answer{
        client.address(), any_message{make_node<answer<reply_to<Message>>>(std::move(last))}, &typeid(reply_to<Message>)});
  }
};

template <class Server, class Message>
struct cast_request : server_message<Server> {
  using message_base = server_message<Server>;
  Message message;

  explicit cast_request(Message m) : server_message<Server>{&handle_it}, message{std::move(m)} {}
  static void handle_it(Server& server, server_message<Server>& base) {
    note_arrival(server_access::control(server), typeid(Message));
    handlers_for<Server>::cast(server, static_cast<cast_request&>(base).message);
  }
};

template <class Server, class Message>
struct info_request : server_message<Server> {
  using message_base = server_message<Server>;
  Message message;

  explicit info_request(Message m) : server_message<Server>{&handle_it}, message{std::move(m)} {}
  static void handle_it(Server& server, server_message<Server>& base) {
    server_control& c = server_access::control(server);
    note_arrival(c, typeid(Message));
    if (!handlers_for<Server>::info(server, static_cast<info_request&>(base).message))
      log_unhandled(c, typeid(Message), handlers_for<Server>::where(server));
  }
};

/// That there is a handler for it, with the words that a user needs.
template <class Server, class Message>
constexpr void require_call() {
  static_assert(names_reply<Message>,
                "joist: a message for call() says what it is answered with: add `using reply = ...;` to it (void is fine)");
  if constexpr (names_reply<Message>) {
    static_assert(handlers_for<Server>::template takes_call<Server, Message>(),
                  "joist: the server has no handler for this call: add a public `reply handle_call(Message)`, or `void "
                  "handle_call(Message, joist::from<Message::reply>)` to answer later");
  }
  require_sendable<Message>();
}
template <class Server, class Message>
constexpr void require_cast() {
  static_assert(handlers_for<Server>::template takes_cast<Server, Message>(),
                "joist: the server has no handler for this cast: add a public `void handle_cast(Message)`");
  require_sendable<Message>();
}
template <class Server, class Message>
constexpr void require_info() {
  static_assert(handlers_for<Server>::template takes_info<Server, Message>(),
                "joist: the server has no handler for this message: add a public `void handle_info(Message)`");
  require_sendable<Message>();
}

}  // namespace detail

/// The address of a server of this class. Cheap to copy; may be sent.
template <class Server>
class server_ref {
 public:
  server_ref() = default;
  /// That the process serves a Server is up to who says so.
  explicit server_ref(pid process) noexcept : process_{process} {}
  [[nodiscard]] pid process() const noexcept { return process_; }
  operator pid() const noexcept { return process_; }

  /// The answer to `message`. Without one until `limit`, or without a server, the caller exits; a call of oneself exits at
  /// once, with error (errc::bad_wait).     [process]
  template <class Message>
  detail::reply_to<Message> call(Message message, detail::deadline limit = default_call_limit) const {
    bool ended = false;
    auto got = outcome_of_call(std::move(message), limit, ended);
    if (!got) [[unlikely]]
      detail::call_failed(got.error(), process_, typeid(Message), limit, ended);
    if constexpr (!std::is_void_v<detail::reply_to<Message>>) return *std::move(got);
  }

  /// As call, and the failure is a value: the reason that call would exit with.     [process]
  template <class Message>
  result<detail::reply_to<Message>, exit_reason> try_call(Message message,
                                                          detail::deadline limit = default_call_limit) const {
    bool ended = false;
    return outcome_of_call(std::move(message), limit, ended);
  }

  template <class Message, detail::without_unit Number>
  detail::reply_to<Message> call(Message message, Number) const {
    detail::refuse_number<Number, server_ref, Message>();
    return call(std::move(message));
  }
  template <class Message, detail::without_unit Number>
  result<detail::reply_to<Message>, exit_reason> try_call(Message message, Number) const {
    detail::refuse_number<Number, server_ref, Message>();
    return try_call(std::move(message));
  }

  /// As try_call, and the answer is awaited later: request.hpp.     [process]
  template <class Message>
  [[nodiscard]] request<detail::reply_to<Message>> send_request(Message message) const {
    detail::require_call<Server, Message>();
    using reply = detail::reply_to<Message>;
    return detail::make_request<reply>(process_, [&message](from<reply> me) {
      return detail::call_request<Server, Message>{me, std::move(message)};
    });
  }

  /// For handle_cast; returns at once.     [any thread]
  template <class Message>
  void cast(Message message) const {
    detail::require_cast<Server, Message>();
    send(process_, detail::cast_request<Server, Message>{std::move(message)});
  }

  /// For handle_info; returns at once.     [any thread]
  template <class Message>
  void info(Message message) const {
    detail::require_info<Server, Message>();
    send(process_, detail::info_request<Server, Message>{std::move(message)});
  }

  /// Ends the server with `reason`, after the messages that came before, and waits for it. Exits as call does: with noproc,
  /// with the reason if it ended otherwise, with timeout (the server goes on then).     [process]
  void stop(exit_reason reason = exit_reason::normal, detail::deadline limit = infinity) const {
    if (process_ == self()) detail::refuse_to_call_oneself();
    bool ended = false;
    if (auto other = detail::stop_process(process_, std::move(reason), limit, ended))
      detail::asking_failed(*other, {"a stop of", process_, nullptr, limit, ended});
  }

  friend constexpr bool operator==(const server_ref&, const server_ref&) noexcept = default;

 private:
  // `ended`: set where there is no answer because of the server's end.
  template <class Message>
  result<detail::reply_to<Message>, exit_reason> outcome_of_call(Message message, detail::deadline limit,
                                                                 bool& ended) const {
    detail::require_call<Server, Message>();
    using reply = detail::reply_to<Message>;
    const std::optional<clock::time_point> begin = detail::call_begins();
    auto got = detail::ask<reply>(
        process_,
        [&message](from<reply> me) {
          return detail::call_request<Server, Message>{me, std::move(message)};
        },
        limit, ended);
    if (begin) [[unlikely]]
      detail::call_ends(*begin, process_, typeid(Message), got ? nullptr : &got.error());
    return got;
  }

  pid process_;
};

/// The server that has the name. That it serves a Server is up to who says so.     [process]
template <class Server>
[[nodiscard]] std::optional<server_ref<Server>> find_server(std::string_view name) {
  const std::optional<pid> found = whereis(name);
  return found ? std::optional{server_ref<Server>{*found}} : std::nullopt;
}

}  // namespace joist::inline v0

template <class Server>
struct std::hash<joist::server_ref<Server>> {
  std::size_t operator()(const joist::server_ref<Server>& s) const noexcept { return std::hash<joist::pid>{}(s.process()); }
};
