// core/inspect.hpp: questions about a process, asked and answered by signals.
#pragma once

#include <joist/info.hpp>

#include <cstdint>
#include <optional>

#include "core/signal.hpp"

namespace joist::inline v0::core {

struct inspect_reply {
  std::uint64_t request;
  std::optional<process_details> details;
  bool alive;
};

/// An inspect signal came to `p`, which is alive, or has ended.     [owner]
void answer_inspection(process_control& p, std::uint64_t request, const inspect_payload& question, bool alive);

}  // namespace joist::inline v0::core
