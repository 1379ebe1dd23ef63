// joist/pubsub/pubsub.hpp: messages to all who have subscribed to a topic, whoever they are and wherever they run.
//
//   const joist::pubsub bus;              // made before anything runs; copies are the same
//
//   bus.subscribe("room:lobby");                                             // the calling process
//   joist::receive([](const said& s) { ... });
//
//   bus.broadcast("room:lobby", said{"ann", "hello"});                       // anybody
//
// Promises
//   what a process broadcasts arrives in that order, and in order with what it sends to a subscriber itself
//   who had subscribed when a broadcast began gets it, once for each of its subscriptions; it has it when the call returns
//   a process that has ended is no subscriber, without anybody having to clean up
//   a broadcast looks at a topic without holding others up who subscribe, and what it sends is encoded once, for all nodes
//   other nodes: with an adapter. What is broadcast while there is no connection reaches this node alone, and says so
//
// A pubsub of one program needs no process: it works from the start. One with an adapter is a child of a supervisor
// (child_pubsub). Example: examples/33_pubsub. See also: message_format.hpp (what may leave the program), adapter.hpp;
// otp/registry.hpp and otp/pg.hpp (who is there). Elixir: Phoenix.PubSub.
#pragma once

#include <joist/detail/pubsub.hpp>
#include <joist/error.hpp>
#include <joist/otp/child_spec.hpp>
#include <joist/otp/supervisor.hpp>
#include <joist/pubsub/adapter.hpp>
#include <joist/pubsub/message_format.hpp>
#include <joist/result.hpp>
#include <joist/telemetry.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace joist::inline v0 {

struct pubsub_options {
  std::shared_ptr<pubsub_adapter> adapter = {};  ///< null: the subscribers of this program
  std::string node = {};                         ///< of the system, unique; empty: host, process number and a random part
  std::string label = "pubsub";                  ///< in supervision trees and logs
};

/// Why a message did not leave the program. Its own subscribers have it.
enum class pubsub_error : std::uint8_t {
  not_connected,  ///< the adapter has no connection, or cannot keep up
  not_started,    ///< child_pubsub does not run
};
[[nodiscard]] std::string_view to_string(pubsub_error e) noexcept;

class pubsub {
 public:
  pubsub();
  /// Throws errc::bad_argument for a node name that is longer than 255 bytes.     [any thread]
  explicit pubsub(pubsub_options options);

  /// From now on the caller gets what is broadcast to the topic, once more if it had subscribed before.     [process]
  void subscribe(std::string_view topic) const { core_->subscribe(topic, nullptr); }
  /// With something that deliver_to() of messages sees (pubsub_subscriber).     [process]
  template <class Metadata>
  void subscribe(std::string_view topic, Metadata metadata) const {
    core_->subscribe(topic, detail::make_subscriber_data(std::move(metadata)));
  }
  /// Takes back all of the caller's subscriptions to the topic; how many those were. What was sent before may still be in
  /// the mailbox.     [process]
  std::size_t unsubscribe(std::string_view topic) const { return core_->unsubscribe(topic); }

  /// To the subscribers of all nodes. Each gets a copy: what is large is better behind a std::shared_ptr<const T>.
  /// [any thread]
  template <class T>
  result<void, pubsub_error> broadcast(std::string_view topic, const T& message) const {
    return broadcast_from(pid{}, topic, message);
  }
  /// But not to `from`, which is mostly the caller.     [any thread]
  template <class T>
  result<void, pubsub_error> broadcast_from(pid from, std::string_view topic, const T& message) const {
    local_broadcast_from(from, topic, message);
    return publish({}, topic, message);
  }
  /// To the subscribers of this node; how many those were. The message needs no message_format.     [any thread]
  template <class T>
  std::size_t local_broadcast(std::string_view topic, const T& message) const {
    return local_broadcast_from(pid{}, topic, message);
  }
  template <class T>
  std::size_t local_broadcast_from(pid from, std::string_view topic, const T& message) const {
    detail::require_broadcastable<T>();
    return core_->deliver(topic, from, detail::delivery_of(message));
  }
  /// To the subscribers of one node, which may be this one.     [any thread]
  template <class T>
  result<void, pubsub_error> direct_broadcast(std::string_view node, std::string_view topic, const T& message) const {
    if (node == this->node()) {
      local_broadcast(topic, message);
      return {};
    }
    return publish(node, topic, message);
  }

  /// Has this program understand messages of the type that come from other nodes. Of a type that is broadcast somewhere in
  /// the program it does so already.     [start-up]
  template <class T>
  void accept() const {
    detail::note_format<T>();
  }

  /// The processes of this node that have subscribed, as often as they have, in no order.     [any thread]
  [[nodiscard]] std::vector<pid> subscribers(std::string_view topic) const { return core_->subscribers(topic); }
  [[nodiscard]] std::size_t subscriber_count(std::string_view topic) const { return core_->subscriber_count(topic); }
  /// Those of this node that have subscribers.     [any thread]
  [[nodiscard]] std::vector<std::string> topics() const { return core_->topics(); }
  [[nodiscard]] const std::string& node() const noexcept { return core_->node(); }

  friend bool operator==(const pubsub& a, const pubsub& b) noexcept { return a.core_ == b.core_; }

 private:
  template <class T>
  result<void, pubsub_error> publish(std::string_view to, std::string_view topic, const T& message) const {
    static_assert(portable<T>,
                  "joist: to reach other nodes a message needs a name and its bytes: specialise joist::message_format for "
                  "its type, or use local_broadcast, which needs none");
    detail::note_format<T>();
    if (!core_->has_adapter()) return {};
    if (core_->publish(to, topic, message_format<T>::name, message_format<T>::write(message))) return {};
    return failure{core_->is_started() ? pubsub_error::not_connected : pubsub_error::not_started};
  }
  friend result<pid, start_error> try_start_pubsub(const pubsub& bus);

  std::shared_ptr<detail::pubsub_core> core_;
};

/// Starts the adapter's process, linked to the caller; nobody where there is no adapter. `already_started`: it
/// runs.     [process]
result<pid, start_error> try_start_pubsub(const pubsub& bus);
/// The same, and throws start_failed.     [process]
pid start_pubsub(const pubsub& bus);
/// As a child, before those who use it: permanent. Without an adapter, a child that does not run.
[[nodiscard]] child_spec child_pubsub(std::string id, const pubsub& bus);

/// The adapter has a connection. By its process.
struct pubsub_connected {
  static constexpr std::string_view event_name = "joist.pubsub.connected";
  struct {
  } measurements;
  struct {
    std::string_view adapter;
    std::string_view node;
  } metadata;
};
/// It has lost it, or could not make it.
struct pubsub_disconnected {
  static constexpr std::string_view event_name = "joist.pubsub.disconnected";
  struct {
  } measurements;
  struct {
    std::string_view adapter;
    std::string_view node;
    std::string_view why;
  } metadata;
};
/// What came of another node is dropped.
struct pubsub_refused {
  static constexpr std::string_view event_name = "joist.pubsub.refused";
  struct {
    std::uint64_t bytes;
  } measurements;
  struct {
    std::string_view from;  ///< empty: it is no frame
    std::string_view topic;
    std::string_view type;
    std::string_view why;
  } metadata;
};

}  // namespace joist::inline v0
