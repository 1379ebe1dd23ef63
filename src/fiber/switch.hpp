// fiber/switch.hpp: the switch itself: enter() from a thread to a fiber, leave() back.
//
// Both are inlined into their few callers: the processor predicts returns by a stack of calls, which a switch puts out of
// step, so every function less between the switch and the process's code is a mispredicted return less. They read no
// thread-local state: what belongs to a thread comes along in its thread_frame.
//
// Boost.Context 1.88 began to save the exception globals itself, in `boost::context::fiber`, which is not used here, also
// where its jump_fcontext is (jump.hpp): nobody manages them twice.
#pragma once

#include "fiber/fiber.hpp"
#include "fiber/jump.hpp"
#include "fiber/slot.hpp"

#if JOIST_ASAN
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif
#if JOIST_TSAN
#include <sanitizer/tsan_interface.h>
#endif

namespace joist::inline v0::fiber {

/// What the first entry hands over; lies on the entering thread's stack.
struct first_entry {
  fiber* self;
  thread_frame* thread;
  entry_point entry;
};

/// The first frame of every fiber.
void begin(void* arguments, void* from);

inline void arrived_on_fiber([[maybe_unused]] thread_frame& thread, [[maybe_unused]] void* fake_stack) {
#if JOIST_ASAN
  __sanitizer_finish_switch_fiber(fake_stack, &thread.stack_bottom, &thread.stack_bytes);
#endif
}

/// Runs `f`, whose frames are in its slot, until it leaves. `entry` is used the first time. The thread is in the middle
/// of no exception.     [worker stack]
[[gnu::always_inline]] inline void enter(fiber& f, thread_frame& thread, entry_point entry) {
  first_entry arguments{&f, &thread, entry};
  void* data = &thread;
  if (f.context == nullptr) {
    f.context = make_context<&begin>(f.stack->top, f.stack->bytes);
    data = &arguments;
#if JOIST_TSAN
    f.tsan = __tsan_create_fiber(0);
#endif
#if JOIST_ASAN
    __asan_unpoison_memory_region(f.stack->top - f.stack->bytes, f.stack->bytes);
#endif
  }
#if JOIST_TSAN
  __tsan_switch_to_fiber(f.tsan, 0);
#endif
#if JOIST_ASAN
  void* fake_stack = nullptr;
  __sanitizer_start_switch_fiber(&fake_stack, f.stack->top - f.stack->bytes, f.stack->bytes);
#endif
  const arrival back = jump(f.context, data);
#if JOIST_ASAN
  __sanitizer_finish_switch_fiber(fake_stack, nullptr, nullptr);
#endif
  f.context = back.from;
}

/// Goes back to the thread that entered; returns when entered again, perhaps by another thread: the one returned.
/// With `for_good` it does not return.     [on the fiber]
[[gnu::always_inline]] inline thread_frame& leave(fiber& f, thread_frame& thread, [[maybe_unused]] bool for_good) {
  // F2: the exceptions this fiber is in the middle of go with it.
  const exception_globals exceptions = *thread.exceptions;
  *thread.exceptions = {};
  const int error_number = *thread.error_number;
#if JOIST_TSAN
  __tsan_switch_to_fiber(thread.tsan, 0);
#endif
#if JOIST_ASAN
  void* fake_stack = nullptr;
  __sanitizer_start_switch_fiber(for_good ? nullptr : &fake_stack, thread.stack_bottom, thread.stack_bytes);
#endif
  const arrival back = jump(thread.context, &f);
  auto& now = *static_cast<thread_frame*>(back.data);
#if JOIST_ASAN
  arrived_on_fiber(now, fake_stack);
#endif
  now.context = back.from;
  *now.exceptions = exceptions;
  *now.error_number = error_number;
  return now;
}

}  // namespace joist::inline v0::fiber
