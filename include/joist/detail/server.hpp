// joist/detail/server.hpp: the loop of a gen_server, and the messages it takes.
//
// A request is a type of its own for each class of servers and each type of message. It names the function that handles it,
// so the loop needs no list of types, and looks at one pointer to tell requests from all other messages.
//
//   what the loop does next            when
//     ends, and calls terminate          stop() was called in a handler, or the process that started it ended (and exits
//                                        are trapped)
//     a continuation                     continue_with() was called: before any message that waits
//     handle_timeout                     timeout_after() was called by the last handler, and no message came until then
//     the oldest message                 else; while suspended only system messages
#pragma once

#include <joist/alias.hpp>
#include <joist/clock.hpp>
#include <joist/detail/handler_names.hpp>
#include <joist/detail/heard.hpp>
#include <joist/exit_reason.hpp>
#include <joist/link.hpp>
#include <joist/log.hpp>
#include <joist/monitor.hpp>
#include <joist/otp/from.hpp>
#include <joist/process.hpp>
#include <joist/receive.hpp>

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <typeinfo>
#include <utility>
#include <variant>

namespace joist::inline v0 {
struct server_options;
}  // namespace joist::inline v0

namespace joist::inline v0::detail {

struct server_control;

/// The base of all requests of one class of servers.
template <class Server>
struct server_message {
  void (*handle)(Server& server, server_message& request);
};

/// The base of requests that every server answers, also while it is suspended: joist/otp/sys.hpp.
struct system_message {
  void (*handle)(server_control& server, system_message& request);
};

/// What is looked at while somebody looks: made by the first call of sys that needs it.
struct server_watch;
struct server_watch_deleter {
  void operator()(server_watch* w) const noexcept;
};

/// What the last handler of a server has answered: sent when terminate() has run.
struct last_answer {
  alias client;
  any_message message;
  const std::type_info* type;
};

/// What is the same for all servers of a class.
struct server_class {
  const std::type_info* type;
  std::string (*describe)(const void* server);  // its state, for reports
  void (*hibernate)(void* server);              // gives back what it can do without; null: nothing
};

/// The part of a server that is the same for all classes. Each of very many has one.
struct server_control {
  // -- fixed at its start
  pid parent;  // who started it with a link
  void* server = nullptr;
  const server_class* kind = nullptr;
  const std::atomic<std::uint64_t>* heard = nullptr;  // the runtime's telemetry
  deadline hibernate_after;
  // -- set by handlers, read by the loop
  deadline timeout;  // if it has one
  std::optional<exit_reason> stopping;
  bool has_timeout = false;
  bool timed_out = false;   // the timeout is over: next_message() found no message
  bool hibernates = false;  // at the next wait
  bool may_rest = false;    // its body may be called again: server_body
  bool rests = false;       // is to return, and to be called again with the next message
  // -- sys
  bool suspended = false;
  bool hibernating = false;
  // -- of the message that is handled, for the report of a crash
  const std::type_info* last_message = nullptr;
  pid last_client;
  std::unique_ptr<last_answer> owed;  // of one that has stopped the server
  std::unique_ptr<server_watch, server_watch_deleter> watch;

  /// What is handled before any message that waits.
  [[nodiscard]] std::deque<any_message>& continuations() {
    if (queue == nullptr) queue = std::make_unique<std::deque<any_message>>();
    return *queue;
  }
  [[nodiscard]] bool has_continuation() const noexcept { return queue != nullptr && !queue->empty(); }
  [[nodiscard]] any_message next_continuation() {
    any_message m = std::move(queue->front());
    queue->pop_front();
    return m;
  }

 private:
  std::unique_ptr<std::deque<any_message>> queue;  // an empty one takes half a kilobyte: made for those who use it
};

/// The next user's message; nothing when the timeout is over (`timed_out`), when there is something else to be done first,
/// or when it `rests`. System messages are handled meanwhile.
[[nodiscard]] std::optional<any_message> next_message(server_control& c);
/// The exit of the parent, `exited` of it: the server ends. False: another message.
[[nodiscard]] bool is_end_of_parent(server_control& c, const any_message& m);
/// Whether it is a system message, or the exit of the parent; and handles it, if it is.
[[nodiscard]] bool is_own(const server_control& c, const any_message& m);
[[nodiscard]] bool handle_own(server_control& c, any_message& m);
/// Waits for the next of those.
[[nodiscard]] any_message next_own(const server_control& c);
/// Who started the caller and is linked to it, if anybody.
[[nodiscard]] pid parent_of_self();
/// A message that no handler takes; `where`: nothing, or " in state such".
void log_unhandled(const server_control& c, const std::type_info& type, std::string_view where);
/// What a report of a crash says of the last message, instead of its type: for who goes by more than that.
void describe_last_message(std::string words);
/// What a crashed server says beside the report of its process.
void log_crash(const server_control& c, const exit_reason& reason);
/// For statistics, traces and spies, where there are any.
void note_event(server_control& c, bool in, const std::type_info& what, pid whom);

/// Sends what is owed, if anything is.
void send_last_answer(server_control& c);

/// Tells telemetry that what began at `begin` is done.
void note_handled(const server_control& c, clock::time_point begin);

/// A message is about to be handled; `client` waits for its answer, if anybody does.
inline void note_arrival(server_control& c, const std::type_info& type, pid client = {}) {
  c.last_message = &type;
  c.last_client = client;
  if (c.watch != nullptr) [[unlikely]]
    note_event(c, true, type, client);
}

struct server_access {
  template <class Server>
  [[nodiscard]] static auto& control(Server& s) noexcept {
    return s.control_;
  }
  /// Of a gen_statem.
  template <class Server>
  [[nodiscard]] static auto& machine(Server& s) noexcept {
    return s.machine_;
  }
};

// What a class has handlers for. A Message& is lent to the handler. `State`: what comes before the message (gen_statem).
template <class Server, class Message, class... State>
concept answers_now = requires(Server& s, Message&& m, State&... state) {
  s.handle_call(state..., std::forward<Message>(m));
};
template <class Server, class Message, class... State>
concept answers_now_to = requires(Server& s, Message&& m,
                                  const from<typename std::remove_reference_t<Message>::reply>& client, State&... state) {
  s.handle_call(state..., std::forward<Message>(m), client);
};
template <class Server, class Message>
concept handles_cast = requires(Server& s, Message m) {
  s.handle_cast(std::move(m));
};
template <class Server, class Message>
concept handles_info = requires(Server& s, Message m) {
  s.handle_info(std::move(m));
};
/// A handler for a Message&, which nobody else has.
template <class Server, class Message>
concept takes_info_to_change = requires(Server& s, Message& m) {
  s.handle_info(m);
};
template <class Server>
concept has_terminate = requires(Server& s, const exit_reason& r) {
  s.terminate(r);
};
template <class Server>
concept has_handle_timeout = requires(Server& s) {
  s.handle_timeout();
};
template <class Server>
concept has_handle_hibernate = requires(Server& s) {
  s.handle_hibernate();
};
template <class Server>
concept has_format_status = requires(const Server& s) {
  { s.format_status() } -> std::convertible_to<std::string>;
};

/// How a gen_server finds its handlers: by the types of messages. Another behaviour that is built on this loop has a class
/// like this one, which a friend function handlers_of returns: gen_statem goes by its state, too.
struct handlers_by_type {
  template <class Server, class Message>
  static constexpr bool takes_call() {
    return answers_now<Server, Message> || answers_now_to<Server, Message>;
  }
  template <class Server, class Message>
  static constexpr bool takes_cast() {
    return handles_cast<Server, Message>;
  }
  template <class Server, class Message>
  static constexpr bool takes_info() {
    static_assert(handles_info<Server, Message> || !takes_info_to_change<Server, Message>,
                  "joist: handle_info takes a Message&, and is never called: a message is gone after its handler. Make it a "
                  "public `void handle_info(Message)` or `void handle_info(const Message&)`");
    return handles_info<Server, Message>;
  }

  template <class Server, class Request>
  static void call(Server& s, Request& request) {
    request.handle_with(s, std::move(request.message));
  }
  template <class Server, class Message>
  static void cast(Server& s, Message& m) {
    s.handle_cast(std::move(m));
  }
  /// False: there is no handler for it at present.
  template <class Server, class Message>
  static bool info(Server& s, Message& m) {
    s.handle_info(std::move(m));
    return true;
  }
  /// The call that is handled comes again: what its handler returned is no answer.
  static constexpr bool comes_again(const auto&) noexcept { return false; }
  /// As OTP has it: a gen_server that stops terminates, and answers then; a gen_statem answers, and terminates then.
  static constexpr bool answers_at_the_end = true;

  /// Before the first message.
  static void begin(auto&) noexcept {}
  /// One message, with all that follows from it.
  template <class Server>
  static void take(Server& s, any_message m);
  static void timeout(auto& s) { s.handle_timeout(); }
  static void hibernate(auto& s) { s.handle_hibernate(); }
  /// For logs.
  static std::string_view where(const auto&) noexcept { return {}; }
  static std::string describe(const auto&, std::string data) { return data; }
};
handlers_by_type handlers_of(const void*);
template <class Server>
using handlers_for = decltype(handlers_of(static_cast<const Server*>(nullptr)));

/// Messages of the runtime's own, and those listed in `info_types`, for handlers that take their types.
template <class... T>
struct type_list {};

template <class Server, class Message>
bool handled_as(Server& s, any_message& m) {
  if constexpr (handlers_for<Server>::template takes_info<Server, Message>()) {
    if (Message* value = m.get_if<Message>()) return handlers_for<Server>::info(s, *value);
  }
  return false;
}

template <class Server, class... Message>
bool handled_as_one_of(Server& s, any_message& m, type_list<Message...>) {
  return (handled_as<Server, Message>(s, m) || ...);
}

template <class Server, class... Message>
consteval bool handles_all(type_list<Message...>) {
  return (handlers_for<Server>::template takes_info<Server, Message>() && ...);
}

template <class Server>
void handle_other(Server& s, any_message& m) {
  using handlers = handlers_for<Server>;
  server_control& c = server_access::control(s);
  if (is_end_of_parent(c, m)) return;
  if (handled_as_one_of(s, m, type_list<down, exited>{})) return;
  if constexpr (requires { typename Server::info_types; }) {
    static_assert(handles_all<Server>(typename Server::info_types{}),
                  "joist: the server has no handler for a type in info_types: add a public `void handle_info(Message)`");
    if (handled_as_one_of(s, m, typename Server::info_types{})) return;
  }
  if constexpr (handlers::template takes_info<Server, any_message>()) {
    if (handlers::info(s, m)) return;
  }
  log_unhandled(c, m.type(), handlers::where(s));
}

template <class Server>
void handle_message(Server& s, any_message& m) {
  if (auto* request = m.base_if<server_message<Server>>()) {
    request->handle(s, *request);
  } else {
    server_control& c = server_access::control(s);
    note_arrival(c, m.type());
    handle_other(s, m);
  }
}

template <class Server>
void handlers_by_type::take(Server& s, any_message m) {
  handle_message(s, m);
}

/// Runs what handles one message, and tells those who measure how long it took, if anybody does.
template <class Handle>
void measured(server_control& c, Handle&& handle) {
  constexpr std::uint64_t bit = telemetry::detail::bit_of(telemetry::detail::handled_event);
  if (!telemetry::detail::is_heard(c.heard, bit)) [[likely]] {
    handle();
  } else {
    const clock::time_point begin = clock::now();
    handle();
    note_handled(c, begin);
  }
}

/// Until stop(), or until it `rests`.
template <class Server>
void serve(Server& s) {
  using handlers = handlers_for<Server>;
  server_control& c = server_access::control(s);
  if (!std::exchange(c.rests, false)) handlers::begin(s);
  while (!c.stopping && !c.rests) {
    if (c.has_continuation()) {
      checkpoint();
      measured(c, [&] { handlers::take(s, c.next_continuation()); });
    } else if (std::optional<any_message> m = next_message(c)) {
      measured(c, [&] { handlers::take(s, std::move(*m)); });
    } else if (std::exchange(c.timed_out, false)) {
      if constexpr (has_handle_timeout<Server>) {
        checkpoint();  // as receive does: a chain of these ends when the process is ended, and lets others run
        c.last_message = nullptr;
        c.last_client = {};
        measured(c, [&] { handlers::timeout(s); });
      }
    }
  }
}

// noinline: what is said at the end is not on the stack of a server that waits.
template <class Server>
[[nodiscard, gnu::noinline]] exit_reason end_server(Server& s, std::optional<exit_reason> crash) {
  server_control& c = server_access::control(s);
  static_assert(has_terminate<Server> || !names_terminate<Server>,
                "joist: terminate is there, and cannot be called with a const exit_reason&: make it a public `void "
                "terminate(const joist::exit_reason&)`");
  exit_reason reason = crash ? std::move(*crash) : *c.stopping;
  if constexpr (has_terminate<Server>) {
    crash = catch_end([&] { s.terminate(std::as_const(reason)); });
    if (crash) reason = std::move(*crash);
  }
  if (!reason.is_orderly()) log_crash(c, reason);
  send_last_answer(c);
  return reason;
}

/// Serves until the end, which is told to terminate(), and to the log if it is a crash: the reason for the process to end.
/// Nothing: it is to be called again with the next message.
template <class Server>
[[nodiscard]] std::optional<exit_reason> serve_to_the_end(Server& s) {
  std::optional<exit_reason> crash = catch_end([&s] { serve(s); });
  if (!crash && server_access::control(s).rests) return std::nullopt;
  return end_server(s, std::move(crash));
}

/// What a server says of itself: its own words, or what fmt makes of it.
template <class Server>
std::string own_words(const Server& s) {
  static_assert(has_format_status<Server> || !names_format_status<Server>,
                "joist: format_status is there, and cannot be called on a const server for a std::string: make it a public "
                "`std::string format_status() const`");
  if constexpr (has_format_status<Server>) {
    return s.format_status();
  } else if constexpr (fmt::is_formattable<Server>::value) {
    return fmt::format("{}", s);
  } else {
    return {};
  }
}

/// The state of a server, as reports show it.
template <class Server>
std::string describe_state(const void* server) {
  const Server& s = *static_cast<const Server*>(server);
  return handlers_for<Server>::describe(s, own_words(s));
}

template <class Server>
constexpr auto hibernation_of() -> void (*)(void*) {
  static_assert(has_handle_hibernate<Server> || !names_handle_hibernate<Server>,
                "joist: handle_hibernate is there, and cannot be called: make it a public `void handle_hibernate()`");
  if constexpr (has_handle_hibernate<Server>) {
    return [](void* server) { handlers_for<Server>::hibernate(*static_cast<Server*>(server)); };
  } else {
    return nullptr;
  }
}

template <class Server>
inline const server_class class_of{&typeid(Server), &describe_state<Server>, hibernation_of<Server>()};

template <class Server>
void prepare(Server& s, pid parent, deadline hibernate_after) {
  server_control& c = server_access::control(s);
  c.parent = parent;
  c.server = &s;
  c.kind = &class_of<Server>;
  c.hibernate_after = hibernate_after;
  c.heard = telemetry::detail::heard_word();
}

/// The body of a server's process, and where the server lives: a server that hibernates leaves its stack, and the body is
/// called again (hibernate_on_return). `Begin` makes the server: begin(place), with place.emplace(arguments...).
template <class Server, class Begin>
class server_body {
 public:
  template <class... Argument>
  explicit server_body(Argument&&... a) : state_{std::in_place_type<Begin>, std::forward<Argument>(a)...} {}

  void operator()() {
    const leaving at_end{*this};
    if (std::holds_alternative<Begin>(state_)) make();
    end_on_return();  // a handler's hibernate_on_return() is not for this body
    Server& s = *std::get_if<Server>(&state_);
    if (std::optional<exit_reason> reason = serve_to_the_end(s)) {
      exit_on_return(*std::move(reason));
    } else {
      hibernate_on_return();
    }
  }

 private:
  struct place {
    server_body& body;
    template <class... Argument>
    Server& emplace(Argument&&... a) {
      return body.state_.template emplace<Server>(std::forward<Argument>(a)...);
    }
  };
  // The server is destroyed before its process ends: who hears of the end may count on that.
  struct leaving {
    server_body& body;
    ~leaving() {
      const Server* s = std::get_if<Server>(&body.state_);
      if (s == nullptr || !server_access::control(*s).rests) body.state_.template emplace<std::monostate>();
    }
  };
  // noinline: what is needed to begin is not on the stack of a server that waits.
  [[gnu::noinline]] void make() {
    Begin begin = std::move(*std::get_if<Begin>(&state_));
    begin(place{*this});
    if (Server* s = std::get_if<Server>(&state_)) server_access::control(*s).may_rest = true;
  }

  std::variant<Begin, Server, std::monostate> state_;
};

}  // namespace joist::inline v0::detail
