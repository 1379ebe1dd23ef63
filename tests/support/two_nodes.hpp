// tests/support/two_nodes.hpp: two nodes of one program, on a network of their own.
#pragma once

#include <joist/pubsub/memory_adapter.hpp>
#include <joist/pubsub/pubsub.hpp>

namespace support {

struct two_nodes {
  const joist::memory_exchange network;
  const joist::pubsub a{{.adapter = network.adapter(), .node = "a"}};
  const joist::pubsub b{{.adapter = network.adapter(), .node = "b"}};

  void start() const {
    joist::start_pubsub(a);
    joist::start_pubsub(b);
  }
};

}  // namespace support
