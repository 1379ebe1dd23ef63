// core/process_main.hpp: the first and the last frame of every process.
#pragma once

#include <string>

#include "fiber/fiber.hpp"

namespace joist::inline v0::core {

/// Runs the body, turns what leaves it into an exit reason, and ends the process. Of a process that has given its stack up,
/// only the end.
void process_main(fiber::fiber& self, fiber::thread_frame& thread);

struct thrown_value {
  std::string type, what;
};

/// In a handler: what was thrown. Leaves thread_local state alone: the process may have moved.
[[nodiscard]] thrown_value describe_current_exception();

}  // namespace joist::inline v0::core
