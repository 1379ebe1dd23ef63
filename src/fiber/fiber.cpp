#include "fiber/fiber.hpp"

#include <cxxabi.h>

#include <boost/context/detail/fcontext.hpp>
#include <cerrno>

#include "base/assert.hpp"
#include "base/pool.hpp"
#include "fiber/slot.hpp"

#if JOIST_ASAN
#include <pthread.h>
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif
#if JOIST_TSAN
#include <sanitizer/tsan_interface.h>
#endif

// Boost.Context 1.88 began to save the exception globals itself, in `boost::context::fiber`, which is not used here:
// jump_fcontext alone never touches them, so nobody manages them twice.

namespace joist::inline v0::fiber {
namespace {

using boost::context::detail::fcontext_t;
using boost::context::detail::jump_fcontext;
using boost::context::detail::make_fcontext;
using boost::context::detail::transfer_t;

struct first_entry {
  fiber* self;
  thread_frame* thread;
  entry_point entry;
};

void arrived_on_fiber([[maybe_unused]] thread_frame& thread, [[maybe_unused]] void* fake_stack) {
#if JOIST_ASAN
  __sanitizer_finish_switch_fiber(fake_stack, &thread.stack_bottom, &thread.stack_bytes);
#endif
}

void begin(transfer_t from) {
  const first_entry* arguments = static_cast<first_entry*>(from.data);
  thread_frame& thread = *arguments->thread;
  fiber& self = *arguments->self;
  const entry_point entry = arguments->entry;
  arrived_on_fiber(thread, nullptr);
  thread.context = from.fctx;
  entry(self, thread);
  base::assertion_failed("entry returned", "a fiber leaves by leave(for_good)", __FILE__, __LINE__);
}

}  // namespace

// noinline, and the barrier: the address is asked for anew on each thread.
[[gnu::noinline]] void describe_thread(thread_frame& thread, void* owner) {
  asm volatile("" ::: "memory");
  thread.exceptions = reinterpret_cast<exception_globals*>(abi::__cxa_get_globals());
  thread.error_number = &errno;
  thread.owner = owner;
#if JOIST_ASAN
  pthread_attr_t attributes;
  void* bottom = nullptr;
  pthread_getattr_np(pthread_self(), &attributes);
  pthread_attr_getstack(&attributes, &bottom, &thread.stack_bytes);
  pthread_attr_destroy(&attributes);
  thread.stack_bottom = bottom;
#endif
#if JOIST_TSAN
  thread.tsan = __tsan_get_current_fiber();
#endif
}

void enter(fiber& f, thread_frame& thread, entry_point entry) {
  first_entry arguments{&f, &thread, entry};
  void* data = &thread;
  if (f.context == nullptr) {
    f.context = make_fcontext(f.stack->top, f.stack->bytes, &begin);
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
  const transfer_t back = jump_fcontext(f.context, data);
#if JOIST_ASAN
  __sanitizer_finish_switch_fiber(fake_stack, nullptr, nullptr);
#endif
  f.context = back.fctx;
}

thread_frame& leave(fiber& f, thread_frame& thread, [[maybe_unused]] bool for_good) {
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
  const transfer_t back = jump_fcontext(thread.context, &f);
  auto& now = *static_cast<thread_frame*>(back.data);
#if JOIST_ASAN
  arrived_on_fiber(now, fake_stack);
#endif
  now.context = back.fctx;
  *now.exceptions = exceptions;
  *now.error_number = error_number;
  return now;
}

void forget(fiber& f) noexcept {
  if (f.parked != nullptr) base::pool_release(f.parked, f.parked_bytes);
  f.parked = nullptr;
  f.context = nullptr;
#if JOIST_TSAN
  if (f.tsan != nullptr) __tsan_destroy_fiber(f.tsan);
  f.tsan = nullptr;
#endif
}

}  // namespace joist::inline v0::fiber
