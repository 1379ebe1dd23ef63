// joist/otp/telemetry.hpp: the events of servers and supervisors, and a process that measures at intervals.
//
//   joist::telemetry::attach<joist::telemetry::call_done>("slow calls", [](const auto& e) {
//     if (e.measurements.duration > 100ms) ++slow_calls;
//   });
//   children.push_back(joist::telemetry::poller({.period = 10s, .long_mailbox = 5000}));
//
// Promises
//   free when nobody listens: a server and its callers look at one word a message
//   what a poller's function throws ends that function's turns, and nothing else
//
// Example: examples/21_telemetry. See also: telemetry.hpp (attach, execute, the events of processes). Erlang: telemetry,
// telemetry_poller; OTP: system_monitor's long_message_queue.
#pragma once

#include <joist/info.hpp>
#include <joist/otp/child_spec.hpp>
#include <joist/telemetry.hpp>

#include <chrono>
#include <cstddef>
#include <functional>
#include <string_view>
#include <typeinfo>
#include <vector>

namespace joist::inline v0::telemetry {

/// The name of a type, which is made only where somebody prints it.
struct type_label {
  const std::type_info* type = nullptr;
  [[nodiscard]] std::string name() const { return type != nullptr ? type_name(*type) : ""; }
  friend bool operator==(const type_label& a, const std::type_info& b) noexcept { return a.type != nullptr && *a.type == b; }
};

/// call or try_call of a server, by the caller.
struct call_done {
  static constexpr std::string_view event_name = detail::call_event;
  struct {
    std::chrono::nanoseconds duration;  ///< from the request to the answer, or to when it was given up
  } measurements;
  struct {
    pid server;
    type_label message;
    bool answered;
    exit_reason reason;  ///< why it was not
  } metadata;
};

/// A server has handled a message, or a timeout (which has no type), and its handler has not thrown. By the server.
struct message_handled {
  static constexpr std::string_view event_name = detail::handled_event;
  struct {
    std::chrono::nanoseconds duration;
    std::size_t message_queue_length;  ///< of those that it has taken in and not yet handled
  } measurements;
  struct {
    pid server;
    type_label server_class;
    type_label message;
    pid client;  ///< who waits for an answer; nobody
  } metadata;
};

/// A supervisor has started a child: the first time.
struct child_started {
  static constexpr std::string_view event_name = "joist.supervisor.started";
  struct {
  } measurements;
  struct {
    pid supervisor;
    std::string_view id;
    pid process;
  } metadata;
};

/// A child has ended, and its supervisor has started it again.
struct child_restarted {
  static constexpr std::string_view event_name = "joist.supervisor.restarted";
  struct {
    std::size_t restarts;  ///< of this supervisor, within its period
  } measurements;
  struct {
    pid supervisor;
    std::string_view id;
    pid process;  ///< the new one
  } metadata;
};

/// There were more restarts than the supervisor allows: it ends.
struct supervisor_gave_up {
  static constexpr std::string_view event_name = "joist.supervisor.gave_up";
  struct {
    std::size_t restarts;
  } measurements;
  struct {
    pid supervisor;
    std::string_view id;  ///< of the child that was one too many
  } metadata;
};

/// The runtime as a whole, by a poller.
struct system_measured {
  static constexpr std::string_view event_name = "joist.system";
  struct {
    std::size_t process_count;
    std::size_t run_queue_length;
    std::size_t timers;
    std::size_t live_nodes;
    std::size_t zombies;
    std::uint64_t context_switches;  ///< since the start, as the next
    std::uint64_t spawned;
  } measurements;
  struct {
  } metadata;
};

/// A process that has many messages waiting, by a poller: longest_mailboxes().
struct long_mailbox {
  static constexpr std::string_view event_name = "joist.process.long_mailbox";
  struct {
    std::size_t message_queue_length;
  } measurements;
  struct {
    pid process;
  } metadata;
};

struct poller_options {
  std::chrono::milliseconds period{5000};  ///< from one end of measuring to the next
  std::size_t long_mailbox = 10'000;       ///< messages from which on a mailbox is an event; 0: none is
  std::size_t most_mailboxes = 20;         ///< told at a time: the longest
  /// What else is measured: each executes events of its own.
  std::vector<std::function<void()>> measure = {};
};

/// A child, "telemetry_poller", that executes system_measured, long_mailbox, and what else is measured.     [any thread]
[[nodiscard]] child_spec poller(poller_options options = {});

}  // namespace joist::inline v0::telemetry

template <>
struct fmt::formatter<joist::telemetry::type_label> : fmt::formatter<std::string_view> {
  template <class Context>
  auto format(const joist::telemetry::type_label& label, Context& context) const {
    return fmt::format_to(context.out(), "{}", label.name());
  }
};
