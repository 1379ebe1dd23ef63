// core/memory_limit.hpp: who holds more memory than its memory_limit allows, and what becomes of it.
//
// what      is weighed where                          by                       which then
//   mailbox   take_signals, after it took in a batch    the owner                logs, and ends the process
//   stack     take_stack, after it copied frames out    the holder of the slot   sends `parked`: its owner logs, and ends it
//
// Invariants
//   L1  an excess is acted on once: it begins above the limit and lasts until there was no more than half of it. Only a
//       batch adds to a mailbox, so what it held before a batch is the least since the last one
//   L2  the holder of a slot touches of the process whose frames lie in it what is fixed at spawn and what is its to write;
//       all else may be in use by a worker that takes its signals
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/process_control.hpp"

namespace joist::inline v0::core {

struct worker;

/// What is fixed at spawn of the limits of `p`.     [its maker]
void begin_weighing(process_control& p, const memory_limit& limit) noexcept;

/// `p` has taken signals in; its mailbox held `before` bytes then. True: it is to be killed.     [owner]
[[nodiscard]] bool ends_by_mailbox(process_control& p, std::size_t before) noexcept;

/// A `parked` signal has come. True: it is to be killed.     [owner]
[[nodiscard]] bool ends_by_stack(const process_control& p, std::uint64_t bytes) noexcept;

/// The frames of `p`, whose stack is limited, have been copied out of its slot.     [worker stack, the holder of the slot]
void weigh_parked(worker& w, process_control& p) noexcept;

}  // namespace joist::inline v0::core
