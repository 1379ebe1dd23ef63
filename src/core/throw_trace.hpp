// core/throw_trace.hpp: where an exception that nobody catches was thrown.
//
// A C++ throw first searches the stack for a handler, with nothing unwound yet; the frames of the throw are all there.
// Between a process's body and the handler that ends the process lies one frame with a personality routine of ours. The
// search reaches it only when nobody below catches, and it then notes the return addresses. An exception that
// is caught costs nothing, and no function of the C++ runtime is replaced. (Itanium C++ ABI, exception handling, 1.3.)
#pragma once

#include <cstdint>

#include "core/process_control.hpp"

namespace joist::inline v0::core {

/// Calls f(argument). When an exception leaves it, the trace of the throw is in p's extras; none where there is no memory,
/// or when the process is being ended, for then nobody asks. It belongs to the process, which may wait, and move, in
/// destructors between its throw and its handler.     [process]
void call_tracing_throws(void (*f)(void*), void* argument, process_control* p);

/// Whether the function at this address is that one frame: what is called from it is the body of a process.
[[nodiscard]] bool begins_a_body(std::uintptr_t function) noexcept;

}  // namespace joist::inline v0::core
