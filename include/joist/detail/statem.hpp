// joist/detail/statem.hpp: what a gen_statem has beyond a server: what is done after an event. The loop, starting, stopping
// and reports are those of joist/detail/server.hpp; how a handler is chosen is in joist/detail/state_handlers.hpp.
//
//   after an event                     when
//     it is put aside                    postpone() was called
//     the state becomes the next one     next_state() was called with another one
//     handle_enter                       then, and after repeat_state()
//     what was put aside comes back      the state changed: to the head of the queue, in order
//     timeouts end and start             the state's when the state changed, the event's always; then what was asked for
//     inserted events                    before all others in the queue
//   The queue is server_control::continuations(): the loop takes from it before it looks for messages. When it is empty, the
//   oldest timeout of 0 comes.
#pragma once

#include <joist/clock.hpp>
#include <joist/detail/server.hpp>
#include <joist/detail/state_handlers.hpp>
#include <joist/error.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <typeinfo>
#include <utility>
#include <vector>

namespace joist::inline v0::detail {

enum class timeout_kind : std::uint8_t { event, state, named };

/// There is one timeout of a name at a time.
struct timeout_name {
  timeout_kind kind = timeout_kind::event;
  const std::type_info* type = nullptr;  // of the message of a named one that has no other name
  std::string name = {};
  [[nodiscard]] std::string to_string() const;
  friend bool operator==(const timeout_name& a, const timeout_name& b) noexcept {
    return a.kind == b.kind && a.name == b.name && (a.type == b.type || (a.type && b.type && *a.type == *b.type));
  }
};

/// What a handler asks for.
struct timeout_order {
  enum class action : std::uint8_t { start, update, cancel };
  action what;
  timeout_name name;
  std::optional<any_message> event = {};
  deadline when = {};
};

struct running_timeout {
  timeout_name name;
  std::uint64_t serial;      // tells its end from those of earlier ones
  std::optional<ref> timer;  // none: of 0
  any_message event;
};

/// The part of a machine that is the same for all classes.
struct statem_control {
  // -- asked for by the handler that runs
  bool postpones = false;
  bool repeats = false;
  std::vector<any_message> inserted;
  std::vector<timeout_order> orders;
  // -- what runs
  bool in_event = false;
  bool in_enter = false;
  bool no_event = false;  // the message was the runtime's own
  // -- between events
  std::vector<any_message> postponed;
  std::vector<running_timeout> timeouts;  // the oldest first
  std::uint64_t serials = 0;
  node_ptr (*make_due)(std::uint64_t serial) = nullptr;
};

/// Throw errc::bad_argument where there is nothing to postpone, and in an enter call.
void check_postpone(const statem_control& m);
void refuse_in_enter(const statem_control& m, const char* what);
/// The rest of what is done after an event: see the head of this file. `event`: nothing after the constructor, say.
void settle(statem_control& m, server_control& c, any_message* event, bool changed);
/// The event of a timeout whose time has come; nothing when it was cancelled.
[[nodiscard]] std::optional<any_message> take_due(statem_control& m, std::uint64_t serial);
[[nodiscard]] std::string describe_machine(const statem_control& m, std::string state, const std::string& data);
[[noreturn]] void no_handler(const char* handler, const std::type_info& event, std::string_view where);

template <class State>
struct machine : statem_control {
  explicit machine(State initial) : state{std::move(initial)} {}
  State state;
  std::optional<State> next;
};

/// How a gen_statem finds its handlers, and what it does with one event.
template <class State>
struct handlers_by_state {
  using arguments = state_arguments_of<State>;
  template <class Handler, class Self, class... Event>
  static constexpr bool takes() {
    return arguments::template any<has_handler<Handler, Self, Event...>>();
  }
  template <class Self, class Message>
  static constexpr bool takes_call() {
    return arguments::template any<has_call_handler<Self, Message>>();
  }
  template <class Self, class Message>
  static constexpr bool takes_cast() {
    return takes<cast_event, Self, Message>();
  }
  template <class Self, class Message>
  static constexpr bool takes_info() {
    return takes<info_event, Self, Message>();
  }

  /// Calls the handler of the current state. False: it has none.
  template <class Handler, class Self, class... Event>
  static bool run(Self& s, Event&... event) {
    auto body = [&](auto&... state) { Handler::call(s, state..., event...); };
    return arguments::template choose<has_handler<Handler, Self, Event...>>(server_access::machine(s).state, body);
  }
  template <class Self, class Request>
  static void call(Self& s, Request& request) {
    using message = decltype(request.message);
    auto body = [&](auto&... state) { request.handle_with(s, request.message, state...); };
    if (!arguments::template choose<has_call_handler<Self, message>>(server_access::machine(s).state, body))
      no_handler("handle_call", typeid(message), where(s));
  }
  template <class Self, class Message>
  static void cast(Self& s, Message& m) {
    if (!run<cast_event>(s, m)) no_handler(cast_event::name, typeid(Message), where(s));
  }
  template <class Self, class Message>
  static bool info(Self& s, Message& m) {
    return run<info_event>(s, m);
  }
  static bool comes_again(const auto& s) noexcept { return server_access::machine(s).postpones; }
  static constexpr bool answers_at_the_end = false;

  template <class Self>
  static void begin(Self& s);
  template <class Self>
  static void take(Self& s, any_message m);
  static void timeout(auto& s) { s.handle_timeout(); }
  static void hibernate(auto& s) {
    s.handle_hibernate();
    finish(s, nullptr);
  }
  static std::string where(const auto& s) { return " in state " + print_state(server_access::machine(s).state); }
  static std::string describe(const auto& s, const std::string& data) {
    const machine<State>& m = server_access::machine(s);
    return describe_machine(m, print_state(m.state), data);
  }

 private:
  template <class Self>
  static void finish(Self& s, any_message* event, bool enters = false);
  template <class Self>
  static void enter(Self& s, const State& before);
};

/// Sent to itself by a timer.
template <class Self>
struct timeout_due : server_message<Self> {
  using message_base = server_message<Self>;
  std::uint64_t serial;

  explicit timeout_due(std::uint64_t number) : server_message<Self>{&handle_it}, serial{number} {}
  static void handle_it(Self& s, server_message<Self>& base) {
    statem_control& m = server_access::machine(s);
    m.no_event = true;
    if (std::optional<any_message> event = take_due(m, static_cast<timeout_due&>(base).serial))
      server_access::control(s).continuations().push_back(std::move(*event));
  }
};

/// An inserted event, or that of a timeout, which may carry no message: reports show the Handler then.
template <class Self, class Handler, class... Message>
struct own_event : server_message<Self> {
  using message_base = server_message<Self>;
  std::tuple<Message...> message;

  explicit own_event(Message... m) : server_message<Self>{&handle_it}, message{std::move(m)...} {}
  static void handle_it(Self& s, server_message<Self>& base) {
    const std::type_info& type = typeid(std::tuple_element_t<0, std::tuple<Message..., Handler>>);
    note_arrival(server_access::control(s), type);
    auto run = [&s](Message&... m) { return handlers_for<Self>::template run<Handler>(s, m...); };
    if (!std::apply(run, static_cast<own_event&>(base).message))
      no_handler(Handler::name, type, handlers_for<Self>::where(s));
  }
};

template <class State>
template <class Self>
void handlers_by_state<State>::begin(Self& s) {
  machine<State>& m = server_access::machine(s);
  m.make_due = [](std::uint64_t serial) { return make_node<timeout_due<Self>>(serial); };
  if (m.next) m.state = *std::exchange(m.next, std::nullopt);
  finish(s, nullptr, true);
}

template <class State>
template <class Self>
void handlers_by_state<State>::take(Self& s, any_message event) {
  statem_control& m = server_access::machine(s);
  m.in_event = true;
  handle_message(s, event);
  m.in_event = false;
  if (!std::exchange(m.no_event, false)) finish(s, &event);
}

template <class State>
template <class Self>
void handlers_by_state<State>::finish(Self& s, any_message* event, bool enters) {
  machine<State>& m = server_access::machine(s);
  server_control& c = server_access::control(s);
  if (c.stopping) return;
  std::optional<State> before;
  if (m.next && *m.next != m.state) before = std::exchange(m.state, *std::move(m.next));
  m.next.reset();
  enters = std::exchange(m.repeats, false) || before || enters;
  while (enters && !c.stopping) {
    enter(s, before ? *before : m.state);
    enters = std::exchange(m.repeats, false);
    if (enters) checkpoint();
  }
  if (!c.stopping) settle(m, c, event, before.has_value());
}

template <class State>
template <class Self>
void handlers_by_state<State>::enter(Self& s, const State& before) {
  machine<State>& m = server_access::machine(s);
  m.in_enter = true;
  auto body = [&]<class... Now>(Now&... now) {
    if constexpr (has_enter_handler<Self, State>::template told_before<Now...>()) {
      enter_call::call(s, now..., before);
    } else {
      enter_call::call(s, now...);
    }
  };
  arguments::template choose<has_enter_handler<Self, State>>(m.state, body);
  m.in_enter = false;
}

}  // namespace joist::inline v0::detail
