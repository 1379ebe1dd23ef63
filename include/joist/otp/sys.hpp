// joist/otp/sys.hpp: looking into running servers, stopping them for a while, and changing their state: for operators,
// tests, and the shell of a debugger.
//
// Promises
//   every server answers these, also while it is suspended, in the order in which they came among its other messages
//   a timeout of the server (timeout_after) is not cancelled by them, and one that hibernates goes back to it
//   without a server, or without an answer until `limit`, the caller exits as with server_ref::call
//
// See also: gen_server.hpp. OTP: sys.
#pragma once

#include <joist/detail/server.hpp>
#include <joist/detail/server_watch.hpp>
#include <joist/otp/server_ref.hpp>

#include <concepts>
#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace joist::inline v0::sys {

struct status {
  pid process;
  std::string type;  ///< of the server's class
  std::string name;  ///< registered, or empty
  pid parent;        ///< whom it was linked to at its start, if it was
  bool suspended = false;
  bool hibernating = false;
  std::string state;  ///< by format_status(), or fmt; empty when there is neither
};
[[nodiscard]] status get_status(pid server, detail::deadline limit = default_call_limit);

/// No messages but these functions' are handled from now until resume(). Twice is once.
void suspend(pid server, detail::deadline limit = default_call_limit);
void resume(pid server, detail::deadline limit = default_call_limit);

using detail::server_event;
using detail::server_statistics;

/// Counts from now on, or no longer.
void count(pid server, bool on, detail::deadline limit = default_call_limit);
/// Nothing when it does not count.
[[nodiscard]] std::optional<server_statistics> statistics(pid server, detail::deadline limit = default_call_limit);

/// Writes each event to the log of the runtime, or no longer.
void trace(pid server, bool on, detail::deadline limit = default_call_limit);

/// Keeps the last `events` events; 0: no longer.
void keep_events(pid server, std::size_t events, detail::deadline limit = default_call_limit);
[[nodiscard]] std::vector<server_event> events(pid server, detail::deadline limit = default_call_limit);

/// Calls `spy` with each event, in the server's process, until it returns false, throws, or is removed. One by that name
/// that is there already is replaced.
void install(pid server, std::string name, std::function<bool(const server_event&)> spy,
             detail::deadline limit = default_call_limit);
void remove(pid server, std::string name, detail::deadline limit = default_call_limit);

/// What `look` sees of the state: look(const Server&), called in the server's process.
template <class Server, class Look>
auto get_state(server_ref<Server> server, Look look, detail::deadline limit = default_call_limit) {
  using seen = std::remove_cvref_t<std::invoke_result_t<Look&, const Server&>>;
  return detail::ask_system<seen>(
      server.process(),
      [look = std::move(look)](detail::server_control& c) mutable -> seen {
        return look(std::as_const(detail::server_of<Server>(c)));
      },
      limit);
}

/// Changes the state by change(Server&), called in the server's process. When it throws, the caller exits with that, and the
/// server is as it was: for this a server can be assigned from a copy of what it is made of, a member `state`:
template <class Server, class Change>
void replace_state(server_ref<Server> server, Change change, detail::deadline limit = default_call_limit) {
  static_assert(
      requires(Server & s) { s.state; },
      "joist: replace_state works on a public member `state` of the server, which is copied and put back when the "
      "change throws");
  detail::ask_system<void>(
      server.process(),
      [change = std::move(change)](detail::server_control& c) mutable {
        Server& s = detail::server_of<Server>(c);
        auto changed = s.state;
        change(changed);
        using std::swap;
        swap(s.state, changed);
      },
      limit);
}

}  // namespace joist::inline v0::sys
