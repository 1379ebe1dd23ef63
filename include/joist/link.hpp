// joist/link.hpp: sharing a fate: when one of two linked processes ends, the other hears of it, and ends too
// unless it traps exits or the reason was normal.
//
// Promises
//   a link is one, both ways, however often it was made
//   after unlink returns, no exit of that process reaches the caller any more (one already in the mailbox stays)
//
// Example: examples/03_links_and_monitors. See also: monitor.hpp (one way, no fate shared), process.hpp (trap_exit).
#pragma once

#include <joist/exit_reason.hpp>
#include <joist/pid.hpp>

namespace joist::inline v0 {

/// What a process that traps exits receives when a linked one ends, or when exit(pid, reason) is aimed at it.
struct exited {
  pid process;
  exit_reason reason;
};

/// Links the caller and `other`. To link to oneself does nothing. To a dead one: throws errc::no_process, or, when
/// trapping exits, sends `exited` with noproc.     [process]
void link(pid other);

/// Removes the link from both ends. Without a link it does nothing.     [process]
void unlink(pid other);

}  // namespace joist::inline v0
