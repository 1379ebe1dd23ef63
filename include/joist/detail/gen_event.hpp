// joist/detail/gen_event.hpp: the handlers of an event manager, for those who do not know their classes, and the requests
// that the manager takes.
//
//   handler_class       one constant for each class of handlers and each type of manager: what may be asked of its objects
//   event_handlers      the objects, the newest first; what throws is removed, the others go on (src/otp/gen_event.cpp)
#pragma once

#include <joist/detail/kept_argument.hpp>
#include <joist/detail/server.hpp>
#include <joist/message.hpp>
#include <joist/otp/server_ref.hpp>
#include <joist/result.hpp>

#include <cstddef>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <typeinfo>
#include <utility>
#include <vector>

namespace joist::inline v0 {
struct handler_error;
struct handler_info;
struct handler_end;
}  // namespace joist::inline v0

namespace joist::inline v0::detail {

/// What a handler wants next; read after each of its functions.
struct handler_control;

struct handler_class {
  const std::type_info* type;
  void (*destroy)(void* object) noexcept;
  void (*const* handle_event)(void* object, const void* event);           // by the number of the event; null: it is ignored
  bool (*handle_info)(void* object, const any_message& message);          // false: it has no handler for it
  void (*terminate)(void* object, const handler_end& why, void* result);  // result: null, or an optional for what it returns
  void (*hibernate)(void* object);
  std::string (*describe)(const void* object);
  handler_control* (*control)(void* object);
};

/// An object of any class of handlers.
class handler_object {
 public:
  handler_object(const handler_class& c, void* object) noexcept : class_{&c}, object_{object} {}
  handler_object(handler_object&& other) noexcept : class_{other.class_}, object_{std::exchange(other.object_, nullptr)} {}
  handler_object& operator=(handler_object&& other) noexcept {
    std::swap(class_, other.class_);
    std::swap(object_, other.object_);
    return *this;
  }
  ~handler_object() {
    if (object_ != nullptr) class_->destroy(object_);
  }
  [[nodiscard]] const handler_class& type() const noexcept { return *class_; }
  [[nodiscard]] void* get() const noexcept { return object_; }

 private:
  const handler_class* class_;
  void* object_;
};

struct handler_key {
  const std::type_info* type;
  std::string id;
};

/// Ends the old one, and makes the new one of what that leaves; may throw.
struct handler_swap {
  handler_key to;
  std::function<handler_object(void* old)> make;
};

struct handler_control {
  bool removes = false;
  bool hibernates = false;
  std::optional<handler_swap> swap;
};

class event_handlers {
 public:
  struct installed {
    handler_object object;
    std::string id;
    pid supervisor;  // who is told of its end, and whose end is its end; nobody: nobody
  };
  using place = std::list<installed>::iterator;

  explicit event_handlers(const server_control& manager) noexcept : manager_{manager} {}

  [[nodiscard]] std::optional<place> find(const handler_key& key);
  std::optional<handler_error> add(const handler_key& key, pid supervisor, const std::function<handler_object()>& make);
  /// `result`: null, or an optional for what its terminate returns. Why that failed, if it did.
  std::optional<exit_reason> end(place at, const handler_end& why, void* result = nullptr);
  /// With a supervisor the new one is that one's; else the old one's.
  std::optional<handler_error> swap(place at, handler_swap to, pid supervisor);
  void notify(std::size_t event, const std::type_info& type, const void* value);
  void info(const any_message& message);
  void stop();
  [[nodiscard]] std::vector<handler_info> list() const;
  [[nodiscard]] std::string describe() const;
  void hibernate();
  /// Whether a handler has asked for it since the last look.
  [[nodiscard]] bool wants_to_hibernate() noexcept { return std::exchange(hibernates_, false); }

  /// f(object), in which what was `what` is handled. What it throws is why the handler is gone; it may also have left, or
  /// have been swapped, by its own wish.
  template <class F>
  std::optional<exit_reason> run(place at, const std::type_info* what, F f) {
    return run_one(
        at, what, [](void* object, void* g) { (*static_cast<F*>(g))(object); }, std::addressof(f));
  }

 private:
  std::optional<exit_reason> run_one(place at, const std::type_info* what, void (*f)(void* object, void* argument),
                                     void* argument);
  void do_its_wish(place at);
  void report_failure(const installed& handler, const char* when, const std::type_info* what,
                      const exit_reason& reason) const;
  bool end_of_supervisor(pid process, const exit_reason& reason);
  void supervise(pid supervisor);
  void tell(const installed& handler, exit_reason reason) const;
  void forget(pid supervisor);

  const server_control& manager_;
  std::list<installed> all_;
  bool hibernates_ = false;
};

template <class Handler, class Event>
concept handles_event = requires(Handler& h, const Event& e) {
  h.handle_event(e);
};
template <class Handler, class Message>
concept handles_info_by_reference = requires(Handler& h, const Message& m) {
  h.handle_info(m);
};
template <class Handler>
concept has_handler_terminate = requires(Handler& h, const handler_end& why) {
  h.terminate(why);
};

/// What its terminate returns, for who deletes it, or takes its place.
template <class Handler>
constexpr auto left_by() {
  if constexpr (has_handler_terminate<Handler>) {
    return std::type_identity<decltype(std::declval<Handler&>().terminate(std::declval<const handler_end&>()))>{};
  } else {
    return std::type_identity<void>{};
  }
}
template <class Handler>
using left_behind = typename decltype(left_by<Handler>())::type;

template <class Event, class... Of>
constexpr std::size_t number_of() {
  std::size_t number = 0;
  bool found = false;
  ((found = found || std::is_same_v<Event, Of>, number += found ? 0U : 1U), ...);
  return number;
}

template <class Handler>
void terminate_handler(void* object, const handler_end& why, void* result) {
  if constexpr (std::is_void_v<left_behind<Handler>>) {
    if constexpr (has_handler_terminate<Handler>) static_cast<Handler*>(object)->terminate(why);
  } else {
    auto left = static_cast<Handler*>(object)->terminate(why);
    if (result != nullptr) static_cast<std::optional<left_behind<Handler>>*>(result)->emplace(std::move(left));
  }
}

template <class Handler, class Message>
bool take_info(Handler& h, const any_message& m) {
  if constexpr (handles_info_by_reference<Handler, Message>) {
    if (const auto* value = m.get_if<Message>()) {
      h.handle_info(*value);
      return true;
    }
  }
  return false;
}
template <class Handler, class... Message>
bool take_info_of(Handler& h, const any_message& m, type_list<Message...>) {
  return (take_info<Handler, Message>(h, m) || ...);
}
template <class Handler>
bool take_any_info(void* object, const any_message& m) {
  Handler& h = *static_cast<Handler*>(object);
  if (take_info_of(h, m, type_list<down, exited>{})) return true;
  if constexpr (requires { typename Handler::info_types; }) {
    if (take_info_of(h, m, typename Handler::info_types{})) return true;
  }
  if constexpr (handles_info_by_reference<Handler, any_message>) {
    h.handle_info(m);
    return true;
  }
  return false;
}

template <class Handler, class Event>
constexpr auto event_entry() -> void (*)(void*, const void*) {
  if constexpr (handles_event<Handler, Event>) {
    return [](void* object, const void* event) {
      static_cast<Handler*>(object)->handle_event(*static_cast<const Event*>(event));
    };
  } else {
    return nullptr;
  }
}
template <class Handler, class... Event>
inline constexpr void (*event_entries[])(void*, const void*) = {event_entry<Handler, Event>()...};

struct handler_access {
  template <class Handler>
  [[nodiscard]] static handler_control* control(void* object) noexcept {
    if constexpr (requires(Handler & h) { h.handler_control_; }) {
      return &static_cast<Handler*>(object)->handler_control_;
    } else {
      return nullptr;
    }
  }
};

template <class Handler, class... Event>
inline constexpr handler_class handler_class_of{
    &typeid(Handler),
    [](void* object) noexcept { delete static_cast<Handler*>(object); },
    event_entries<Handler, Event...>,
    &take_any_info<Handler>,
    &terminate_handler<Handler>,
    [](void* object) {
      if constexpr (requires(Handler & h) { h.handle_hibernate(); }) static_cast<Handler*>(object)->handle_hibernate();
    },
    &describe_state<Handler>,
    &handler_access::control<Handler>,
};

template <class Handler, class... Event>
constexpr void require_handler() {
  static_assert((handles_event<Handler, Event> || ...),
                "joist: the handler takes none of the manager's events: add a public `void handle_event(const Event&)`");
}

template <class Handler, class... Event, class Arguments>
handler_object make_handler(type_list<Event...>, Arguments& arguments) {
  return std::apply(
      [](auto&... a) {
        return handler_object{handler_class_of<Handler, Event...>, new Handler(std::move(a)...)};
      },
      arguments);
}

// -- the requests

template <class Event>
struct sync_event {
  using reply = void;
  Event event;
};
template <class Handler, class... Argument>
struct add_handler {
  using reply = result<void, handler_error>;
  std::string id;
  pid supervisor;
  std::tuple<Argument...> arguments;
};
template <class Handler>
struct delete_handler {
  using reply = result<left_behind<Handler>, handler_error>;
  std::string id;
};
template <class Old, class New, class... Argument>
struct swap_handler {
  using reply = result<void, handler_error>;
  std::string from;
  std::string to;
  pid supervisor;
  std::tuple<Argument...> arguments;
};
template <class Handler, class Message>
struct handler_call {
  using reply = result<reply_to<Message>, handler_error>;
  std::string id;
  Message message;
};
struct list_handlers {
  using reply = std::vector<handler_info>;
};

}  // namespace joist::inline v0::detail
