// joist/pubsub/adapter.hpp: what joins the instances of a program to one system: a pubsub with an adapter reaches the
// subscribers of all. Redis and NATS are in joist/dist; an adapter of one's own is this class, and passes
// adapter_contract.hpp.
//
//   const joist::pubsub bus{{.adapter = joist::dist::redis({.url = "redis://10.0.0.5"}), .node = "chat-2"}};
//
// Promises of an adapter
//   frames of one process arrive in the order they were published, each at most once, whole and unchanged
//   a frame for all nodes comes to every other node that is connected, not to its own; one for a node comes to that node
//   publish() waits for nobody; where there is no connection it says so, and the frame is lost
//   a connection that is lost is made again, by the adapter, with growing pauses
//
// See also: pubsub.hpp, memory_adapter.hpp (several nodes in one program, for tests).
#pragma once

#include <joist/otp/child_spec.hpp>

#include <memory>
#include <string>
#include <string_view>

namespace joist::inline v0 {

namespace detail {
class pubsub_core;
}  // namespace detail

/// Where an adapter leaves what has come, and what it learns of the pubsub that it serves. Copies are the same.
class pubsub_inbox {
 public:
  explicit pubsub_inbox(std::weak_ptr<detail::pubsub_core> of) noexcept : core_{std::move(of)} {}

  /// A frame of another node, as it was given to publish(): its subscribers here have it when this returns. What is no
  /// frame, or of a type that this program does not know, is told as pubsub_refused, and is no error of the adapter's.
  /// [process]
  void receive(std::string_view frame) const;
  /// The connection stands, or stands no more: pubsub_connected, pubsub_disconnected.     [process]
  void connected() const;
  void disconnected(std::string_view why) const;

 private:
  std::weak_ptr<detail::pubsub_core> core_;
};

/// Bytes that are the same for all whom they go to.
using pubsub_frame = std::shared_ptr<const std::string>;

class pubsub_adapter {
 public:
  pubsub_adapter() = default;
  pubsub_adapter(const pubsub_adapter&) = delete;
  pubsub_adapter& operator=(const pubsub_adapter&) = delete;
  virtual ~pubsub_adapter() = default;

  /// Its name in a supervision tree and in logs: "redis".
  [[nodiscard]] virtual std::string name() const = 0;
  /// The process that keeps the connection, as a child of the pubsub. `node` is the name of this node, the same at each
  /// start. The child starts also where there is no connection yet.     [process]
  [[nodiscard]] virtual child_spec child(std::string id, const std::string& node, pubsub_inbox inbox) = 0;
  /// Hands a frame over for all other nodes, or, where `to` is not empty, for one. False: there is no connection, or too
  /// much waits to be sent.     [any thread]
  [[nodiscard]] virtual bool publish(std::string_view to, pubsub_frame frame) = 0;
};

}  // namespace joist::inline v0
