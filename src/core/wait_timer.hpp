// core/wait_timer.hpp: the time limit of a wait. A place of the process table has one, made with its first timed wait, and
// at most one timer in a wheel that looks at it: a wait that ends in time cancels nothing, and the next one starts nothing,
// as long as that timer comes early enough. Most waits have long limits and are short: calls have five seconds.
//
//   armed     a timer is                        moved by
//     0         in no wheel, or it fires now      whoever fires it, at first
//     1         changing, and armed_at with it    who wrote the 1: the owner, for a limit before armed_at, or where there is
//     its ref   in a wheel, due at armed_at       none; whoever fires it, for a limit that is not over, and only from 0
//
// The one who fires takes `armed` away first and reads `until` then; the owner writes `until` first and reads `armed` then.
//
// Invariants
//   U1  a wait whose limit is not over has a timer that is due by then, or one that fires and sees the limit. All four
//       accesses are seq_cst: one of the two sees what the other wrote
//   U2  a timer that is not the armed one does nothing when it fires: it was replaced in that moment
//   U3  the timer belongs to the place, not to the process: what it finds is the limit of whoever waits there now. So
//   nothing
//       is cancelled when a process ends
//   U4  `armed` names a timer before others can fire it: it is written under the shelf's mutex, with the start
//
// Refused: a timer for each wait: two locks, a node, and an entry in the wheel that is stale before it is looked at; a fifth
// of a call.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "base/pool.hpp"

namespace joist::inline v0::core {

struct wait_timer {
  static constexpr std::int64_t none = INT64_MAX;

  std::atomic<std::int64_t> until{none};     // the owner; read by who fires
  std::atomic<std::int64_t> armed_at{none};  // with `armed`
  std::atomic<std::uint64_t> armed{0};       // reference of the timer
  // -- the owner
  std::uint64_t token = 0;  // what the signal that ends the wait has as its word; 0: none is waited for, or it has come

  static void* operator new(std::size_t bytes) { return base::pool_allocate_uncounted(bytes); }
  static void operator delete(void* memory, std::size_t bytes) noexcept { base::pool_release_uncounted(memory, bytes); }
};

}  // namespace joist::inline v0::core
