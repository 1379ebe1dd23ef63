// joist/detail/state_handlers.hpp: which handler of a gen_statem is for an event in a state: found when compiled, for each
// state; when it runs only the state is compared.
#pragma once

#include <joist/detail/enumerators.hpp>
#include <joist/detail/server.hpp>

#include <string>
#include <type_traits>
#include <typeinfo>
#include <utility>
#include <variant>

namespace joist::inline v0 {

/// An enumerator as a type: the first parameter of handlers for one state. In a gen_statem: in<state>.
template <auto State>
struct in_state {
  static_assert(detail::enum_class<decltype(State)> && static_cast<long long>(State) >= 0 &&
                    static_cast<long long>(State) < static_cast<long long>(detail::enumerator_limit),
                "joist: states that have handlers of their own are enumerators of an enum class with values from 0 to 63");
  static constexpr auto value = State;
};

namespace detail {

/// The state, as reports show it.
template <class State>
std::string print_state(const State& state) {
  if constexpr (enum_class<State>) {
    return name_of(state);
  } else if constexpr (fmt::is_formattable<State>::value) {
    return fmt::format("{}", state);
  } else if constexpr (requires { std::variant_size<State>::value; }) {
    return std::visit([]<class T>(const T&) { return type_name(typeid(T)); }, state);
  } else {
    return "?";
  }
}

// The handlers, by their names. The arguments: the state's, and the event's.
struct cast_event {
  static constexpr const char* name = "handle_cast";
  template <class Self, class... A>
  static auto call(Self& s, A&&... a) -> decltype(s.handle_cast(std::forward<A>(a)...)) {
    return s.handle_cast(std::forward<A>(a)...);
  }
};
struct info_event {
  static constexpr const char* name = "handle_info";
  template <class Self, class... A>
  static auto call(Self& s, A&&... a) -> decltype(s.handle_info(std::forward<A>(a)...)) {
    return s.handle_info(std::forward<A>(a)...);
  }
};
struct internal_event {
  static constexpr const char* name = "handle_internal";
  template <class Self, class... A>
  static auto call(Self& s, A&&... a) -> decltype(s.handle_internal(std::forward<A>(a)...)) {
    return s.handle_internal(std::forward<A>(a)...);
  }
};
struct event_timeout {
  static constexpr const char* name = "handle_timeout";
  template <class Self, class... A>
  static auto call(Self& s, A&&... a) -> decltype(s.handle_timeout(std::forward<A>(a)...)) {
    return s.handle_timeout(std::forward<A>(a)...);
  }
};
struct state_timeout {
  static constexpr const char* name = "handle_state_timeout";
  template <class Self, class... A>
  static auto call(Self& s, A&&... a) -> decltype(s.handle_state_timeout(std::forward<A>(a)...)) {
    return s.handle_state_timeout(std::forward<A>(a)...);
  }
};
struct named_timeout {
  static constexpr const char* name = "handle_named_timeout";
  template <class Self, class... A>
  static auto call(Self& s, A&&... a) -> decltype(s.handle_named_timeout(std::forward<A>(a)...)) {
    return s.handle_named_timeout(std::forward<A>(a)...);
  }
};
struct enter_call {
  template <class Self, class... A>
  static auto call(Self& s, A&&... a) -> decltype(s.handle_enter(std::forward<A>(a)...)) {
    return s.handle_enter(std::forward<A>(a)...);
  }
};

template <class Handler, class Self, class... A>
concept handles = requires(Self& s, A&&... a) {
  Handler::call(s, std::forward<A>(a)...);
};

/// Whether there is a handler behind these arguments of the state's: in<S...>().
template <class Handler, class Self, class... Event>
struct has_handler {
  template <class... State>
  static constexpr bool in() {
    constexpr bool lent = handles<Handler, Self, State&..., Event&...>;
    static_assert(lent || !handles<Handler, Self, State&..., Event...>,
                  "joist: an event stays the machine's, which may postpone it: a handler takes it by value if it can be "
                  "copied, else by reference (Message&), and may move out of that if it does not postpone");
    return lent;
  }
};
template <class Self, class Message>
struct has_call_handler {
  template <class... State>
  static constexpr bool in() {
    constexpr bool lent = answers_now<Self, Message&, State...> || answers_now_to<Self, Message&, State...>;
    static_assert(lent || !(answers_now<Self, Message, State...> || answers_now_to<Self, Message, State...>),
                  "joist: an event stays the machine's, which may postpone it: a handler takes it by value if it can be "
                  "copied, else by reference (Message&), and may move out of that if it does not postpone");
    return lent;
  }
};
/// handle_enter may take the state before behind that which is entered.
template <class Self, class State>
struct has_enter_handler {
  template <class... Now>
  static constexpr bool told_before() {
    return sizeof...(Now) > 0 && handles<enter_call, Self, Now&..., const State&>;
  }
  template <class... Now>
  static constexpr bool in() {
    return told_before<Now...>() || handles<enter_call, Self, Now&...>;
  }
};

/// The arguments by which a state's handlers are known: in_state<...> for an enumerator, the alternative of a variant; and
/// for all: the state itself, or nothing.
template <class State>
struct state_arguments {
  template <class Has>
  static constexpr bool any() {
    return Has::template in<const State>() || Has::template in<>();
  }
  /// body(arguments...) with the most special ones that have a handler. False: none has.
  template <class Has, class Body>
  static bool choose(State& state, Body& body) {
    if constexpr (Has::template in<const State>()) {
      body(std::as_const(state));
      return true;
    } else if constexpr (Has::template in<>()) {
      body();
      return true;
    } else {
      return false;
    }
  }
};

template <class State>
struct state_arguments_of : state_arguments<State> {};

template <class State, class Values>
struct enum_arguments;
template <class State, State... Values>
struct enum_arguments<State, enumerators<State, Values...>> {
  template <class Has>
  static constexpr bool any() {
    return (Has::template in<const in_state<Values>>() || ...) || state_arguments<State>::template any<Has>();
  }
  template <class Has, class Body>
  static bool choose(State& state, Body& body) {
    return (in_this<Has, Values>(state, body) || ...) || state_arguments<State>::template choose<Has>(state, body);
  }

 private:
  template <class Has, State Value, class Body>
  static bool in_this(State state, Body& body) {
    if constexpr (Has::template in<const in_state<Value>>()) {
      constexpr in_state<Value> now{};
      if (state == Value) body(now);
      return state == Value;
    } else {
      return false;
    }
  }
};
template <enum_class State>
struct state_arguments_of<State> : enum_arguments<State, enumerators_of<State>> {};

template <class... Alternative>
struct state_arguments_of<std::variant<Alternative...>> {
  using state = std::variant<Alternative...>;
  template <class Has>
  static constexpr bool any() {
    return (Has::template in<Alternative>() || ...) || state_arguments<state>::template any<Has>();
  }
  template <class Has, class Body>
  static bool choose(state& s, Body& body) {
    return std::visit([&body]<class T>(T& now) { return in_this<Has>(now, body); }, s) ||
           state_arguments<state>::template choose<Has>(s, body);
  }

 private:
  template <class Has, class T, class Body>
  static bool in_this(T& now, Body& body) {
    if constexpr (Has::template in<T>()) body(now);
    return Has::template in<T>();
  }
};

}  // namespace detail
}  // namespace joist::inline v0
