// joist/otp/gen_statem.hpp: a server whose handlers go by the state that it is in. For protocols, devices, sessions: where
// the same event means something else at another time. All that a gen_server is, it is too: started, asked, supervised and
// looked into in the same way.
//
//   enum class light { red, green };
//   class crossing : public joist::gen_statem<crossing, light> {
//    public:
//     using enum light;
//     struct pressed {};
//     crossing() : gen_statem(red) {}
//     void handle_enter(in<green>) { state_timeout_after(30s); }
//     void handle_state_timeout(in<green>) { next_state(red); }
//     void handle_cast(in<red>, pressed) { next_state(green); }
//     void handle_cast(in<green>, pressed) {}
//   };
//
// A state is an enumerator, or the alternative of a std::variant, or any value with ==.
// Handlers, all public, all optional, for an event of type Message. In front of it stands the state they are for:
//   in<red>             an enumerator
//   Alternative&        an alternative of the variant; what is changed in it is no change of the state
//   State               any state, as a value
//   nothing             any state
// the first of these that there is, is called. No handler for the current state: an info is logged and dropped, all other
// events end the machine.
//   Reply handle_call(state, Message)                      as in a gen_server: answers now
//   void  handle_call(state, Message, from<Reply>)         or later
//   void  handle_cast(state, Message)
//   void  handle_info(state, Message)
//   void  handle_internal(state, Message)                  what next_event() inserted
//   void  handle_timeout(state[, Message])                 after timeout_after(): no event came
//   void  handle_state_timeout(state[, Message])           after state_timeout_after(): the state did not change
//   void  handle_named_timeout(state, Message)             after named_timeout_after()
//   void  handle_enter(state[, State before])              when the state has become the current one, the first one too;
//                                                          before any further event
//   handle_hibernate(), terminate(reason), format_status() as in a gen_server
// An event is lent to its handler: taken as Message (a copy), const Message&, or Message&.
//
// Promises
//   an event that is postponed comes again when the state has changed, in the order of arrival, before newer ones
//   inserted events come before all others, timeouts of 0 after those and before any message that waits
//   a change of the state ends the state's timeout, any event the event timeout
//   a crash is reported with the event and the state
//
// Example: examples/11_statem. See also: gen_server.hpp, server_ref.hpp. OTP: gen_statem.
#pragma once

#include <joist/detail/statem.hpp>
#include <joist/otp/gen_server.hpp>

#include <concepts>
#include <string>
#include <type_traits>
#include <typeinfo>
#include <utility>

namespace joist::inline v0 {

/// What every machine has; see the head of this file. Its functions are for the handlers and the constructor, and say what
/// comes after them.
template <class Self, class State>
class gen_statem : public gen_server<Self> {
  static_assert(std::equality_comparable<State>,
                "joist: a state is compared with the next one: add bool operator==(const T&) const = default to it, or to "
                "the alternatives of the variant");
  static_assert(!std::is_enum_v<State> || detail::enum_class<State>,
                "joist: states are an enum class, so that no number is taken for one");

 public:
  [[nodiscard]] const State& current_state() const noexcept { return machine_.state; }

 protected:
  /// The state to begin with. Another one may be chosen in the constructor, by next_state().
  explicit gen_statem(State initial) : machine_{std::move(initial)} {}
  ~gen_statem() = default;

  template <auto Value>
  requires std::same_as<std::remove_const_t<decltype(Value)>, State>
  using in = in_state<Value>;

  /// Also `same` as now: then nothing changes. In handle_enter other states are refused with errc::bad_argument.
  void next_state(State next) {
    if (next == machine_.state) return machine_.next.reset();
    detail::refuse_in_enter(machine_, "next_state");
    machine_.next = std::move(next);
  }
  /// handle_enter is called again; that is all.
  void repeat_state() noexcept { machine_.repeats = true; }

  /// The event comes again when the state has changed. What a handle_call returns beside is no answer. Not in handle_enter.
  void postpone() {
    detail::check_postpone(machine_);
    machine_.postpones = true;
  }

  /// For handle_internal, before all events that wait; several in their order. Not in handle_enter.
  template <class Message>
  void next_event(Message message) {
    insert<detail::own_event<Self, detail::internal_event, Message>>(std::move(message));
    static_assert(has<detail::internal_event, Message>(),
                  "joist: no state has a handler for this: add a public `void handle_internal(Message)`, or one with the "
                  "state before the message");
  }
  /// The same for handle_cast, handle_info and handle_call: as if it had come from outside.
  template <class Message>
  void next_cast(Message message) {
    detail::require_cast<Self, Message>();
    insert<detail::cast_request<Self, Message>>(std::move(message));
  }
  template <class Message>
  void next_info(Message message) {
    detail::require_info<Self, Message>();
    insert<detail::info_request<Self, Message>>(std::move(message));
  }
  template <class Message>
  void next_call(from<detail::reply_to<Message>> client, Message message) {
    detail::require_call<Self, Message>();
    insert<detail::call_request<Self, Message>>(client, std::move(message));
  }

  // Timeouts. One of each name: to start it again ends the earlier one, and so does `infinity`. What is asked for happens
  // after the handler, and after the change of the state if there is one.

  /// handle_state_timeout when the state has not changed until then.
  void state_timeout_after(detail::deadline limit) { start<detail::state_timeout>(state_name(), limit); }
  template <class Message>
  void state_timeout_after(detail::deadline limit, Message message) {
    start<detail::state_timeout>(state_name(), limit, std::move(message));
  }
  /// The other message at the same time; at once, as with a limit of 0, when it does not run.
  template <class Message>
  void update_state_timeout(Message message) {
    update<detail::state_timeout>(state_name(), std::move(message));
  }
  void cancel_state_timeout() { cancel(state_name()); }

  /// handle_timeout when no event comes until then, of whatever kind.
  void timeout_after(detail::deadline limit) { start<detail::event_timeout>({}, limit); }
  template <class Message>
  void timeout_after(detail::deadline limit, Message message) {
    start<detail::event_timeout>({}, limit, std::move(message));
  }

  /// handle_named_timeout at the deadline, whatever happens meanwhile. Its name is the type of the message, or `name`.
  template <class Message>
  void named_timeout_after(detail::deadline limit, Message message) {
    start<detail::named_timeout>(named<Message>(), limit, std::move(message));
  }
  template <class Message>
  void named_timeout_after(std::string name, detail::deadline limit, Message message) {
    start<detail::named_timeout>(named(std::move(name)), limit, std::move(message));
  }
  template <class Message>
  void update_named_timeout(Message message) {
    update<detail::named_timeout>(named<Message>(), std::move(message));
  }
  template <class Message>
  void update_named_timeout(std::string name, Message message) {
    update<detail::named_timeout>(named(std::move(name)), std::move(message));
  }
  template <class Message>
  void cancel_named_timeout() {
    cancel(named<Message>());
  }
  void cancel_named_timeout(std::string name) { cancel(named(std::move(name))); }

  /// The base's: here events are inserted by next_event().
  template <class Message>
  void continue_with(Message) = delete;

 private:
  using order = detail::timeout_order;

  static detail::timeout_name state_name() { return {detail::timeout_kind::state}; }
  template <class Message>
  static detail::timeout_name named() {
    return {detail::timeout_kind::named, &typeid(Message)};
  }
  static detail::timeout_name named(std::string name) { return {detail::timeout_kind::named, nullptr, std::move(name)}; }

  template <class Handler, class... Message>
  static constexpr bool has() {
    return detail::handlers_by_state<State>::template takes<Handler, Self, Message...>();
  }
  template <class Event, class... Arguments>
  void insert(Arguments&&... arguments) {
    detail::refuse_in_enter(machine_, "next_event");
    machine_.inserted.emplace_back(detail::make_node<Event>(std::forward<Arguments>(arguments)...));
  }
  template <class Handler, class... Message>
  static any_message timeout_event(Message... message) {
    static_assert(has<Handler, Message...>(),
                  "joist: no state has a handler for this timeout: add a public handle_timeout, handle_state_timeout or "
                  "handle_named_timeout that takes the message, if there is one, or one with the state before it");
    return any_message{detail::make_node<detail::own_event<Self, Handler, Message...>>(std::move(message)...)};
  }
  template <class Handler, class... Message>
  void start(detail::timeout_name name, detail::deadline limit, Message... message) {
    machine_.orders.push_back({order::action::start, std::move(name), timeout_event<Handler>(std::move(message)...), limit});
  }
  template <class Handler, class Message>
  void update(detail::timeout_name name, Message message) {
    machine_.orders.push_back({order::action::update, std::move(name), timeout_event<Handler>(std::move(message))});
  }
  void cancel(detail::timeout_name name) { machine_.orders.push_back({order::action::cancel, std::move(name)}); }

  friend struct detail::server_access;
  friend detail::handlers_by_state<State> handlers_of(const gen_statem*) { return {}; }
  detail::machine<State> machine_;
};

}  // namespace joist::inline v0
