// joist/detail/receive.hpp: the scan behind receive(); see src/core/selective_receive.cpp for the waiting.
#pragma once

#include <joist/clock.hpp>
#include <joist/detail/mailbox.hpp>
#include <joist/message.hpp>
#include <joist/sendable.hpp>

#include <concepts>
#include <tuple>
#include <type_traits>
#include <utility>

namespace joist::inline v0::detail {

/// The one parameter of a handler, as written.
template <class F>
struct handler_parameter : handler_parameter<decltype(&F::operator())> {};
template <class R, class A>
struct handler_parameter<R (*)(A)> : std::type_identity<A> {};
template <class R, class A>
struct handler_parameter<R (*)(A) noexcept> : std::type_identity<A> {};
template <class R, class A>
struct handler_parameter<R(A)> : std::type_identity<A> {};
template <class R, class A>
struct handler_parameter<R(A) noexcept> : std::type_identity<A> {};
template <class R, class C, class A>
struct handler_parameter<R (C::*)(A)> : std::type_identity<A> {};
template <class R, class C, class A>
struct handler_parameter<R (C::*)(A) const> : std::type_identity<A> {};
template <class R, class C, class A>
struct handler_parameter<R (C::*)(A) noexcept> : std::type_identity<A> {};
template <class R, class C, class A>
struct handler_parameter<R (C::*)(A) const noexcept> : std::type_identity<A> {};

template <class F>
concept one_parameter = requires {
  typename handler_parameter<std::remove_cvref_t<F>>::type;
};

struct timeout_limit {
  deadline limit;
};

template <class Handler>
struct timeout_handler {
  deadline limit;
  Handler handler;
};

template <class Guard, class Handler>
struct guarded {
  Guard guard;
  Handler handler;
};

template <class T>
constexpr bool is_timeout = false;
template <class H>
constexpr bool is_timeout<timeout_handler<H>> = true;

/// Waits on behalf of one receive, and gives back what it holds when that ends.
class receive_wait {
 public:
  /// Checks the caller; `call` is what a refusal names. Throws errc::not_a_process, errc::bad_wait.
  explicit receive_wait(const char* call = "receive");
  receive_wait(const receive_wait&) = delete;
  receive_wait& operator=(const receive_wait&) = delete;
  ~receive_wait() {
    box_.scanned = false;
    if (timed_ || box_.limited) finish();
  }

  [[nodiscard]] mailbox& box() noexcept { return box_; }
  /// Where to begin for the answers to `reference`; at the oldest message when there is no mark for it.
  [[nodiscard]] node** begin(std::uint64_t reference) noexcept {
    return reference != 0 && box_.mark_ref == reference && box_.mark != nullptr ? box_.mark : &box_.head;
  }
  /// The message that `link` points to.
  [[nodiscard]] node_ptr take(node** link) {
    if (box_.traced) [[unlikely]]
      trace(**link);
    return box_.take(link);
  }
  /// Waits for messages beyond those in the box. False when `limit` is over.
  [[nodiscard]] bool more(const deadline& limit);

 private:
  void finish() noexcept;
  static void trace(const node& taken) noexcept;

  mailbox& box_;
  bool timed_ = false;
};

/// That a message of this type may come: all that is sent is sendable.
template <class Value>
constexpr bool can_come() {
  if constexpr (std::is_same_v<Value, any_message>) {
    return true;
  } else {
    constexpr bool is_sent = sendable<Value>;
    static_assert(is_sent || refusal_of<Value>() != refusal::view,
                  "joist: nobody can send a view (string_view, span, ...), and this handler would wait for ever: take a "
                  "std::string, or a container");
    static_assert(is_sent || refusal_of<Value>() != refusal::raw_pointer,
                  "joist: nobody can send a raw pointer, and this handler would wait for ever: take the value, a "
                  "std::string or a std::unique_ptr");
    static_assert(is_sent || refusal_of<Value>() == refusal::view || refusal_of<Value>() == refusal::raw_pointer,
                  "joist: nobody can send a message of this type (sendable.hpp), and this handler would wait for ever: take "
                  "what is sent");
    return true;
  }
}

/// How one argument of receive accepts and handles a message.
template <class Handler>
struct clause {
  static_assert(!std::is_same_v<Handler, timeout_limit>,
                "joist: after(limit) among handlers needs a handler of its own: after(limit, [] { ... })");
  static_assert(!std::is_member_pointer_v<Handler>,
                "joist: a receive handler is called with the message alone: wrap the member function in a lambda");
  static_assert(std::is_same_v<Handler, timeout_limit> || std::is_member_pointer_v<Handler> || one_parameter<Handler>,
                "joist: a receive handler takes exactly one parameter of a named type (no auto): the type of message "
                "it receives; joist::any_message takes every message");
  using parameter = typename handler_parameter<std::remove_cvref_t<Handler>>::type;
  using value = std::remove_cvref_t<parameter>;
  static_assert(!std::is_lvalue_reference_v<parameter> || std::is_const_v<std::remove_reference_t<parameter>>,
                "joist: take a message by value, by && or by const reference: it is gone after the handler");
  static_assert(can_come<value>());

  static bool accepts(mailbox&, Handler&, node& n) {
    if constexpr (std::is_same_v<value, any_message>) {
      return true;
    } else {
      return is_a(n, type_of<value>);
    }
  }
  static decltype(auto) handle(Handler& handler, node_ptr n) {
    if constexpr (std::is_same_v<value, any_message>) {
      return handler(any_message{std::move(n)});
    } else {
      return handler(std::move(payload_of<value>(*n)));
    }
  }
};

/// A message that stays in the mailbox, as a guard sees it.
struct lent_message {
  any_message message;
  explicit lent_message(any_message m) noexcept : message{std::move(m)} {}
  lent_message(const lent_message&) = delete;
  lent_message& operator=(const lent_message&) = delete;
  ~lent_message() { (void)std::move(message).release().release(); }
};

template <class Guard, class Handler>
struct clause<guarded<Guard, Handler>> {
  using inner = clause<Handler>;
  using value = typename inner::value;
  static bool accepts(mailbox& box, guarded<Guard, Handler>& g, node& n) {
    if (!inner::accepts(box, g.handler, n)) return false;
    guard_scope scope{box};
    if constexpr (std::is_same_v<value, any_message>) {
      const lent_message lent{any_message{node_ptr{&n}}};
      return g.guard(lent.message);
    } else {
      return g.guard(std::as_const(payload_of<value>(n)));
    }
  }
  static decltype(auto) handle(guarded<Guard, Handler>& g, node_ptr n) { return inner::handle(g.handler, std::move(n)); }
};

/// What type an argument of receive takes, and whether it takes all of that type. A timeout takes none.
template <class Handler>
struct accepted : std::type_identity<typename clause<Handler>::value> {
  static constexpr bool always = true;
};
template <class Guard, class Handler>
struct accepted<guarded<Guard, Handler>> : std::type_identity<typename clause<Handler>::value> {
  static constexpr bool always = false;
};
template <class Handler>
struct accepted<timeout_handler<Handler>> : std::type_identity<void> {
  static constexpr bool always = false;
};

/// Never accepts: its turn comes when time is over.
template <class Handler>
struct clause<timeout_handler<Handler>> {
  static bool accepts(mailbox&, timeout_handler<Handler>&, node&) { return false; }
  static decltype(auto) handle(timeout_handler<Handler>& t, node_ptr) { return t.handler(); }
};

template <class... T>
concept have_common_type = requires {
  typename std::common_type_t<T...>;
};

template <class First, class Later>
constexpr bool hides = accepted<First>::always && !std::is_void_v<typename accepted<Later>::type> &&
                       (std::is_same_v<typename accepted<First>::type, any_message> ||
                        std::is_same_v<typename accepted<First>::type, typename accepted<Later>::type>);

/// Whether a handler stands behind one that takes every message of its type.
template <class First, class... Rest>
constexpr bool hides_later() {
  if constexpr (sizeof...(Rest) == 0) {
    return false;
  } else {
    return (hides<First, Rest> || ...) || hides_later<Rest...>();
  }
}

template <class... H>
struct result_of {
  template <class X>
  using one = decltype(clause<X>::handle(std::declval<X&>(), std::declval<node_ptr>()));
  static auto pick() {
    constexpr bool some_void = (std::is_void_v<one<H>> || ...);
    constexpr bool all_void = (std::is_void_v<one<H>> && ...);
    static_assert(
        some_void == all_void,
        "joist: some of these handlers return a value and some do not: receive returns what its handler returns, so "
        "all return something of one type, or none does");
    static_assert(
        all_void || have_common_type<one<H>...>,
        "joist: these handlers return values of types that have nothing in common: receive returns what its handler "
        "returns");
    static_assert(
        !hides_later<H...>(),
        "joist: a handler stands behind another that takes all messages of its type, and is never called: put the one "
        "with a guard, or the more special one, first");
    if constexpr (all_void) {
      return std::type_identity<void>{};
    } else {
      return std::type_identity<std::common_type_t<one<H>...>>{};
    }
  }
  using type = typename decltype(pick())::type;
};

template <class R, class First, class... Rest>
R handle_at(std::size_t index, node_ptr n, First& first, Rest&... rest) {
  if constexpr (sizeof...(Rest) > 0) {
    if (index != 0) return handle_at<R>(index - 1, std::move(n), rest...);
  }
  return static_cast<R>(clause<First>::handle(first, std::move(n)));
}

template <class... H>
const deadline& limit_of(const H&... handlers) {
  static constexpr deadline never{};
  if constexpr ((is_timeout<H> || ...)) {
    constexpr std::size_t last = sizeof...(H) - 1;
    using last_type = std::tuple_element_t<last, std::tuple<H...>>;
    static_assert(is_timeout<last_type>, "joist: after(...) is the last argument of receive");
    static_assert((std::size_t{is_timeout<H>} + ...) == 1, "joist: one after(...) is enough for a receive");
    return std::get<last>(std::tie(handlers...)).limit;
  } else {
    return never;
  }
}

template <class... H>
auto receive_from(std::uint64_t reference, H&&... handlers) {
  using result = typename result_of<std::remove_cvref_t<H>...>::type;
  auto accepted_by = [&](mailbox& box, node& n) {
    std::size_t index = 0;
    const bool found = ((clause<std::remove_cvref_t<H>>::accepts(box, handlers, n) || (++index, false)) || ...);
    return found ? index : sizeof...(H);
  };
  node_ptr taken;
  std::size_t index = sizeof...(H);
  {
    receive_wait wait;
    mailbox& box = wait.box();
    node** at = wait.begin(reference);
    do {
      for (; *at != nullptr; at = &(*at)->next) {
        index = accepted_by(box, **at);
        if (index < sizeof...(H)) break;
      }
      if (*at != nullptr) {
        taken = wait.take(at);
        break;
      }
    } while (wait.more(limit_of(handlers...)));
  }
  if (taken == nullptr) index = sizeof...(H) - 1;  // only a timeout ends the wait without a message
  return handle_at<result>(index, std::move(taken), handlers...);
}

}  // namespace joist::inline v0::detail
