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
//   without a manager, or an answer until `limit`, a caller exits as with server_ref::call
//
// Example: examples/14_events. See also: gen_server.hpp, supervisor.hpp, sys.hpp. OTP: gen_event.
#pragma once

#include <joist/detail/gen_event.hpp>
#include <joist/otp/child_spec.hpp>
#include <joist/otp/gen_server.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace joist::inline v0 {

/// Tells handlers of one class apart. One without is the class's own.
struct handler_id {
  std::string text;
};

/// Why a manager does not do what it was asked.
struct handler_error {
  enum class kind : std::uint8_t {
    not_found,        ///< there is no such handler
    already_present,  ///< there is one of this class and id
    failed,           ///< it threw, in its constructor or when it was called: `reason`. It is not there any more
  };
  kind what = kind::not_found;
  exit_reason reason = {};
  [[nodiscard]] std::string to_string() const;
};

struct handler_info {
  std::string type;
  std::string id;
  pid supervisor;  ///< who added it by add_sup_handler
};

/// Why a handler ends: for its terminate().
struct handler_end {
  enum class kind : std::uint8_t {
    deleted,           ///< by delete_handler
    removed,           ///< by its own remove()
    swapped,           ///< another takes its place
    stopped,           ///< the manager ends
    supervisor_ended,  ///< with `reason`
    failed,            ///< it threw: `reason`
  };
  kind what = kind::deleted;
  exit_reason reason = {};
};

/// What a process receives whose handler (add_sup_handler) has ended. The reason: normal when it was deleted or left by
/// itself, shutdown when the manager ends, a handler_swapped, or why it failed.
struct handler_exited {
  pid manager;
  std::string type;
  std::string id;
  exit_reason reason;
};
/// As a reason: a process has put another in its place, which is its own.
struct handler_swapped {
  std::string type;
  std::string id;
  pid by;
  friend bool operator==(const handler_swapped&, const handler_swapped&) = default;
};

template <class... Event>
class gen_event;

/// The address of an event manager. Cheap to copy; may be sent.
template <class... Event>
class event_manager_ref {
 public:
  using manager = gen_event<Event...>;

  event_manager_ref() = default;
  /// That the process is such a manager is up to who says so.
  explicit event_manager_ref(pid process) noexcept : server_{process} {}
  [[nodiscard]] pid process() const noexcept { return server_.process(); }
  operator pid() const noexcept { return server_.process(); }
  [[nodiscard]] server_ref<manager> server() const noexcept { return server_; }

  /// For all handlers; returns at once, whether there is a manager or not.     [any thread]
  template <class E>
  void notify(E event) const {
    require_event<E>();
    server_.cast(std::move(event));
  }
  /// Returns when all handlers have had it.     [process]
  template <class E>
  void sync_notify(E event, detail::deadline limit = default_call_limit) const {
    require_event<E>();
    server_.call(detail::sync_event<E>{std::move(event)}, limit);
  }

  /// Makes a Handler(arguments...) in the manager's process. Errors: already_present, failed.     [process]
  template <class Handler, class... Argument>
  result<void, handler_error> add_handler(handler_id id, Argument... arguments) const {
    return add<Handler>(std::move(id), {}, std::move(arguments)...);
  }
  template <class Handler, class... Argument>
  requires(!std::is_same_v<std::remove_cvref_t<Argument>, handler_id> &&
           ...) result<void, handler_error> add_handler(Argument... arguments)
  const { return add<Handler>({}, {}, std::move(arguments)...); }
  /// The same, supervised by the caller.     [process]
  template <class Handler, class... Argument>
  result<void, handler_error> add_sup_handler(handler_id id, Argument... arguments) const {
    return add<Handler>(std::move(id), self(), std::move(arguments)...);
  }
  template <class Handler, class... Argument>
  requires(!std::is_same_v<std::remove_cvref_t<Argument>, handler_id> &&
           ...) result<void, handler_error> add_sup_handler(Argument... arguments)
  const { return add<Handler>({}, self(), std::move(arguments)...); }

  /// Ends a handler; what its terminate() returns. Errors: not_found, failed (terminate threw).     [process]
  template <class Handler>
  result<detail::left_behind<Handler>, handler_error> delete_handler(handler_id id = {}) const {
    return server_.call(detail::delete_handler<Handler>{std::move(id.text)}, infinity);
  }

  /// Puts a New in the place of an Old: New(what Old's terminate() returned, arguments...), or New(arguments...) where there
  /// is no such constructor. It has the old one's supervisor. Errors: not_found and already_present, then the old one stays;
  /// failed, then there is none of them.     [process]
  template <class Old, class New, class... Argument>
  result<void, handler_error> swap_handler(handler_id from, handler_id to, Argument... arguments) const {
    return swap<Old, New>(std::move(from), std::move(to), {}, std::move(arguments)...);
  }
  template <class Old, class New, class... Argument>
  requires(!std::is_same_v<std::remove_cvref_t<Argument>, handler_id> &&
           ...) result<void, handler_error> swap_handler(Argument... arguments)
  const { return swap<Old, New>({}, {}, {}, std::move(arguments)...); }
  /// The same, supervised by the caller; the old one's supervisor, if that is another, hears of it.     [process]
  template <class Old, class New, class... Argument>
  result<void, handler_error> swap_sup_handler(handler_id from, handler_id to, Argument... arguments) const {
    return swap<Old, New>(std::move(from), std::move(to), self(), std::move(arguments)...);
  }
  template <class Old, class New, class... Argument>
  requires(!std::is_same_v<std::remove_cvref_t<Argument>, handler_id> &&
           ...) result<void, handler_error> swap_sup_handler(Argument... arguments)
  const { return swap<Old, New>({}, {}, self(), std::move(arguments)...); }

  /// What the handler answers. Errors: not_found, failed.     [process]
  template <class Handler, class Message>
  result<detail::reply_to<Message>, handler_error> call(handler_id id, Message message,
                                                        detail::deadline limit = default_call_limit) const {
    static_assert(detail::answers_now<Handler, Message>,
                  "joist: the handler does not answer this: add a public `reply handle_call(Message)` to it");
    return server_.call(detail::handler_call<Handler, Message>{std::move(id.text), std::move(message)}, limit);
  }
  template <class Handler, class Message>
  requires(!std::is_same_v<Message, handler_id>) result<detail::reply_to<Message>, handler_error> call(
      Message message, detail::deadline limit = default_call_limit)
  const { return call<Handler>(handler_id{}, std::move(message), limit); }

  /// The newest first.     [process]
  [[nodiscard]] std::vector<handler_info> which_handlers() const { return server_.call(detail::list_handlers{}, infinity); }

  /// Ends the handlers, and the manager: server_ref::stop.     [process]
  void stop(exit_reason reason = exit_reason::normal, detail::deadline limit = infinity) const {
    server_.stop(std::move(reason), limit);
  }

  friend constexpr bool operator==(const event_manager_ref&, const event_manager_ref&) noexcept = default;

 private:
  template <class E>
  static constexpr void require_event() {
    static_assert((std::is_same_v<E, Event> || ...),
                  "joist: this is no event of the manager: add its type to joist::gen_event<...>");
  }
  template <class Handler, class... Argument>
  result<void, handler_error> add(handler_id id, pid supervisor, Argument... arguments) const {
    detail::require_handler<Handler, Event...>();
    static_assert(std::is_constructible_v<Handler, detail::kept_argument<Argument>...>,
                  "joist: the handler has no constructor that takes these arguments (they arrive as values)");
    return server_.call(
        detail::add_handler<Handler, detail::kept_argument<Argument>...>{
            std::move(id.text), supervisor, {detail::kept_argument<Argument>{std::move(arguments)}...}},
        infinity);
  }
  template <class Old, class New, class... Argument>
  result<void, handler_error> swap(handler_id from, handler_id to, pid supervisor, Argument... arguments) const {
    detail::require_handler<New, Event...>();
    return server_.call(
        detail::swap_handler<Old, New, detail::kept_argument<Argument>...>{
            std::move(from.text),
            std::move(to.text),
            supervisor,
            {detail::kept_argument<Argument>{std::move(arguments)}...}},
        infinity);
  }

  server_ref<manager> server_;
};

/// The manager's process. Of its functions start, start_link, child and find are for users; the others take requests.
template <class... Event>
class gen_event : public gen_server<gen_event<Event...>> {
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

  gen_event() : handlers_{detail::server_access::control(*this)} { trap_exit(true); }

  template <class E>
  requires(std::is_same_v<E, Event> || ...) void handle_cast(E event) { pass_on(event); }
  template <class E>
  void handle_call(detail::sync_event<E> e) {
    pass_on(e.event);
  }
  template <class Handler, class... Argument>
  result<void, handler_error> handle_call(detail::add_handler<Handler, Argument...> wanted) {
    return outcome(handlers_.add({&typeid(Handler), std::move(wanted.id)}, wanted.supervisor,
                                 [&wanted] { return detail::make_handler<Handler>(events{}, wanted.arguments); }));
  }
  template <class Handler>
  auto handle_call(detail::delete_handler<Handler> wanted) -> typename detail::delete_handler<Handler>::reply {
    const auto at = handlers_.find({&typeid(Handler), std::move(wanted.id)});
    if (!at) return failure{handler_error{}};
    using left = detail::left_behind<Handler>;
    if constexpr (std::is_void_v<left>) {
      return outcome(failed_to_end(handlers_.end(*at, {})));
    } else {
      std::optional<left> got;
      if (auto failed = failed_to_end(handlers_.end(*at, {}, &got))) return failure{std::move(*failed)};
      return std::move(*got);
    }
  }
  template <class Old, class New, class... Argument>
  result<void, handler_error> handle_call(detail::swap_handler<Old, New, Argument...> wanted) {
    const auto at = handlers_.find({&typeid(Old), std::move(wanted.from)});
    if (!at) return failure{handler_error{}};
    return outcome(
        handlers_.swap(*at, detail::swap_between<Old, New>(events{}, std::move(wanted.to), std::move(wanted.arguments)),
                       wanted.supervisor));
  }
  template <class Handler, class Message>
  auto handle_call(detail::handler_call<Handler, Message> wanted) -> typename detail::handler_call<Handler, Message>::reply {
    const auto at = handlers_.find({&typeid(Handler), std::move(wanted.id)});
    if (!at) return failure{handler_error{}};
    std::optional<typename detail::handler_call<Handler, Message>::reply> got;
    const auto failed = handlers_.run(*at, &typeid(Message), [&](void* object) {
      auto& asked = *static_cast<Handler*>(object);
      if constexpr (std::is_void_v<detail::reply_to<Message>>) {
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
  std::vector<handler_info> handle_call(detail::list_handlers) { return handlers_.list(); }
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
    handlers_.notify(detail::number_of<E, Event...>(), typeid(E), &event);
    look_for_hibernate();
  }
  void look_for_hibernate() {
    if (handlers_.wants_to_hibernate()) this->hibernate();
  }
  static std::optional<handler_error> failed_to_end(std::optional<exit_reason> why) {
    if (!why) return std::nullopt;
    return handler_error{handler_error::kind::failed, std::move(*why)};
  }
  static result<void, handler_error> outcome(std::optional<handler_error> e) {
    if (e) return failure{std::move(*e)};
    return {};
  }

  detail::event_handlers handlers_;
};

namespace detail {

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

}  // namespace detail

}  // namespace joist::inline v0

template <>
struct fmt::formatter<joist::handler_swapped> : fmt::formatter<std::string_view> {
  template <class Context>
  auto format(const joist::handler_swapped& s, Context& context) const {
    return fmt::format_to(context.out(), "swapped for {} \"{}\" by {}", s.type, s.id, s.by);
  }
};
