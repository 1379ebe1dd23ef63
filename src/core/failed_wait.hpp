// core/failed_wait.hpp: what a process has waited for when it exited, kept from its throw until its report.
//
// It belongs to a reason: it is shown with that alone, also when a loop has caught the end, said something, and gone on with
// exit(reason). Any other end of the body, or of a part of it that catches ends, drops it.
#pragma once

#include <joist/detail/failed_wait.hpp>

#include "core/process_control.hpp"

namespace joist::inline v0::core {

/// `p` exits with `reason`. `wait` null: it does not say for what it has waited.     [process]
void note_exit(process_control& p, const exit_reason& reason, const detail::failed_wait* wait) noexcept;
/// `p` ends by something else.     [owner]
void forget_failed_wait(process_control& p) noexcept;
/// As detail::add_failed_wait, of another.     [owner; the watcher, under a claim]
void add_failed_wait(report& r, const scheduler& home, const process_control& p, const exit_reason& reason);

}  // namespace joist::inline v0::core
