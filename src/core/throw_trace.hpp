// core/throw_trace.hpp: where an exception that nobody catches was thrown.
//
// A C++ throw first searches the stack for a handler, with nothing unwound yet; the frames of the throw are all there.
// Between a process's body and the handler that ends the process lies one frame with a personality routine of ours. The
// search reaches it only when nobody below catches, and it then notes the return addresses. An exception that
// is caught costs nothing, and no function of the C++ runtime is replaced. (Itanium C++ ABI, exception handling, 1.3.)
#pragma once

#include <vector>

namespace joist::inline v0::core {

/// Calls f(argument), noting the backtrace of a throw that leaves it.     [process]
void call_tracing_throws(void (*f)(void*), void* argument);

/// The backtrace noted last on this thread; empty where there is none.     [process, in the handler]
[[nodiscard]] std::vector<void*> take_throw_trace();

}  // namespace joist::inline v0::core
