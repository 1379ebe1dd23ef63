// joist/otp/gen_event.hpp: an event manager: a process that passes events on to handlers, which come and go while it runs:
// for logs, metrics, alarms, whatever has to hear of what happens without being known to who makes it happen.
//
//   using shop = joist::gen_event<order_placed, order_cancelled>;
//   class audit : public shop::handler<audit> {
//    public:
//     struct count { using reply = int; };
//     explicit audit(std::string file);
//     void handle_event(const order_placed& o);            // others are not for this one
//     int handle_call(count) const { return count_; }
//   };
//   const auto events = shop::start_link({.name = "shop"});
//   events.add_handler<audit>("audit.log").value();
//   events.notify(order_placed{12});
//   int placed = events.call<audit>(audit::count{}).value();
//
// A handler is any class with, all public
//   void  handle_event(const Event&)             for the events it wants to hear of: one at least
//   Reply handle_call(Message)                   answers call(); the message has `using reply = ...`
//   void  handle_info(const Message&)            other messages to the manager: down, exited, those of `using info_types =
//                                                joist::type_list<...>`; const any_message& takes the rest
//   T     terminate(const handler_end&)          before its end: T, which may be void, is for who deletes or swaps it
//   void  handle_hibernate()                     the manager is about to wait for long
//   std::string format_status() const            its state in reports; else its fmt::formatter
// and, derived from gen_event<...>::handler of itself, it may say in each of the first three: remove(), swap_to<Other>(...),
// hibernate(). It is made, called and destroyed in the manager's process: what it waits for, all wait for.
//
// Promises
//   events of one process come in order, to one handler after the other, the newest first
//   a handler that throws is removed, with terminate() and a report; the manager and the other handlers go on
//   one added by add_sup_handler goes when the process that added it ends, and that one hears of its end: handler_exited;
//     the two are linked meanwhile
//
// Example: examples/14_events. See also: event_manager_ref.hpp, gen_server.hpp, supervisor.hpp, sys.hpp. OTP: gen_event.
#pragma once

#include <joist/detail/event_requests.hpp>
#include <joist/names.hpp>
#include <joist/otp/child_spec.hpp>
#include <joist/otp/event_manager_ref.hpp>
#include <joist/otp/gen_server.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

namespace joist::inline v0 {

/// The manager's process.
template <class... Event>
class gen_event : public gen_server<gen_event<Event...>>, public detail::event_requests<Event...> {
  using events = type_list<Event...>;

 public:
  using ref = event_manager_ref<Event...>;

  /// What a handler may derive from, to say what comes after the function that it is in.
  template <class Handler>
  class handler {
   protected:
    handler() = default;
    ~handler() = default;
    /// It goes.
    void remove() { handler_control_.removes = true; }
    /// An Other(what terminate() returns, arguments...) comes in its place, or an Other(arguments...).
    template <class Other, class... Argument>
    void swap_to(handler_id id, Argument... arguments) {
      detail::require_handler<Other, Event...>();
      handler_control_.swap.emplace(detail::swap_between<Handler, Other>(events{}, std::move(id.text),
                                                                         std::tuple<Argument...>{std::move(arguments)...}));
    }
    template <class Other, class... Argument>
    requires(!std::is_same_v<std::remove_cvref_t<Argument>, handler_id> && ...) void swap_to(Argument... arguments) {
      swap_to<Other>(handler_id{}, std::move(arguments)...);
    }
    /// Before the next wait: handle_hibernate() of all handlers.
    void hibernate() { handler_control_.hibernates = true; }
    /// For others.
    [[nodiscard]] ref manager() const { return ref{self()}; }

   private:
    friend struct detail::handler_access;
    detail::handler_control handler_control_;
  };

  /// As joist::start and joist::start_link do.     [process]
  static ref start(const server_options& options = {}) { return ref{joist::start<gen_event>(options).process()}; }
  static ref start_link(const server_options& options = {}) { return ref{joist::start_link<gen_event>(options).process()}; }
  /// For supervisors.
  [[nodiscard]] static child_spec child(std::string id, server_options options = {}) {
    return {std::move(id), starts<gen_event>(std::move(options))};
  }
  /// The manager that has the name. That it is one for these events is up to who says so.     [process]
  [[nodiscard]] static std::optional<ref> find(std::string_view name) {
    const auto found = whereis(name);
    return found ? std::optional{ref{*found}} : std::nullopt;
  }

  gen_event() : detail::event_requests<Event...>{detail::server_access::control(*this)} { trap_exit(true); }
};

}  // namespace joist::inline v0
