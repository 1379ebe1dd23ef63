// fiber/fiber.hpp: a stack that can be left and taken up again, on any thread.
//
// A fiber has one slot for life and its frames always live there: pointers into its own stack stay valid. While it
// waits, the frames stay too, until another fiber of the slot is to run: then its live bytes, [context, top), are copied out
// ("parked"), and copied back before it runs again.
//
// Fields and who may touch them
//   slot, context, parked, parked_bytes    the holder of the slot (see slot.hpp); before the first run: its maker
//   most_parked_bytes                      its maker writes, before the first run; the holder of the slot reads
//   next                                   whoever holds the right to run the fiber: a queue, a slot's line, a worker
//
// Invariants
//   F1  a fiber's frames are in its slot iff slot->resident is the fiber; else they are parked, or it has not begun
//   F2  on a thread that runs no fiber, the C++ exception globals are zero: each fiber takes its own along
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/sanitizer.hpp"

namespace joist::inline v0::fiber {

struct slot;

struct fiber {
  fiber* next = nullptr;
  slot* stack = nullptr;
  void* context = nullptr;  // the stack pointer, see jump.hpp
  std::byte* parked = nullptr;
  std::uint32_t parked_bytes = 0;
  std::uint32_t most_parked_bytes = 0;  // beyond that the room above acts on it; 0: no limit
#if JOIST_TSAN
  void* tsan = nullptr;
#endif
};

/// What a thread has to offer a fiber it resumes. Made by the thread itself, once; passed along at each switch, so
/// that nobody asks thread-local storage around a switch (pitfall: compilers keep such addresses in registers).
struct thread_frame {
  void* context = nullptr;  // where the thread's own stack waits while a fiber runs
  struct exception_globals* exceptions = nullptr;
  int* error_number = nullptr;  // errno
  void* owner = nullptr;        // the worker
#if JOIST_ASAN
  void* fake_stack = nullptr;
  const void* stack_bottom = nullptr;
  std::size_t stack_bytes = 0;
#endif
#if JOIST_TSAN
  void* tsan = nullptr;
#endif
};

/// Itanium C++ ABI, 2.2.2: __cxa_eh_globals.
struct exception_globals {
  void* caught = nullptr;
  unsigned uncaught = 0;
};

/// What runs on a fiber's stack when it is entered first. Leaves for good by leave(..., true).
using entry_point = void (*)(fiber& self, thread_frame& thread);

/// Fills in what belongs to the calling thread.     [worker stack]
void describe_thread(thread_frame& thread, void* owner);

/// Gives back what a fiber that will not run again still holds.     [the holder of its slot]
void forget(fiber& f) noexcept;

}  // namespace joist::inline v0::fiber
