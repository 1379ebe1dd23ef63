#include "core/throw_trace.hpp"

#include <unwind.h>

#include <array>
#include <cstddef>
#include <cstdint>

namespace joist::inline v0::core {
namespace {

constexpr std::size_t most_frames = 64;

struct trace {
  std::array<void*, most_frames> frames;
  std::size_t count = 0;
};

constinit thread_local trace noted{};

// No switch happens between the note and its reading: both lie in one throw. noinline as everywhere with thread_local.
[[gnu::noinline]] trace& noted_trace() noexcept {
  asm volatile("");
  return noted;
}

_Unwind_Reason_Code note_frame(_Unwind_Context* context, void* argument) {
  auto& t = *static_cast<trace*>(argument);
  const auto address = _Unwind_GetIP(context);
  if (address == 0 || t.count == most_frames) return _URC_END_OF_STACK;
  t.frames[t.count++] = reinterpret_cast<void*>(address);
  return _URC_NO_REASON;
}

}  // namespace

std::vector<void*> take_throw_trace() {
  trace& t = noted_trace();
  // The innermost frames are the unwinder's and this file's.
  constexpr std::size_t own_frames = 3;
  std::vector<void*> frames;
  if (t.count > own_frames)
    frames.assign(t.frames.begin() + own_frames, t.frames.begin() + static_cast<std::ptrdiff_t>(t.count));
  t.count = 0;
  return frames;
}

extern "C" __attribute__((visibility("hidden"), used)) _Unwind_Reason_Code joist_note_throw(
    int version, _Unwind_Action actions, _Unwind_Exception_Class, _Unwind_Exception*, _Unwind_Context*) {
  if (version == 1 && (actions & _UA_SEARCH_PHASE) != 0) {
    trace& t = noted_trace();
    t.count = 0;
    _Unwind_Backtrace(&note_frame, &t);
  }
  return _URC_CONTINUE_UNWIND;
}

extern "C" __attribute__((visibility("hidden"))) void joist_call_tracing(void (*f)(void*), void* argument);

void call_tracing_throws(void (*f)(void*), void* argument) { joist_call_tracing(f, argument); }

}  // namespace joist::inline v0::core

// One frame, f(argument), with our personality routine. 0x1b: pc-relative, 4 bytes, signed.
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
  mov x8, x0
  mov x0, x1
  blr x8
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
