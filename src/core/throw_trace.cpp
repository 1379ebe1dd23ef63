#include "core/throw_trace.hpp"

#include <unwind.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <new>
#include <span>

#include "core/claim.hpp"
#include "core/known_traces.hpp"
#include "fiber/slot.hpp"

namespace joist::inline v0::core {
namespace {

// The innermost frames are the unwinder's and this file's.
constexpr int own_frames = 4;
// Whether a return address lies right below the frame that it returns to: else traces are taken anew each time.
#if defined(__x86_64__)
constexpr bool calls_push = true;
#else
constexpr bool calls_push = false;
#endif

struct walk {
  std::uintptr_t anchor;
  std::size_t count = 0;
  std::array<return_slot, most_trace_frames> slots{};
  int skip = own_frames;
};

_Unwind_Reason_Code note_frame(_Unwind_Context* context, void* argument) {
  auto& w = *static_cast<walk*>(argument);
  const auto address = _Unwind_GetIP(context);
  if (address == 0 || w.count == w.slots.size()) return _URC_END_OF_STACK;
  if (w.skip > 0) {
    --w.skip;
  } else {
    const std::uintptr_t below = _Unwind_GetCFA(context) - sizeof(std::uintptr_t);
    w.slots[w.count++] = {static_cast<std::ptrdiff_t>(below - w.anchor), address};
  }
  return _URC_NO_REASON;
}

void keep(throw_trace& frames, std::span<const return_slot> slots) {
  frames.clear();
  frames.reserve(slots.size());
  for (const return_slot& s : slots) frames.push_back(reinterpret_cast<void*>(s.holds));
}

[[gnu::noinline]] known_traces& traces_of_this_thread() noexcept {
  static thread_local known_traces traces;
  return traces;
}

// The frames from the throw outwards. `anchor`: the stack pointer of the frame that the search has come to.
[[gnu::noinline]] void take_trace(process_control& p, std::uintptr_t anchor) {
  const traced_stack stack{anchor, reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0)),
                           reinterpret_cast<std::uintptr_t>(p.stack->top)};
  if constexpr (calls_push) {
    const auto known = traces_of_this_thread().find(stack);
    if (!known.empty()) return keep(p.extras->thrown->at, known);
  }
  walk w{anchor};
  _Unwind_Backtrace(&note_frame, &w);
  const std::span<const return_slot> taken{w.slots.data(), w.count};
  if constexpr (calls_push) traces_of_this_thread().add(stack, taken);
  keep(p.extras->thrown->at, taken);
}

}  // namespace

extern "C" __attribute__((visibility("hidden"), used)) _Unwind_Reason_Code joist_note_throw(
    int version, _Unwind_Action actions, _Unwind_Exception_Class, _Unwind_Exception* thrown, _Unwind_Context* context) {
  if (version == 1 && (actions & _UA_SEARCH_PHASE) != 0) {
    // Where the frame of joist_call_tracing keeps its third argument: at its stack pointer.
    const std::uintptr_t anchor = _Unwind_GetCFA(context);
    process_control& p = **reinterpret_cast<process_control**>(anchor);
    if (p.ending) return _URC_CONTINUE_UNWIND;
    try {
      const owner_scope here{p};
      process_extras& x = p.more();
      if (x.thrown == nullptr) x.thrown = std::make_unique<throw_note>();
      x.thrown->exception = thrown;
      take_trace(p, anchor);
    } catch (const std::bad_alloc&) {
      // No memory: no backtrace.
    }
  }
  return _URC_CONTINUE_UNWIND;
}

extern "C" __attribute__((visibility("hidden"))) void joist_call_tracing(void (*f)(void*), void* argument,
                                                                         process_control* p);

void call_tracing_throws(void (*f)(void*), void* argument, process_control* p) { joist_call_tracing(f, argument, p); }

bool begins_a_body(std::uintptr_t function) noexcept {
  return function == reinterpret_cast<std::uintptr_t>(&joist_call_tracing);
}

}  // namespace joist::inline v0::core

// One frame, f(argument), with our personality routine, and the third argument at the stack pointer. 0x1b: pc-relative, 4
// bytes, signed.
#if defined(__x86_64__)
asm(R"(
  .pushsection .text
  .hidden joist_call_tracing
  .globl joist_call_tracing
  .type joist_call_tracing, @function
joist_call_tracing:
  .cfi_startproc
  .cfi_personality 0x1b, joist_note_throw
  endbr64
  subq $8, %rsp
  .cfi_adjust_cfa_offset 8
  movq %rdx, (%rsp)
  movq %rdi, %rax
  movq %rsi, %rdi
  callq *%rax
  addq $8, %rsp
  .cfi_adjust_cfa_offset -8
  ret
  .cfi_endproc
  .size joist_call_tracing, . - joist_call_tracing
  .popsection
)");
#elif defined(__aarch64__)
asm(R"(
  .pushsection .text
  .hidden joist_call_tracing
  .globl joist_call_tracing
  .type joist_call_tracing, %function
joist_call_tracing:
  .cfi_startproc
  .cfi_personality 0x1b, joist_note_throw
  stp x29, x30, [sp, #-16]!
  .cfi_adjust_cfa_offset 16
  .cfi_offset 29, -16
  .cfi_offset 30, -8
  mov x29, sp
  str x2, [sp, #-16]!
  .cfi_adjust_cfa_offset 16
  mov x8, x0
  mov x0, x1
  blr x8
  add sp, sp, #16
  .cfi_adjust_cfa_offset -16
  ldp x29, x30, [sp], #16
  .cfi_adjust_cfa_offset -16
  .cfi_restore 29
  .cfi_restore 30
  ret
  .cfi_endproc
  .size joist_call_tracing, . - joist_call_tracing
  .popsection
)");
#else
#error "Joist runs on x86-64 and aarch64: this file needs one frame of assembly for others."
#endif
