// joist/otp/gen_server.hpp: a process that keeps a state and answers requests, one after the other. A class is a server:
// its members are the state, its constructor is init, its handlers are found by the types of the messages.
//
//   class account : public joist::gen_server<account> {
//    public:
//     struct deposit { int cents; };                       // told
//     struct balance { using reply = int; };               // asked: the type of the answer is part of the message
//     explicit account(int start) : cents_{start} {}
//     void handle_cast(deposit d) { cents_ += d.cents; }
//     int handle_call(balance) { return cents_; }
//    private:
//     int cents_;
//   };
//   auto server = joist::start_link<account>(100);
//
// Handlers, all public, all optional; overloads for as many types as one likes
//   Reply handle_call(Message)                 answers now
//   void  handle_call(Message, from<Reply>)    answers by reply(from, value), later, perhaps from another process
//   void  handle_cast(Message)
//   void  handle_info(Message)                 what info() and info_after() send; down and exited; types in
//                                              `using info_types = joist::type_list<...>`, sent by anybody
//   void  handle_info(any_message)             all other messages; without it they are logged and dropped
//   void  handle_continue(Message)             what continue_with() was given
//   void  handle_timeout()                     after timeout_after()
//   void  handle_hibernate()                   before a long wait: gives back what it can do without
//   void  terminate(const exit_reason&)        before the end, when the server ends by itself; on an exit signal of the
//                                              parent only where exits are trapped; on others' never
//   std::string format_status() const          the state for reports and sys::get_status; else its fmt::formatter
//
// Promises
//   a terminate, format_status or handle_hibernate that cannot be called so, and a handle_info(Message&), do not compile
//   start returns when the constructor has; one that throws is a failed start, and the name is free again by then
//   the constructor's arguments arrive as values, text (a string_view, a char*) as a std::string; what points at something
//     of the caller's does not compile
//   what a handler throws ends the server: terminate() runs, a report tells message, client and state, callers exit with
//     the reason
//
// Example: examples/08_gen_server. See also: server_ref.hpp, supervisor.hpp, sys.hpp. OTP: gen_server.
#pragma once

#include <joist/detail/kept_argument.hpp>
#include <joist/detail/server.hpp>
#include <joist/otp/ancestors.hpp>
#include <joist/otp/from.hpp>
#include <joist/otp/server_ref.hpp>
#include <joist/result.hpp>
#include <joist/timer.hpp>

#include <concepts>
#include <functional>
#include <optional>
#include <stdexcept>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>

namespace joist::inline v0 {

template <class... T>
using type_list = detail::type_list<T...>;

/// What every server has; see the head of this file. Its functions are for the handlers, and say what comes after them.
template <class Server>
class gen_server {
 public:
  gen_server(const gen_server&) = delete;
  gen_server& operator=(const gen_server&) = delete;

 protected:
  gen_server() = default;
  ~gen_server() = default;

  /// The server ends after this handler: terminate(reason), then its process. What a handle_call returns beside is answered
  /// in between: the client goes on when terminate() has run, also when that crashed (OTP: {stop, Reason, Reply, State}).
  /// reply() answers at once.
  void stop(exit_reason reason = exit_reason::normal) { control_.stopping = std::move(reason); }

  /// handle_continue(message) is called before any message that waits.
  template <class Message>
  void continue_with(Message message) {
    static_assert(
        requires(Server & s, Message m) { s.handle_continue(std::move(m)); },
        "joist: the server has no handler for this: add a public `void handle_continue(Message)`");
    control_.continuations().emplace_back(detail::make_node<continuation<Message>>(std::move(message)));
  }

  /// handle_timeout() is called when no user's message comes until then; 0: at once, before those that wait.
  void timeout_after(detail::deadline limit) {
    static_assert(detail::has_handle_timeout<Server>, "joist: the server has no `void handle_timeout()` to be called");
    control_.timeout = limit;
    control_.has_timeout = true;
  }

  /// handle_hibernate(), where there is one, is called before the next wait, and the stack is given back for its time, with
  /// all frames on it where no timeout is set: hibernate_on_return(). What remains is the server itself.
  void hibernate() noexcept { control_.hibernates = true; }

  /// For handle_info, at the deadline; cancel_timer() takes the reference.
  template <class Message>
  ref info_after(detail::deadline when, Message message) {
    detail::require_info<Server, Message>();
    return send_after(when, self(), detail::info_request<Server, Message>{std::move(message)});
  }

  /// The server itself, for others.
  [[nodiscard]] server_ref<Server> self_ref() const { return server_ref<Server>{self()}; }

 private:
  template <class Message>
  struct continuation : detail::server_message<Server> {
    using message_base = detail::server_message<Server>;
    Message message;
    explicit continuation(Message m) : detail::server_message<Server>{&handle_it}, message{std::move(m)} {}
    static void handle_it(Server& s, detail::server_message<Server>& base) {
      note_arrival(s.control_, typeid(Message));
      s.handle_continue(std::move(static_cast<continuation&>(base).message));
    }
  };

  friend struct detail::server_access;
  detail::server_control control_;
};

/// Where a server registers itself beside names, as registry.hpp's via() makes it. Both are called in its process.
struct via_name {
  std::function<std::optional<pid>()> enter = {};  ///< nothing, or who has the place
  std::function<void()> leave = {};                ///< after it has entered, when the start has failed
};

struct server_options {
  std::string name = {};                        ///< registered before the constructor runs
  via_name via = {};                            ///< entered before the constructor runs, after the name
  detail::deadline init_limit = infinity;       ///< of the constructor; then the process is killed
  detail::deadline hibernate_after = infinity;  ///< so long without a message: handle_hibernate() is called
  spawn_options process = {};
};

/// Why a server did not start.
struct start_error {
  enum class kind : std::uint8_t {
    failed,           ///< the constructor threw, or was ended: with `reason`
    refused,          ///< it threw a start_refused: as failed, and nothing is logged (OTP: {error, Reason})
    ignored,          ///< it threw a start_ignored: it does not want to run (OTP: ignore)
    timeout,          ///< it took longer than server_options::init_limit, and was killed
    already_started,  ///< `process` has the name
  };
  kind what = kind::failed;
  exit_reason reason;
  pid process = {};
  [[nodiscard]] std::string to_string() const;
};

/// Thrown by start, start_link and start_monitor.
class start_failed : public std::runtime_error {
 public:
  explicit start_failed(start_error error) : std::runtime_error{error.to_string()}, error_{std::move(error)} {}
  [[nodiscard]] const start_error& error() const noexcept { return error_; }

 private:
  start_error error_;
};

/// For constructors of servers to throw: not now, and nobody's failure. A start_error is returned as it is thrown.
struct start_ignored {};
struct start_refused {
  exit_reason reason;
};

template <class Server>
struct monitored_server {
  server_ref<Server> server;
  ref monitor;
};

namespace detail {

struct start_outcome {
  ref start;
  std::optional<start_error> error;
};
struct started_process {
  pid process;
  ref monitor;
};
enum class start_mode : unsigned char { alone, link, monitor };

/// What the process of a server does until the constructor has run, but for that.
class starting {
 public:
  starting(pid starter, ref start, alias tell, start_mode mode, const server_options& options);
  /// Takes over who its ancestors are, registers the name, and enters `via`. Does not return when that fails: told, and the
  /// process ends.
  void begin();
  void succeeded();
  /// Tells why, unless it succeeded, and ends the process.
  [[noreturn]] void failed(exit_reason reason);
  /// Nobody's failure: as the error says, and the process ends normally.
  [[noreturn]] void refused(start_error error);
  [[nodiscard]] pid parent() const noexcept { return mode_ == start_mode::link ? starter_ : pid{}; }

 private:
  [[noreturn]] void end(start_error error, exit_reason reason);
  void tell(std::optional<start_error> error);
  void enter_via();

  pid starter_;
  ref start_;
  alias tell_;
  start_mode mode_;
  std::string name_;
  lineage ancestors_;
  via_name via_;
  bool entered_ = false;
};

/// Spawns `body`, and waits until it has told. On success the process lives; in the mode `monitor` it is monitored.
[[nodiscard]] result<started_process, start_error> start_process(const server_options& options, start_mode mode,
                                                                 const std::function<closure_ptr(starting)>& body);

/// What a server's process begins with, and gives back when it has begun: it may live for long.
template <class Arguments>
struct server_beginning {
  starting start;
  Arguments arguments;
  deadline hibernate_after;
};

/// See server_body.
template <class Server, class Arguments>
struct begin_server {
  std::unique_ptr<server_beginning<Arguments>> with;
  void operator()(auto server);
};

template <class Server, class Arguments>
void begin_server<Server, Arguments>::operator()(auto server) {
  starting& start = with->start;
  Server* made = nullptr;
  start.begin();
  std::optional<start_error> refuses;
  std::optional<exit_reason> failure = catch_end([&] {
    try {
      std::apply([&](auto&... a) { made = &server.emplace(std::move(a)...); }, with->arguments);
    } catch (const start_ignored&) {
      refuses = start_error{start_error::kind::ignored, exit_reason::normal};
    } catch (start_refused& r) {
      refuses = start_error{start_error::kind::refused, std::move(r.reason)};
    } catch (start_error& e) {
      refuses = std::move(e);
    }
  });
  if (refuses) start.refused(std::move(*refuses));
  if (failure) start.failed(std::move(*failure));
  if (auto& stopping = server_access::control(*made).stopping) start.failed(*stopping);
  prepare(*made, start.parent(), with->hibernate_after);
  start.succeeded();
}

template <class Server, class... Arguments>
result<started_process, start_error> start_server(start_mode mode, const server_options& options, Arguments&&... arguments) {
  static_assert(std::derived_from<Server, gen_server<Server>>,
                "joist: a server derives, publicly, from joist::gen_server of itself");
  require_kept<std::decay_t<Arguments>...>();
  static_assert(std::is_constructible_v<Server, kept_argument<std::decay_t<Arguments>>...>,
                "joist: the server has no constructor that takes these arguments (they arrive as values, text that is lent "
                "as a std::string)");
  using kept_arguments = std::tuple<kept_argument<std::decay_t<Arguments>>...>;
  kept_arguments kept{std::forward<Arguments>(arguments)...};
  return start_process(options, mode, [&](starting start) {
    using begin = begin_server<Server, kept_arguments>;
    return make_closure_of<server_body<Server, begin>>(begin{std::make_unique<server_beginning<kept_arguments>>(
        server_beginning<kept_arguments>{std::move(start), std::move(kept), options.hibernate_after})});
  });
}

template <class T>
T started_or_throw(result<T, start_error> r) {
  if (!r) throw start_failed{std::move(r).error()};
  return *std::move(r);
}

template <class Ref>
result<Ref, start_error> ref_as(result<started_process, start_error> r) {
  if (!r) return failure{std::move(r).error()};
  return Ref{r->process};
}

/// That somebody else has the name.
[[nodiscard]] start_error name_is_taken(pid owner);

}  // namespace detail

/// Starts a server and waits until its constructor has run. The result may be a start_error.     [process]
template <class Server, class... Arguments>
result<server_ref<Server>, start_error> try_start(const server_options& options, Arguments&&... arguments) {
  return detail::ref_as<server_ref<Server>>(
      detail::start_server<Server>(detail::start_mode::alone, options, std::forward<Arguments>(arguments)...));
}
/// The same, linked to the caller. A start that fails does not end the caller by the link; only a constructor that is
/// killed, or whose stack is given up (fault.hpp), does, where the caller does not trap exits.     [process]
template <class Server, class... Arguments>
result<server_ref<Server>, start_error> try_start_link(const server_options& options, Arguments&&... arguments) {
  return detail::ref_as<server_ref<Server>>(
      detail::start_server<Server>(detail::start_mode::link, options, std::forward<Arguments>(arguments)...));
}

/// As try_start, and throws start_failed.     [process]
template <class Server, class... Arguments>
server_ref<Server> start(const server_options& options, Arguments&&... arguments) {
  return detail::started_or_throw(try_start<Server>(options, std::forward<Arguments>(arguments)...));
}
template <class Server, class... Arguments>
requires(!std::is_same_v<std::remove_cvref_t<Arguments>, server_options> &&
         ...) server_ref<Server> start(Arguments&&... arguments) {
  return start<Server>(server_options{}, std::forward<Arguments>(arguments)...);
}
template <class Server, class... Arguments>
server_ref<Server> start_link(const server_options& options, Arguments&&... arguments) {
  return detail::started_or_throw(try_start_link<Server>(options, std::forward<Arguments>(arguments)...));
}
template <class Server, class... Arguments>
requires(!std::is_same_v<std::remove_cvref_t<Arguments>, server_options> &&
         ...) server_ref<Server> start_link(Arguments&&... arguments) {
  return start_link<Server>(server_options{}, std::forward<Arguments>(arguments)...);
}
/// The same, monitored by the caller from the start.     [process]
template <class Server, class... Arguments>
result<monitored_server<Server>, start_error> try_start_monitor(const server_options& options, Arguments&&... arguments) {
  auto made = detail::start_server<Server>(detail::start_mode::monitor, options, std::forward<Arguments>(arguments)...);
  if (!made) return failure{std::move(made).error()};
  return monitored_server<Server>{server_ref<Server>{made->process}, made->monitor};
}
template <class Server, class... Arguments>
monitored_server<Server> start_monitor(const server_options& options, Arguments&&... arguments) {
  return detail::started_or_throw(try_start_monitor<Server>(options, std::forward<Arguments>(arguments)...));
}
template <class Server, class... Arguments>
requires(!std::is_same_v<std::remove_cvref_t<Arguments>, server_options> &&
         ...) monitored_server<Server> start_monitor(Arguments&&... arguments) {
  return start_monitor<Server>(server_options{}, std::forward<Arguments>(arguments)...);
}

/// The calling process, hand-written until here, serves from now on (OTP: gen_server:enter_loop).     [process]
template <class Server>
[[noreturn]] void enter_loop(Server& server, pid parent = {}) {
  detail::prepare(server, parent, infinity);
  exit(*detail::serve_to_the_end(server));  // its frames are the caller's: it never rests
}

}  // namespace joist::inline v0
