// What compiled code calls in each of its blocks where joist_preemptible() asked for it. A library of its own, so that
// programs that do not ask for it may have coverage tools which define the same function.
//
// The call is one that the compilers take to throw nothing. So an ended process is unwound from here only where its frames
// let an exception pass for sure (call_sites.hpp). Else it goes on until it polls from such a place, and when that takes
// another two budgets, its stack is given up.
#include <cerrno>

#include "core/abandon.hpp"
#include "core/call_sites.hpp"
#include "core/scheduler.hpp"

namespace joist::inline v0::core {
namespace {

// A block of code is far less than a call of the runtime: so many of them are one reduction.
constexpr std::int32_t polls_per_reduction = 16;

// errno is the thread's: never keep its address over a switch.
[[gnu::noinline]] int get_errno() noexcept {
  asm volatile("");
  return errno;
}
[[gnu::noinline]] void set_errno(int n) noexcept {
  asm volatile("");
  errno = n;
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
  if (may_throw_from(return_address)) return unwind_from_wait(p, true);
  const std::uint32_t since_end = p.spent.load(std::memory_order_relaxed) - p.extras->spent_at_end;
  if (since_end > 3 * this_worker()->home.options.reductions)
    abandon_stack(p, "it was ended, and loops on in code that cannot be unwound where it polls",
                  reinterpret_cast<std::uintptr_t>(return_address));
}

}  // namespace joist::inline v0::core

// The compilers know the hook by its name and take it for a function that does not throw. By another name here, this
// compiler does not.
extern "C" [[gnu::visibility("default")]] void joist_poll() asm("__sanitizer_cov_trace_pc");

extern "C" void joist_poll() {
  asm volatile("");  // the address of the thread's word is taken anew
  joist::core::worker* w = joist::core::current_worker;
  if (w == nullptr || --w->polls_left > 0) [[likely]]
    return;
  joist::core::poll(*w, __builtin_return_address(0));
}
