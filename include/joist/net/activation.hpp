// joist/net/activation.hpp: sockets that were opened before the program was started, and what it tells who started it:
// systemd's socket activation and sd_notify, without its library.
//
//   // The socket that was handed down; where there is none, it listens itself.
//   joist::web::server_options o{.at = endpoint{"[::]:8080"}, .listening = {.inherited = "http"}};
//   app.phases = {"ready"};
//   app.start_phase = [](std::string_view, const joist::environment&) { joist::net::notify("READY=1"); };
//   app.prepare_stop = [] { joist::net::notify("STOPPING=1"); };
//
// Promises
//   a socket that was handed down stays open for the life of the program: a server that is restarted by its supervisor
//     listens on it again, and nobody who connected meanwhile is lost
//   while the program is restarted by systemd, connections wait in the socket's line: none is refused
//   programs that this one starts inherit neither the sockets nor the variables
//   where nobody hands anything down, or waits to be told, nothing happens
//
// Guide: docs/guides/deploying.md. See also: stream.hpp (listen_options::inherited), server.hpp. sd_listen_fds(3),
// sd_notify(3), systemd.socket(5).
#pragma once

#include <joist/otp/child_spec.hpp>

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace joist::inline v0::net {

struct inherited_socket {
  std::string name;  ///< FileDescriptorName= of its unit; "unknown", where it has none
  int descriptor;
};

/// What was handed down to this very program: LISTEN_PID, LISTEN_FDS, LISTEN_FDNAMES. The first call takes these variables
/// out of the environment: before the program has threads that read it. Throws errc::bad_argument where they say nothing
/// that makes sense.     [any thread]
[[nodiscard]] const std::vector<inherited_socket>& inherited_sockets();
/// The descriptor of that name; of "http:2" the second one of the name "http". Whose it is it stays: to use it, dup it.
/// [any thread]
[[nodiscard]] std::optional<int> find_inherited(std::string_view name);

/// Tells the service manager: lines such as "READY=1", "STATUS=12 users", "STOPPING=1". False: none waits to be told
/// (NOTIFY_SOCKET is not set), or it does not take it.     [any thread]
bool notify(std::string_view lines) noexcept;
/// RELOADING=1, with the time that Type=notify-reload asks for; READY=1 comes behind it.     [any thread]
bool notify_reloading() noexcept;

/// How often WATCHDOG=1 has to be told at least; nothing: it need not be (WATCHDOG_USEC, WATCHDOG_PID).     [any thread]
[[nodiscard]] std::optional<std::chrono::microseconds> watchdog_interval();
/// A child that tells WATCHDOG=1 at half of that, as long as processes get their turns and `is_well` says so; where none is
/// asked for, the child is ignored. What `is_well` throws ends the child, and its supervisor decides.     [any thread]
[[nodiscard]] child_spec child_watchdog(std::string id = "watchdog", std::function<bool()> is_well = {});

}  // namespace joist::inline v0::net
