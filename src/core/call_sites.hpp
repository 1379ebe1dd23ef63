// core/call_sites.hpp: whether an exception may leave the hook of preempted code.
//
// GCC and Clang take the hook for a function that does not throw. GCC then takes a function that calls nothing else for one
// that does not throw either, and so on, outwards; the calls of such functions have no entry in the table of call sites of
// their callers. An exception that comes to such a call ends the program (GCC), or passes without the destructors of
// the frame (Clang). So the frames are looked at before anything is thrown:
//
//   the frame that called the hook       has no table: nothing is to be destroyed there, the exception passes
//   each frame above it, to the body     has no table, or one with an entry for this very call
//
// One entry stands for neighbouring calls with the same destructors, and the addresses between them, where a call that
// "does not throw" may lie. An entry is surely for a call that returns to the entry's end, or is the entry's first
// instruction.
#pragma once

namespace joist::inline v0::core {

/// Whether an exception thrown by what was called and returns to `caller` is sure to pass through the frames of the process,
/// with every destructor.     [process]
[[nodiscard]] bool may_throw_from(const void* caller) noexcept;

}  // namespace joist::inline v0::core
