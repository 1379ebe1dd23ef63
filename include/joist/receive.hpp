// joist/receive.hpp: taking messages out of the mailbox, selectively: by type, by guard, with a timeout.
//
// Promises
//   the oldest message that some handler accepts is taken; the others stay, in their order
//   waiting costs nothing per message already refused: the scan goes on where it stopped
//   a handler of what nobody can send (sendable.hpp) does not compile
//   receive_reply looks only at what came after the reference was made
//
//   int answer = joist::receive(
//       [](reply r) { return r.value; },
//       joist::when([](const note& n) { return n.urgent; }, [](note n) { return -1; }),
//       joist::after(5s, [] { return 0; }));
//
// All of it is for processes: from elsewhere errc::not_a_process. A process that is being ended is unwound here: see
// process.hpp. Example: examples/02_receive.
#pragma once

#include <joist/clock.hpp>
#include <joist/detail/receive.hpp>
#include <joist/message.hpp>
#include <joist/ref.hpp>

#include <optional>
#include <utility>

namespace joist::inline v0 {

/// Handles messages for which `guard` is true. The guard sees a const reference and must not call the mailbox.
template <class Guard, class Handler>
[[nodiscard]] auto when(Guard guard, Handler handler) {
  return detail::guarded<Guard, Handler>{std::move(guard), std::move(handler)};
}

/// The last argument of receive: what happens when nothing matched until then. `limit`: a non-negative duration
/// (0: look once, do not wait), a joist::clock::time_point, or joist::infinity. Throws errc::bad_argument.
template <class Handler>
[[nodiscard]] auto after(detail::deadline limit, Handler handler) {
  return detail::timeout_handler<Handler>{limit, std::move(handler)};
}
template <detail::without_unit Number, class Handler>
[[nodiscard]] auto after(Number, Handler handler) {
  detail::refuse_number<Number, Handler>();
  return detail::timeout_handler<Handler>{{}, std::move(handler)};
}
[[nodiscard]] inline detail::timeout_limit after(detail::deadline limit) { return {limit}; }

/// Waits until a message fits one of the handlers, and returns what the handler returns. A handler takes one
/// parameter: its type is the type of message; any_message takes all.     [process]
template <class... Handlers>
requires(sizeof...(Handlers) > 0) auto receive(Handlers&&... handlers) { return detail::receive_from(0, handlers...); }

/// Waits for a T and returns it.     [process]
template <class T>
[[nodiscard]] T receive_value() {
  return detail::receive_from(0, [](T&& message) -> T { return std::move(message); });
}
template <class T>
T receive() {
  return receive_value<T>();
}

/// Waits for a T that satisfies `guard`.     [process]
template <class T, class Guard>
requires std::predicate<Guard&, const T&> T receive(Guard guard) {
  return detail::receive_from(0, when(std::move(guard), [](T&& message) -> T { return std::move(message); }));
}

/// The same until `limit`; nothing when none came.     [process]
template <class T, class Guard>
requires std::predicate<Guard&, const T&> std::optional<T> receive(Guard guard, detail::timeout_limit limit) {
  return detail::receive_from(0, when(std::move(guard), [](T&& message) { return std::optional<T>{std::move(message)}; }),
                              after(limit.limit, [] { return std::optional<T>{}; }));
}

/// Waits for a T until `limit`; nothing when none came.     [process]
template <class T>
std::optional<T> receive(detail::timeout_limit limit) {
  return detail::receive_from(
      0, [](T&& message) { return std::optional<T>{std::move(message)}; },
      after(limit.limit, [] { return std::optional<T>{}; }));
}

/// As receive, but looks only at messages that came after `reference` was made in this process: use it for
/// answers that carry the reference, and guard for it.     [process]
template <class... Handlers>
auto receive_reply(ref reference, Handlers&&... handlers) {
  return detail::receive_from(reference.value(), handlers...);
}

/// Waits for the time given; messages stay in the mailbox.     [process]
void sleep_for(detail::deadline limit);
template <detail::without_unit Number>
void sleep_for(Number) {
  detail::refuse_number<Number>();
}

}  // namespace joist::inline v0
