// What compiled code calls in each of its blocks where joist_preemptible() asked for it. A library of its own, so that
// programs that do not ask for it may have coverage tools which define the same function.
//
// The call is one that the compilers take to throw nothing. So where an ended process is unwound, the frame that called us
// must have no table of places that may throw, for ours would not be in it, and the program would end. A process whose frame
// has one goes on until it polls from a frame without, and when that takes another two budgets, its stack is given up.
// A frame without a table, in which nothing can throw, is left as if it had nothing to destroy; those around it are unwound.
// With -fnon-call-exceptions frames that touch memory in a noexcept function (of std::atomic, say) have tables as well.
#include <unwind.h>

#include <cerrno>

#include "core/abandon.hpp"
#include "core/scheduler.hpp"

namespace joist::inline v0::core {
namespace {

// A block of code is far less than a call of the runtime: so many of them are one reduction.
constexpr std::int32_t polls_per_reduction = 32;

// errno is the thread's: never keep its address over a switch.
[[gnu::noinline]] int get_errno() noexcept {
  asm volatile("");
  return errno;
}
[[gnu::noinline]] void set_errno(int n) noexcept {
  asm volatile("");
  errno = n;
}

struct frame_search {
  void* return_address;
  bool cleans_up = true;
};

_Unwind_Reason_Code look_at_frame(_Unwind_Context* context, void* argument) {
  auto& s = *static_cast<frame_search*>(argument);
  if (reinterpret_cast<void*>(_Unwind_GetIP(context)) != s.return_address) return _URC_NO_REASON;
  s.cleans_up = _Unwind_GetLanguageSpecificData(context) != nullptr;
  return _URC_END_OF_STACK;
}

bool has_cleanups(void* return_address) {
  frame_search s{return_address};
  _Unwind_Backtrace(&look_at_frame, &s);
  return s.cleans_up;
}

}  // namespace

[[gnu::noinline, gnu::cold]] void poll(worker& w, void* return_address) {
  w.polls_left = polls_per_reduction;
  if (w.running == nullptr || --w.reductions_left > 0) return;
  const int error_number = get_errno();
  const turn came_to = give_turn(w);
  set_errno(error_number);
  if (came_to != turn::to_be_unwound) return;
  process_control& p = *this_worker()->running;
  if (!has_cleanups(return_address)) return unwind_from_wait(p, true);
  const std::uint32_t since_end = p.spent.load(std::memory_order_relaxed) - p.extras->spent_at_end;
  if (since_end > 3 * this_worker()->home.options.reductions)
    abandon_stack(p, "it was ended, and loops on in code that cannot be unwound where it polls",
                  reinterpret_cast<std::uintptr_t>(return_address));
}

}  // namespace joist::inline v0::core

extern "C" [[gnu::visibility("default")]] void __sanitizer_cov_trace_pc() {
  asm volatile("");  // the address of the thread's word is taken anew
  joist::core::worker* w = joist::core::current_worker;
  if (w == nullptr || --w->polls_left > 0) [[likely]]
    return;
  joist::core::poll(*w, __builtin_return_address(0));
}
