// joist/otp/event_manager_ref.hpp: sending events to a manager, and minding its handlers: the client's side of
// gen_event.hpp.
//
// Promises
//   what is no event of the manager does not compile
//   notify never waits, and never fails, whether the manager lives or not; all else exits as server_ref::call does when
//     there is no manager, or no answer until `limit`. What may fail with one is a result
//
//   events.add_handler<audit>("audit.log").value();
//   events.notify(order_placed{12});
//   int placed = events.call<audit>(audit::count{}).value();
//
// Example: examples/14_events. See also: gen_event.hpp. OTP: gen_event.
#pragma once

#include <joist/detail/gen_event.hpp>
#include <joist/exit_reason.hpp>
#include <joist/otp/server_ref.hpp>
#include <joist/pid.hpp>
#include <joist/result.hpp>

#include <cstdint>
#include <string>
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

}  // namespace joist::inline v0

template <>
struct fmt::formatter<joist::handler_swapped> : fmt::formatter<std::string_view> {
  template <class Context>
  auto format(const joist::handler_swapped& s, Context& context) const {
    return fmt::format_to(context.out(), "swapped for {} \"{}\" by {}", s.type, s.id, s.by);
  }
};
