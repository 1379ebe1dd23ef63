// joist/otp/from.hpp: who waits for an answer, and how to give it.
//
// Promises
//   an answer that comes after the caller has stopped waiting never reaches its mailbox
//   any process may answer; the first answer counts
//
// See also: gen_server.hpp (handle_call with a from answers later). OTP: gen_server:reply/2, aliases.
#pragma once

#include <joist/alias.hpp>
#include <joist/message.hpp>

#include <type_traits>
#include <utility>
#include <variant>

namespace joist::inline v0 {

namespace detail {

/// Stands for void where a value has to stand.
template <class T>
using value_for = std::conditional_t<std::is_void_v<T>, std::monostate, T>;

template <class Reply>
struct answer {
  ref request;
  value_for<Reply> value;
};

}  // namespace detail

/// The client of a call that has not been answered. May be kept and sent on; to answer is up to who has it: a client whose
/// call nobody answers waits for its timeout.
template <class Reply>
class from {
 public:
  from() = default;
  explicit from(alias client) noexcept : client_{client} {}
  [[nodiscard]] pid process() const noexcept { return client_.owner(); }
  [[nodiscard]] ref request() const noexcept { return client_.reference(); }
  [[nodiscard]] const alias& address() const noexcept { return client_; }

 private:
  alias client_;
};

namespace detail {
template <class Reply, class Value>
[[nodiscard]] answer<Reply> answer_to(const from<Reply>& client, Value&& value) {
  using given = std::remove_cvref_t<Value>;
  static_assert(std::is_convertible_v<Value&&, Reply>,
                "joist: the answer to a call is, or converts to, the message's `reply`");
  static_assert(
      !(std::is_floating_point_v<given> && std::is_integral_v<Reply>),
      "joist: the answer to a call is a floating point number, and the message's `reply` is an integer: convert it");
  return {client.request(), static_cast<Reply>(std::forward<Value>(value))};
}
[[nodiscard]] inline answer<void> answer_to(const from<void>& client) { return {client.request(), {}}; }
}  // namespace detail

/// Answers a call.     [any thread]
template <class Reply, class Value>
void reply(const from<Reply>& client, Value&& value) {
  send(client.address(), detail::answer_to(client, std::forward<Value>(value)));
}
inline void reply(const from<void>& client) { send(client.address(), detail::answer_to(client)); }

}  // namespace joist::inline v0
