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

#include <joist/clock.hpp>
#include <joist/exit_reason.hpp>
#include <joist/link.hpp>
#include <joist/log.hpp>
#include <joist/monitor.hpp>
#include <joist/otp/from.hpp>
#include <joist/process.hpp>
#include <joist/receive.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <typeinfo>
#include <vector>

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

/// The part of a server that is the same for all classes.
struct server_control {
  // -- fixed at its start
  pid parent;  // who started it with a link
  void* server = nullptr;
  const std::type_info* type = nullptr;
  std::string (*describe)(const void* server) = nullptr;  // its state, for reports
  void (*hibernate)(void* server) = nullptr;              // gives back what it can do without
  deadline hibernate_after;
  // -- set by handlers, read by the loop
  std::optional<exit_reason> stopping;
  std::vector<any_message> continuations;  // the first `continued` of them are done
  std::size_t continued = 0;
  std::optional<deadline> timeout;
  bool timed_out = false;   // the timeout is over: next_message() found no message
  bool hibernates = false;  // at the next wait
  // -- of the message that is handled, for the report of a crash
  const std::type_info* last_message = nullptr;
  pid last_client;
  // -- sys
  bool suspended = false;
  bool hibernating = false;
  std::unique_ptr<server_watch, server_watch_deleter> watch;

  [[nodiscard]] bool has_continuation() const noexcept { return continued < continuations.size(); }
  [[nodiscard]] any_message next_continuation() {
    any_message m = std::move(continuations[continued]);
    if (++continued == continuations.size()) {
      continuations.clear();
      continued = 0;
    }
    return m;
  }
};

/// The next user's message; nothing when the timeout is over (`timed_out`), or when there is something else to be done
/// first. System messages are handled meanwhile.
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
/// A message that no handler takes.
void log_unhandled(const server_control& c, const any_message& m);
/// What a crashed server says beside the report of its process.
void log_crash(const server_control& c, const exit_reason& reason);
/// For statistics, traces and spies, where there are any.
void note_event(server_control& c, bool in, const std::type_info& what, pid whom);

/// A message is about to be handled; `client` waits for its answer, if anybody does.
inline void note_arrival(server_control& c, const std::type_info& type, pid client = {}) {
  c.last_message = &type;
  c.last_client = client;
  if (c.watch != nullptr) [[unlikely]]
    note_event(c, true, type, client);
}

struct server_access {
  template <class Server>
  [[nodiscard]] static server_control& control(Server& s) noexcept {
    return s.control_;
  }
};

template <class Server, class Message>
concept handles_info = requires(Server& s, Message m) {
  s.handle_info(std::move(m));
};
template <class Server>
concept has_terminate = requires(Server& s, const exit_reason& r) {
  s.terminate(r);
};
template <class Server>
concept has_handle_timeout = requires(Server& s) {
  s.handle_timeout();
};

/// Messages of the runtime's own, and those listed in `info_types`, for handlers that take their types.
template <class... T>
struct type_list {};

template <class Server, class Message>
bool handled_as(Server& s, any_message& m) {
  if constexpr (handles_info<Server, Message>) {
    if (Message* value = m.get_if<Message>()) {
      s.handle_info(std::move(*value));
      return true;
    }
  }
  return false;
}

template <class Server, class... Message>
bool handled_as_one_of(Server& s, any_message& m, type_list<Message...>) {
  return (handled_as<Server, Message>(s, m) || ...);
}

template <class Server, class... Message>
consteval bool handles_all(type_list<Message...>) {
  return (handles_info<Server, Message> && ...);
}

template <class Server>
void handle_other(Server& s, any_message m) {
  server_control& c = server_access::control(s);
  if (is_end_of_parent(c, m)) return;
  if (handled_as_one_of(s, m, type_list<down, exited>{})) return;
  if constexpr (requires { typename Server::info_types; }) {
    static_assert(handles_all<Server>(typename Server::info_types{}),
                  "joist: the server has no handler for a type in info_types: add a public `void handle_info(Message)`");
    if (handled_as_one_of(s, m, typename Server::info_types{})) return;
  }
  if constexpr (handles_info<Server, any_message>) {
    s.handle_info(std::move(m));
  } else {
    log_unhandled(c, m);
  }
}

template <class Server>
void handle_message(Server& s, any_message m) {
  if (auto* request = m.base_if<server_message<Server>>()) {
    request->handle(s, *request);
  } else {
    server_control& c = server_access::control(s);
    note_arrival(c, m.type());
    handle_other(s, std::move(m));
  }
}

/// Until stop().
template <class Server>
void serve(Server& s) {
  server_control& c = server_access::control(s);
  while (!c.stopping) {
    if (c.has_continuation()) {
      checkpoint();
      handle_message(s, c.next_continuation());
    } else if (std::optional<any_message> m = next_message(c)) {
      handle_message(s, std::move(*m));
    } else if (std::exchange(c.timed_out, false)) {
      if constexpr (has_handle_timeout<Server>) {
        checkpoint();  // as receive does: a chain of these ends when the process is ended, and lets others run
        c.last_message = nullptr;
        s.handle_timeout();
      }
    }
  }
}

/// Serves until the end, which is told to terminate(), and to the log if it is a crash: the reason for the process to end.
template <class Server>
[[nodiscard]] exit_reason serve_to_the_end(Server& s) {
  server_control& c = server_access::control(s);
  std::optional<exit_reason> crash = catch_end([&s] { serve(s); });
  exit_reason reason = crash ? std::move(*crash) : *c.stopping;
  if constexpr (has_terminate<Server>) {
    crash = catch_end([&] { s.terminate(std::as_const(reason)); });
    if (crash) reason = std::move(*crash);
  }
  if (!reason.is_orderly()) log_crash(c, reason);
  return reason;
}

/// The state of a server, as reports show it: its own words, or what fmt makes of it.
template <class Server>
std::string describe_state(const void* server) {
  const Server& s = *static_cast<const Server*>(server);
  if constexpr (requires {
                  { s.format_status() } -> std::convertible_to<std::string>;
                }) {
    return s.format_status();
  } else if constexpr (fmt::is_formattable<Server>::value) {
    return fmt::format("{}", s);
  } else {
    return {};
  }
}

template <class Server>
void prepare(Server& s, pid parent, deadline hibernate_after) {
  if constexpr (requires { s.handle_hibernate(); }) {
    server_access::control(s).hibernate = [](void* server) { static_cast<Server*>(server)->handle_hibernate(); };
  }
  server_control& c = server_access::control(s);
  c.parent = parent;
  c.server = &s;
  c.type = &typeid(Server);
  c.describe = &describe_state<Server>;
  c.hibernate_after = hibernate_after;
}

}  // namespace joist::inline v0::detail
