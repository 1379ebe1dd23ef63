#include "fiber/fiber.hpp"

#include <cxxabi.h>

#include <cerrno>

#include "base/assert.hpp"
#include "base/pool.hpp"
#include "fiber/switch.hpp"

#if JOIST_ASAN
#include <pthread.h>
#endif

namespace joist::inline v0::fiber {

void begin(void* arguments, void* from) {
  const auto [self, thread, entry] = *static_cast<const first_entry*>(arguments);
  arrived_on_fiber(*thread, nullptr);
  thread->context = from;
  entry(*self, *thread);
  base::assertion_failed("entry returned", "a fiber leaves by leave(for_good)", __FILE__, __LINE__);
}

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
