// fiber/isolation.hpp: checked builds (JOIST_CHECK_ISOLATION=ON): the stack of a process that does not run is made
// inaccessible, so that whoever keeps a pointer into it fails at the first use, with the process's name.
//
// Every process then has a stack of its own, and two mprotect calls a switch: for tests. In this build every runtime holds
// the handlers of faults (core/fault.hpp), which ask here whose stack was used.
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
/// Makes a stack known to watched_stack_at, until forget_stack.     [any thread]
void watch_stack(slot& s) noexcept;
void forget_stack(const slot& s) noexcept;
/// The stack that an address is in, or null. Async-signal-safe.     [any thread]
[[nodiscard]] const slot* watched_stack_at(const void* address) noexcept;
/// Says on standard error that somebody used it. Async-signal-safe.     [any thread]
void report_foreign_use(const slot& s) noexcept;

}  // namespace joist::inline v0::fiber
