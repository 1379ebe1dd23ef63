// core/process_main.hpp: the first and the last frame of every process.
#pragma once

#include "fiber/fiber.hpp"

namespace joist::inline v0::core {

/// Runs the body, turns what leaves it into an exit reason, and ends the process.
void process_main(fiber::fiber& self, fiber::thread_frame& thread);

}  // namespace joist::inline v0::core
