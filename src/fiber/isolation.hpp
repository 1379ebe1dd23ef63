// fiber/isolation.hpp: checked builds (JOIST_CHECK_ISOLATION=ON): the stack of a process that does not run is made
// inaccessible, so that whoever keeps a pointer into it fails at the first use, with the process's name.
//
// Every process then has a stack of its own, and two mprotect calls a switch: for tests. This build, and no other, handles
// SIGSEGV: it prints one line and hands the fault on to the handler that was there before.
#pragma once

#include <cstddef>

#include "fiber/slot.hpp"

namespace joist::inline v0::fiber {

#ifdef JOIST_CHECK_ISOLATION
inline constexpr bool checks_isolation = true;
#else
inline constexpr bool checks_isolation = false;
#endif

/// The stack is about to be run on.     [worker]
void open_stack(const slot& s) noexcept;
/// Nobody runs on it until open_stack.     [worker]
void close_stack(const slot& s) noexcept;
/// Who has the stack: for the report.     [worker]
void name_stack(slot& s, const char* name) noexcept;
/// Makes a stack known to the handler, which is installed the first time.     [any thread]
void watch_stack(slot& s) noexcept;

}  // namespace joist::inline v0::fiber
