// fiber/jump.hpp: jump(): goes on elsewhere, on another stack, until somebody jumps back.
//
// On x86-64 and aarch64 a few instructions in place: the compiler keeps what lives across them, as it does around a call,
// and nothing more is saved. Elsewhere, or with JOIST_FCONTEXT, Boost.Context does it; its jump_fcontext also switches
// the floating-point control words, and takes twice as long (docs/design/switch.md has the figures).
// So the rounding mode belongs to the thread: who changes it changes it back before it waits.
//
// A context is the stack pointer of a stack that waits:
//   x86-64     context[0]  where to go on     context[1]  rbp
//   aarch64    context[0]  x29                context[1]  where to go on
// At that place every other register is free; data and from are where a function's first two arguments are, so that a
// function can be jumped to as well. Its return address is 0: there unwinders and debuggers stop.
#pragma once

#include <cstddef>
#include <cstdint>

#if !defined(JOIST_FCONTEXT) && !defined(__x86_64__) && !defined(__aarch64__)
#define JOIST_FCONTEXT 1
#endif
#ifdef JOIST_FCONTEXT
#include <boost/context/detail/fcontext.hpp>
#endif

namespace joist::inline v0::fiber {

/// Who jumped: what came along, and the context to jump back to.
struct arrival {
  void* data;
  void* from;
};

/// The first function on a stack. Never returns.
using first_function = void (*)(void* data, void* from);

#ifdef JOIST_FCONTEXT

template <first_function F>
void begin_by_fcontext(boost::context::detail::transfer_t t) {
  F(t.data, t.fctx);
}

template <first_function F>
[[nodiscard]] void* make_context(std::byte* top, std::size_t bytes) noexcept {
  return boost::context::detail::make_fcontext(top, bytes, &begin_by_fcontext<F>);
}

inline arrival jump(void* to, void* data) noexcept {
  const auto back = boost::context::detail::jump_fcontext(to, data);
  return {back.data, back.fctx};
}

#else

/// A context that begins with F at the top of an empty stack.
template <first_function F>
[[nodiscard]] void* make_context(std::byte* top, std::size_t /*bytes*/) noexcept {
  auto* context = reinterpret_cast<std::uintptr_t*>(top) - 2;
#if defined(__x86_64__)
  context[0] = reinterpret_cast<std::uintptr_t>(F);
  context[1] = 0;
#else
  context[0] = 0;
  context[1] = reinterpret_cast<std::uintptr_t>(F);
#endif
  return context;
}

#if defined(__x86_64__)
#ifdef __AVX512F__
#define JOIST_MORE_REGISTERS                                                                                             \
  , "xmm16", "xmm17", "xmm18", "xmm19", "xmm20", "xmm21", "xmm22", "xmm23", "xmm24", "xmm25", "xmm26", "xmm27", "xmm28", \
      "xmm29", "xmm30", "xmm31", "k1", "k2", "k3", "k4", "k5", "k6", "k7"
#else
#define JOIST_MORE_REGISTERS
#endif

// 128: the red zone, which a leaf function may use below its stack pointer. The library is compiled without one, for every
// waiting process would keep those bytes.
#ifdef JOIST_NO_RED_ZONE
#define JOIST_LEAVE_RED_ZONE ""
#define JOIST_ENTER_RED_ZONE ""
#else
#define JOIST_LEAVE_RED_ZONE "leaq -128(%%rsp), %%rsp\n\t"
#define JOIST_ENTER_RED_ZONE "leaq 128(%%rsp), %%rsp\n\t"
#endif
[[gnu::always_inline]] inline arrival jump(void* to, void* data) noexcept {
  void* from;
  asm volatile(JOIST_LEAVE_RED_ZONE
               "pushq %%rbp\n\t"
               "leaq 1f(%%rip), %%rax\n\t"
               "pushq %%rax\n\t"
               "movq %%rsp, %%rsi\n\t"
               "movq %%rdx, %%rsp\n\t"
               "popq %%rax\n\t"
               "jmpq *%%rax\n"
               "1:\n\t"
               "popq %%rbp\n\t" JOIST_ENTER_RED_ZONE
               : "=S"(from), "+D"(data), "+d"(to)
               :
               : "rax", "rbx", "rcx", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15", "cc", "memory", "xmm0", "xmm1",
                 "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", "xmm14",
                 "xmm15" JOIST_MORE_REGISTERS);
  return {data, from};
}
#undef JOIST_MORE_REGISTERS
#undef JOIST_LEAVE_RED_ZONE
#undef JOIST_ENTER_RED_ZONE

#else

// x17: what a branch through it may land on includes functions and `bti jc` (hint 38), where branch targets are checked.
[[gnu::always_inline]] inline arrival jump(void* to, void* data) noexcept {
  register void* in_and_out asm("x0") = data;
  register void* from asm("x1");
  register void* there asm("x2") = to;
  asm volatile(
      "adr x17, 1f\n\t"
      "stp x29, x17, [sp, #-16]!\n\t"
      "mov x1, sp\n\t"
      "mov sp, x2\n\t"
      "ldp x29, x17, [sp], #16\n\t"
      "mov x30, xzr\n\t"
      "br x17\n"
      "1:\n\t"
      "hint #38\n\t"
      : "=r"(from), "+r"(in_and_out), "+r"(there)
      :
      : "x3", "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11", "x12", "x13", "x14", "x15", "x16", "x17", "x18", "x19",
        "x20", "x21", "x22", "x23", "x24", "x25", "x26", "x27", "x28", "x30", "cc", "memory", "v0", "v1", "v2", "v3", "v4",
        "v5", "v6", "v7", "v8", "v9", "v10", "v11", "v12", "v13", "v14", "v15", "v16", "v17", "v18", "v19", "v20", "v21",
        "v22", "v23", "v24", "v25", "v26", "v27", "v28", "v29", "v30", "v31");
  return {in_and_out, from};
}

#endif
#endif

}  // namespace joist::inline v0::fiber
