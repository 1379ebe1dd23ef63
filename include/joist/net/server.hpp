// joist/net/server.hpp: a supervised server: accepts connections, runs each in a process of its own, and lets them finish
// when it stops.
//
//   children.push_back(joist::net::child_server("echo", {.at = endpoint{"0.0.0.0:7"}}, [](joist::net::stream& peer) {
//     std::array<std::byte, 4096> buffer;
//     while (const std::size_t got = peer.read_some(buffer, 60s)) peer.write(std::span{buffer}.first(got));
//   }));
//
// Promises
//   a connection that crashes takes nothing else with it; one that is accepted is served, or closed
//   more connections than `max_connections` wait in the system's line; more than `max_per_address` of one address are closed
//   at a stop: who stands in the line is accepted, and nobody after that; each connection gets `stopping` as a message, and
//     has `drain` to end; the others are ended by shutdown, and then killed
//
// Example: examples/22_echo. See also: stream.hpp, otp/supervisor.hpp. Erlang: Ranch; Elixir: Thousand Island.
#pragma once

#include <joist/net/stream.hpp>
#include <joist/otp/child_spec.hpp>
#include <joist/otp/gen_server.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace joist::inline v0::net {

/// A message to each connection of a server that stops: end soon.
struct stopping {};

struct server_options {
  endpoint at = {};  ///< may be left out, where listening.inherited names a socket that is handed down
  listen_options listening = {};
  std::size_t max_connections = 16'384;
  std::size_t max_per_address = std::numeric_limits<std::size_t>::max();  ///< of one IPv4 address, or one /64 of IPv6
  std::chrono::milliseconds drain{30'000};                                ///< how long connections have to end at a stop
  std::string name = {};                                                  ///< registered, where not empty
  std::string label = "connection";                                       ///< of the processes
};

struct connection_counts {
  std::size_t open = 0;
  std::uint64_t accepted = 0;
  std::uint64_t refused = 0;  ///< closed at once: max_per_address, or there was no process or memory for it
};

/// What a connection's process runs; copied never, called by many at once. The stream is closed when it returns.
using connection_body = std::function<void(stream&)>;

/// The address of a running server.
class server_ref {
 public:
  server_ref() = default;
  explicit server_ref(pid process) noexcept : process_{process} {}
  [[nodiscard]] pid process() const noexcept { return process_; }
  operator pid() const noexcept { return process_; }

  /// Where it listens: with the port that was given, where 0 was asked for.     [process]
  [[nodiscard]] endpoint local() const;
  [[nodiscard]] connection_counts counts() const;
  /// Nothing: it has ended, or did not answer in time, as one that stops does not.     [process]
  [[nodiscard]] std::optional<connection_counts> try_counts(joist::detail::deadline limit) const;
  /// The processes of its connections.     [process]
  [[nodiscard]] std::vector<pid> connections() const;
  /// As the head of this file says.     [process]
  void stop(exit_reason reason = exit_reason::normal, joist::detail::deadline limit = infinity) const;

 private:
  pid process_;
};

/// Linked to the caller. An address that cannot be listened on is a failed start.     [process]
[[nodiscard]] result<server_ref, start_error> try_start_server(server_options options, connection_body body);
/// The same, and throws start_failed.     [process]
server_ref start_server(server_options options, connection_body body);
/// As a child: permanent; it is stopped in its own time.     [any thread]
[[nodiscard]] child_spec child_server(std::string id, server_options options, connection_body body);

}  // namespace joist::inline v0::net
