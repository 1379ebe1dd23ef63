// pubsub/state.hpp: what all copies of a pubsub share.
#pragma once

#include <joist/pubsub/pubsub.hpp>

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>

#include "pubsub/topic_table.hpp"

namespace joist::inline v0::detail {

struct pubsub_state {
  explicit pubsub_state(pubsub_options o);

  const std::shared_ptr<pubsub_adapter> adapter;
  const std::string node;
  const std::string label;
  const std::shared_ptr<topic_table> table = std::make_shared<topic_table>();
  // The adapter's, as pid::value(). relaxed: tells a reason only; what a start has made is the adapter's to publish.
  std::atomic<std::uint64_t> process{pid{}.value()};
};

}  // namespace joist::inline v0::detail
