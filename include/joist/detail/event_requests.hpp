// joist/detail/event_requests.hpp: what the manager of joist/otp/gen_event.hpp does with requests, events and other
// messages.
#pragma once

#include <joist/detail/gen_event.hpp>
#include <joist/detail/server.hpp>
#include <joist/otp/event_manager_ref.hpp>

#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace joist::inline v0::detail {

/// The new one is made of what the old one has left, if it has a constructor that takes that first; else of the arguments
/// alone.
template <class Old, class New, class... Event, class... Argument>
handler_swap swap_between(type_list<Event...> events, std::string id, std::tuple<Argument...> arguments) {
  using left = left_behind<Old>;
  auto kept = std::make_shared<std::tuple<Argument...>>(std::move(arguments));
  auto make = [events, kept](void* old) {
    const handler_end why{handler_end::kind::swapped, {}};
    if constexpr (!std::is_void_v<left> && std::is_constructible_v<New, left, Argument...>) {
      std::optional<left> got;
      terminate_handler<Old>(old, why, &got);
      auto all = std::tuple_cat(std::tuple<left>{std::move(*got)}, std::move(*kept));
      return make_handler<New>(events, all);
    } else {
      static_assert(std::is_constructible_v<New, Argument...>,
                    "joist: the handler has no constructor that takes these arguments (they arrive as values), nor one that "
                    "takes what the old one's terminate returns before them");
      terminate_handler<Old>(old, why, nullptr);
      return make_handler<New>(events, *kept);
    }
  };
  return {{&typeid(New), std::move(id)}, std::move(make)};
}

/// The part of a manager that takes messages.
template <class... Event>
class event_requests {
  using events = type_list<Event...>;

 public:
  explicit event_requests(server_control& manager) noexcept : manager_{manager}, handlers_{manager} {}

  template <class E>
  requires(std::is_same_v<E, Event> || ...) void handle_cast(E event) { pass_on(event); }
  template <class E>
  void handle_call(sync_event<E> e) {
    pass_on(e.event);
  }
  template <class Handler, class... Argument>
  result<void, handler_error> handle_call(add_handler<Handler, Argument...> wanted) {
    return outcome(handlers_.add({&typeid(Handler), std::move(wanted.id)}, wanted.supervisor,
                                 [&wanted] { return make_handler<Handler>(events{}, wanted.arguments); }));
  }
  template <class Handler>
  auto handle_call(delete_handler<Handler> wanted) -> typename delete_handler<Handler>::reply {
    const auto at = handlers_.find({&typeid(Handler), std::move(wanted.id)});
    if (!at) return failure{handler_error{}};
    using left = left_behind<Handler>;
    if constexpr (std::is_void_v<left>) {
      return outcome(failed_to_end(handlers_.end(*at, {})));
    } else {
      std::optional<left> got;
      if (auto failed = failed_to_end(handlers_.end(*at, {}, &got))) return failure{std::move(*failed)};
      return std::move(*got);
    }
  }
  template <class Old, class New, class... Argument>
  result<void, handler_error> handle_call(swap_handler<Old, New, Argument...> wanted) {
    const auto at = handlers_.find({&typeid(Old), std::move(wanted.from)});
    if (!at) return failure{handler_error{}};
    return outcome(handlers_.swap(*at, swap_between<Old, New>(events{}, std::move(wanted.to), std::move(wanted.arguments)),
                                  wanted.supervisor));
  }
  template <class Handler, class Message>
  auto handle_call(handler_call<Handler, Message> wanted) -> typename handler_call<Handler, Message>::reply {
    const auto at = handlers_.find({&typeid(Handler), std::move(wanted.id)});
    if (!at) return failure{handler_error{}};
    std::optional<typename handler_call<Handler, Message>::reply> got;
    const auto failed = handlers_.run(*at, &typeid(Message), [&](void* object) {
      auto& asked = *static_cast<Handler*>(object);
      if constexpr (std::is_void_v<reply_to<Message>>) {
        asked.handle_call(std::move(wanted.message));
        got.emplace();
      } else {
        got.emplace(asked.handle_call(std::move(wanted.message)));
      }
    });
    look_for_hibernate();
    if (failed) return failure{handler_error{handler_error::kind::failed, *failed}};
    return std::move(*got);
  }
  std::vector<handler_info> handle_call(list_handlers) { return handlers_.list(); }
  void handle_info(any_message message) {
    handlers_.info(message);
    look_for_hibernate();
  }
  void handle_hibernate() { handlers_.hibernate(); }
  void terminate(const exit_reason&) { handlers_.stop(); }
  std::string format_status() const { return handlers_.describe(); }

 private:
  template <class E>
  void pass_on(const E& event) {
    handlers_.notify(number_of<E, Event...>(), typeid(E), &event);
    look_for_hibernate();
  }
  void look_for_hibernate() {
    if (handlers_.wants_to_hibernate()) manager_.hibernates = true;
  }
  static std::optional<handler_error> failed_to_end(std::optional<exit_reason> why) {
    if (!why) return std::nullopt;
    return handler_error{handler_error::kind::failed, std::move(*why)};
  }
  static result<void, handler_error> outcome(std::optional<handler_error> e) {
    if (e) return failure{std::move(*e)};
    return {};
  }

  server_control& manager_;
  event_handlers handlers_;
};

}  // namespace joist::inline v0::detail
