// fiber/slot.hpp: a stack, and how fibers share one, one at a time.
//
// lock                meaning                                    who moves it on
//   free              nobody runs on it                          acquire -> taken
//   taken             its holder runs, or moves frames           release -> free; acquire by others -> taken, with line
//   taken + line      fibers found it taken and wait in `next`   release -> free, and hands the line to the caller
//
// Invariants
//   S1  resident, and the memory of the stack, are touched by the holder alone
//   S2  a fiber is in the line of one slot at most, and then in no run queue: whoever releases must queue it
// Nobody spins: acquire either succeeds or leaves the fiber in the line, which the release that follows must see,
// because both change the one word.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "fiber/fiber.hpp"

namespace joist::inline v0::fiber {

enum class slot_kind : std::uint8_t {
  shared,     // any number of fibers, behind the lock
  exclusive,  // of the pool, one fiber at a time for its life: no lock, nothing is moved but by hibernate()
  own,        // as exclusive, of a size that was asked for
};

struct alignas(64) slot {
  std::atomic<std::uintptr_t> lock{0};
  fiber* resident = nullptr;
  std::byte* top = nullptr;
  std::size_t bytes = 0;                // usable, below top
  std::uint32_t guard_bytes = 0;        // below those, inaccessible
  std::atomic<std::uint32_t> users{0};  // of a shared one: fibers that have it for life
  std::atomic<bool> stuck{false};       // of a shared one: its holder does not come back; no new fibers for now
  slot_kind kind = slot_kind::shared;
  bool lent = false;             // its process may lend addresses in it: an isolation check leaves it open
  std::uint32_t watched_at = 0;  // of isolation.cpp
#ifdef JOIST_CHECK_ISOLATION
  std::array<char, 128> name{};  // of the process: see isolation.hpp
#else
  std::array<char, 1> name{};
#endif
};

/// Takes the slot of `f` for it. False: it is taken, `f` waits in its line, and is the caller's no more.     [worker]
[[nodiscard]] bool acquire(fiber& f) noexcept;

/// Puts the frames of `f` into its slot, moving those of another out. True when something was moved.
/// Throws std::bad_alloc with nothing changed.     [the holder]
bool make_resident(fiber& f);

/// Moves the frames of `f`, which is resident, out, and gives the pages of its slot back to the system. False: it stays as
/// it is, for lack of memory, or since its stack is its own: somebody may have addresses in it.     [the holder]
bool hibernate(fiber& f) noexcept;

/// `f`, which is resident, has no frames any more, and begins anew when it runs next. Pages that are not kept are given back
/// to the system, but for those of its own stack.     [the holder]
void vacate(fiber& f, bool keeps_pages) noexcept;

/// Gives the slot up. Returns the fibers that waited for it, oldest first, chained by `next`: the caller must queue
/// them.     [the holder]
[[nodiscard]] fiber* release(slot& s) noexcept;

}  // namespace joist::inline v0::fiber
