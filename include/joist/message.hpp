// joist/message.hpp: sending values to processes.
//
// Promises
//   messages from one process to another arrive in the order they were sent
//   a value is destroyed exactly once, whoever dies when; what is sent to the dead is destroyed at once
//   send never waits for the receiver; at the end of the sender's reductions it may yield
//
// Example: examples/01_hello. See also: sendable.hpp (what may be sent), receive.hpp, alias.hpp, names.hpp.
#pragma once

#include <joist/detail/node.hpp>
#include <joist/pid.hpp>
#include <joist/sendable.hpp>

#include <string_view>
#include <type_traits>
#include <typeinfo>

namespace joist::inline v0 {

class alias;

/// What became of a message, as far as the sender can know.
enum class send_result {
  sent,          ///< on its way, or dropped because nobody lives there: as on the BEAM the sender does not learn which
  mailbox_full,  ///< refused: the receiver has a mailbox limit with the policy `fail`
};

/// Any message, type unknown: for catch-all handlers, and to pass on what one does not read.
class any_message {
 public:
  explicit any_message(detail::node_ptr node) noexcept : node_{std::move(node)} {}

  [[nodiscard]] const std::type_info& type() const noexcept { return *node_->type->type; }
  /// The value, if it is a T.
  template <class T>
  [[nodiscard]] T* get_if() noexcept {
    return detail::is_a(*node_, detail::type_of<T>) ? &detail::payload_of<T>(*node_) : nullptr;
  }
  template <class T>
  [[nodiscard]] const T* get_if() const noexcept {
    return detail::is_a(*node_, detail::type_of<T>) ? &detail::payload_of<T>(*node_) : nullptr;
  }
  /// The value as a Base, if its type names this base: `using message_base = Base`. So a receiver tells a family of types
  /// apart from all others by one look, and what they share is in the base.
  template <class Base>
  [[nodiscard]] Base* base_if() noexcept {
    return base_of<Base>(*node_);
  }
  template <class Base>
  [[nodiscard]] const Base* base_if() const noexcept {
    return base_of<Base>(*node_);
  }
  [[nodiscard]] detail::node_ptr release() && noexcept { return std::move(node_); }

 private:
  template <class Base>
  [[nodiscard]] static Base* base_of(detail::node& n) noexcept {
    const detail::message_base_type* base = n.type->base;
    return base != nullptr && *base->type == typeid(Base) ? static_cast<Base*>(base->of(n)) : nullptr;
  }

  detail::node_ptr node_;
};

namespace detail {
send_result send_node(pid target, node_ptr message);
send_result send_node(std::string_view name, node_ptr message);
send_result send_node(const alias& target, node_ptr message);

template <class Target, class Message>
send_result send_value(const Target& target, Message&& message) {
  using value = std::remove_cvref_t<Message>;
  if constexpr (std::is_same_v<value, any_message>) {
    static_assert(!std::is_lvalue_reference_v<Message>, "joist: pass an any_message on with std::move");
    return send_node(target, std::move(message).release());
  } else {
    require_sendable<value>();
    return send_node(target, make_node<value>(std::forward<Message>(message)));
  }
}
}  // namespace detail

/// Sends a copy of `message`, or what was moved into it, to `target`. To a dead one it does nothing.     [any thread]
template <class Message>
send_result send(pid target, Message&& message) {
  return detail::send_value(target, std::forward<Message>(message));
}

/// Sends to an alias: arrives while the alias is active (see alias.hpp).     [any thread]
template <class Message>
send_result send(const alias& target, Message&& message) {
  return detail::send_value(target, std::forward<Message>(message));
}

/// Sends to the process registered as `name`; throws errc::name_unknown when there is none (as OTP's `!`).     [process]
template <class Message>
send_result send(std::string_view name, Message&& message) {
  return detail::send_value(name, std::forward<Message>(message));
}

}  // namespace joist::inline v0
