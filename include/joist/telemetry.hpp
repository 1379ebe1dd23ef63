// joist/telemetry.hpp: events for those who measure: what happened, with figures and with what they are about.
//
//   struct order_placed {
//     static constexpr std::string_view event_name = "shop.order.placed";
//     struct { int cents; std::chrono::nanoseconds took; } measurements;
//     struct { std::string_view customer; } metadata;
//   };
//   joist::telemetry::attach<order_placed>("large orders", [](const order_placed& e) { total += e.measurements.cents; });
//   joist::telemetry::execute(order_placed{{1299, took}, {"Ada"}});
//
// Promises
//   an event that nobody listens to costs next to nothing; execute_with does not even make it
//   handlers are called where the event happens, one after the other, before execute returns, and by several processes at
//     once; that a process begins, or ends, is told in itself
//   a handler that throws is detached, and its failure is an event and a report; who executed the event does not notice
//   what a handler does raises no events: none calls itself
//   attached and detached while events happen; one that has just been detached may still be running elsewhere
//
// Handlers should be quick and must not wait: hand over to a process of your own by a cast, or count in an atomic.
//
// Example: examples/21_telemetry. See also: otp/telemetry.hpp (calls, servers, supervisors, measuring at intervals).
// Erlang, Elixir: the library telemetry.
#pragma once

#include <joist/detail/event_members.hpp>
#include <joist/exit_reason.hpp>
#include <joist/pid.hpp>

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace joist::inline v0::telemetry {

/// A type of events: an aggregate that has a name and the members `measurements` (numbers and durations) and `metadata`
/// (what fmt can print: numbers, text, pids, reasons), which are aggregates, perhaps empty ones.
template <class Event>
concept event = detail::is_event<Event>;

/// An event of whatever type, for those who take all: exporters, loggers, tests. Lives as long as the handler's call.
class any_event {
 public:
  [[nodiscard]] std::string_view name() const noexcept { return type_->name; }
  [[nodiscard]] std::vector<measurement> measurements() const { return type_->measurements(object_); }
  [[nodiscard]] std::vector<tag> metadata() const { return type_->metadata(object_); }
  /// Null: it is of another type.
  template <event Event>
  [[nodiscard]] const Event* get_if() const noexcept {
    return type_ == &detail::event_type_of<Event> ? static_cast<const Event*>(object_) : nullptr;
  }

  any_event(const detail::event_type& type, const void* object) noexcept : type_{&type}, object_{object} {}

 private:
  const detail::event_type* type_;
  const void* object_;
};

/// Calls `handler` for each event of these types, until it is detached, throws, or the runtime stops. Throws
/// errc::name_taken when a handler of that id is attached to the caller's runtime.     [process]
template <event... Event, class Handler>
void attach(std::string id, Handler handler) {
  static_assert(sizeof...(Event) > 0, "joist: attach<event_type...>(id, handler); attach_to_all takes every event");
  static_assert((std::is_invocable_v<const Handler&, const Event&> && ...),
                "joist: the handler cannot be called with one of the events that it is attached to, or is mutable: several "
                "processes call it at once");
  detail::attach_handler(std::move(id), {&detail::event_type_of<Event>...}, [h = std::move(handler)](const any_event& e) {
    const auto call = [&h](const auto* known) {
      if (known != nullptr) h(*known);
    };
    (call(e.get_if<Event>()), ...);
  });
}

/// The same for events of all types.     [process]
void attach_to_all(std::string id, std::function<void(const any_event&)> handler);

/// False: there is no handler of that id.     [process]
bool detach(std::string_view id);

struct attached {
  std::string id;
  std::vector<std::string_view> events;  ///< empty: all
};
/// In the order in which they were attached.     [process]
[[nodiscard]] std::vector<attached> handlers();

/// Whether anybody may listen: never wrong when it says no.     [process]
template <event Event>
[[nodiscard]] bool is_listened_to() {
  return detail::is_heard(detail::event_type_of<Event>);
}

/// Tells those who listen.     [process]
template <event Event>
void execute(const Event& e) {
  if (is_listened_to<Event>()) [[unlikely]]
    detail::tell_handlers(detail::event_type_of<Event>, &e);
}
/// The same of the event that `make` returns, which is called only where somebody listens.     [process]
template <class Make>
void execute_with(Make&& make) {
  using made = std::remove_cvref_t<std::invoke_result_t<Make&>>;
  if (is_listened_to<made>()) [[unlikely]] {
    const auto& e = std::forward<Make>(make)();
    detail::tell_handlers(detail::event_type_of<made>, &e);
  }
}

// -- the runtime's own events

/// Told when it runs for the first time, before its body.
struct process_spawned {
  static constexpr std::string_view event_name = "joist.process.spawned";
  struct {
  } measurements;
  struct {
    pid process;
    pid parent;              ///< nobody: it was spawned by a thread of the program, or a timer
    std::string_view label;  ///< as all text of the runtime's events: for the time of the call
  } metadata;
};

/// Once for each process: when its body is over, or when it is declared dead (then on a thread of the runtime).
struct process_exited {
  static constexpr std::string_view event_name = "joist.process.exited";
  struct {
    std::uint64_t reductions;
    std::size_t message_queue_length;  ///< of one that was declared dead: what it knew of
  } measurements;
  struct {
    pid process;
    pid parent;
    std::string_view label;
    exit_reason reason;
  } metadata;
};

/// A handler has thrown, and is detached.
struct handler_failed {
  static constexpr std::string_view event_name = "joist.telemetry.handler_failed";
  struct {
  } measurements;
  struct {
    std::string_view id;
    std::string_view event;  ///< that it was called with
    exit_reason reason;
  } metadata;
};

}  // namespace joist::inline v0::telemetry
