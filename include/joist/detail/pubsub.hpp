// joist/detail/pubsub.hpp: what the templates of pubsub.hpp need.
#pragma once

#include <joist/detail/pool_allocator.hpp>
#include <joist/message.hpp>
#include <joist/pid.hpp>
#include <joist/pubsub/message_format.hpp>
#include <joist/sendable.hpp>

#include <concepts>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <typeinfo>
#include <utility>
#include <vector>

namespace joist::inline v0 {

namespace detail {

/// What a subscriber has put beside its subscription, type unknown; never changed.
struct subscriber_data {
  explicit subscriber_data(const std::type_info& t) noexcept : type{&t} {}
  const std::type_info* type;
};
template <class Metadata>
struct subscriber_data_of : subscriber_data {
  explicit subscriber_data_of(Metadata m) : subscriber_data{typeid(Metadata)}, value{std::move(m)} {}
  Metadata value;
};
using subscriber_data_ptr = std::shared_ptr<const subscriber_data>;

template <class Metadata>
[[nodiscard]] subscriber_data_ptr make_subscriber_data(Metadata m) {
  require_sendable<Metadata>();
  return make_pooled<const subscriber_data_of<Metadata>>(std::move(m));
}

}  // namespace detail

/// Who is given a message: for messages that are more than sent. A type with a member
/// `void deliver_to(const pubsub_subscriber&) const` is delivered by it, on every node; it may send what it likes to whom it
/// likes, and runs in the process that broadcasts.
class pubsub_subscriber {
 public:
  pubsub_subscriber(pid process, const detail::subscriber_data* data) noexcept : process_{process}, data_{data} {}
  [[nodiscard]] pid process() const noexcept { return process_; }
  /// What it has put there when it subscribed, if it is of this type.
  template <class Metadata>
  [[nodiscard]] const Metadata* metadata() const noexcept {
    if (data_ == nullptr || *data_->type != typeid(Metadata)) return nullptr;
    return &static_cast<const detail::subscriber_data_of<Metadata>*>(data_)->value;
  }

 private:
  pid process_;
  const detail::subscriber_data* data_;
};

namespace detail {

template <class T>
concept delivers_itself = requires(const T& message, const pubsub_subscriber& to) {
  message.deliver_to(to);
};

template <class T>
constexpr void require_broadcastable() {
  if constexpr (!delivers_itself<T>) {
    require_sendable<T>();
    static_assert(std::copy_constructible<T>,
                  "joist: each subscriber gets a copy: broadcast a std::shared_ptr<const T> of what cannot be copied");
  }
}

/// A message, type unknown, and how a subscriber is given it.
struct delivery {
  const void* message;
  void (*deliver)(const pubsub_subscriber& to, const void* message);
};
template <class T>
[[nodiscard]] delivery delivery_of(const T& message) noexcept {
  return {&message, [](const pubsub_subscriber& to, const void* m) {
            const T& value = *static_cast<const T*>(m);
            if constexpr (delivers_itself<T>) {
              value.deliver_to(to);
            } else {
              (void)send(to.process(), value);
            }
          }};
}

struct pubsub_state;

/// The part of a pubsub that knows no types.
class pubsub_core {
 public:
  explicit pubsub_core(std::unique_ptr<pubsub_state> state) noexcept;
  ~pubsub_core();
  pubsub_core(const pubsub_core&) = delete;
  pubsub_core& operator=(const pubsub_core&) = delete;

  void subscribe(std::string_view topic, subscriber_data_ptr data);
  std::size_t unsubscribe(std::string_view topic);
  std::size_t deliver(std::string_view topic, pid but_not, const delivery& what) const;
  [[nodiscard]] std::vector<pid> subscribers(std::string_view topic) const;
  [[nodiscard]] std::size_t subscriber_count(std::string_view topic) const;
  [[nodiscard]] std::vector<std::string> topics() const;

  [[nodiscard]] const std::string& node() const noexcept;
  [[nodiscard]] bool has_adapter() const noexcept;
  [[nodiscard]] bool is_started() const;
  [[nodiscard]] bool publish(std::string_view to, std::string_view topic, std::string_view type, std::string_view payload);
  [[nodiscard]] pubsub_state& state() const noexcept { return *state_; }

 private:
  const std::unique_ptr<pubsub_state> state_;
};

/// A type that may come from other nodes, by its name.
struct known_format {
  std::string_view name;
  const std::type_info* type;
  /// False: these are not the bytes of one.
  bool (*receive)(const pubsub_core& into, std::string_view topic, std::string_view payload);
  const known_format* next;  ///< of all that the program has
};
/// Called while the program's objects are made, once for each.
bool add_known_format(known_format& f) noexcept;

template <class T>
inline known_format format_of{message_format<T>::name, &typeid(T),
                              [](const pubsub_core& into, std::string_view topic, std::string_view payload) {
                                const auto message = message_format<T>::read(payload);
                                if (!message) return false;
                                into.deliver(topic, pid{}, delivery_of<T>(*message));
                                return true;
                              },
                              nullptr};
template <class T>
inline const bool format_is_known = add_known_format(format_of<T>);

/// Where this is called in the program, the type is known from its start on.
template <class T>
void note_format() {
  (void)format_is_known<T>;
}

}  // namespace detail
}  // namespace joist::inline v0
