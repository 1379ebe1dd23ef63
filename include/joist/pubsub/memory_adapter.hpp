// joist/pubsub/memory_adapter.hpp: several nodes in one program, for tests of what scales out: also under simulate, where a
// network that falls apart is a line of the test.
//
//   const joist::memory_exchange network;
//   const joist::pubsub a{{.adapter = network.adapter(), .node = "a"}}, b{{.adapter = network.adapter(), .node = "b"}};
//   joist::start_pubsub(a);
//   joist::start_pubsub(b);
//   network.split({{"a"}, {"b"}});
//   a.broadcast("news", ...);                       // reaches a
//   network.heal();
//
// Promises
//   those of adapter.hpp; what is published reaches others some time later, as over a network
//   who is alone in a split has no connection, and is told so
//
// See also: pubsub.hpp, simulate.hpp.
#pragma once

#include <joist/pubsub/adapter.hpp>

#include <memory>
#include <string>
#include <vector>

namespace joist::inline v0 {

namespace detail {
struct memory_network;
}  // namespace detail

/// What nodes of one program are connected by. Copies are the same.
class memory_exchange {
 public:
  memory_exchange();

  /// For the pubsub of one node.     [any thread]
  [[nodiscard]] std::shared_ptr<pubsub_adapter> adapter() const;
  /// From now on frames go between nodes of the same group alone; who is in none is alone.     [process]
  void split(std::vector<std::vector<std::string>> groups) const;
  /// And again between all.     [process]
  void heal() const;

 private:
  std::shared_ptr<detail::memory_network> network_;
};

}  // namespace joist::inline v0
