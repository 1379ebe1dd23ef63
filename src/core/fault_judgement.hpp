// core/fault_judgement.hpp: what a signal means: contained, the program's end, or somebody else's. Decides, and does
// nothing.
#pragma once

#include <joist/fault.hpp>

#include <signal.h>
#include <ucontext.h>

#include "core/fault_frames.hpp"
#include "core/process_control.hpp"

namespace joist::inline v0::core {

struct worker;

/// The registers that count, of the interrupted code.
struct interrupted {
  explicit interrupted(const ucontext_t& u) noexcept;
  void write_back(ucontext_t& u) const noexcept;
  void* pc;
  std::byte* sp;
};

/// A call through a null pointer is at address 0, where nothing can be unwound: turned back into the call, so that it is its
/// caller's fault. Only where `at` is in the null page, on the stack of a process.
void undo_null_call(ucontext_t& u, const interrupted& at) noexcept;

struct fault_judgement {
  enum class verdict : std::uint8_t { contain, stop, not_ours };
  verdict what = verdict::not_ours;
  fault_kind kind = fault_kind::wild_access;
  const void* address = nullptr;
  const char* because = nullptr;         // why the program stops
  const char* function = nullptr;        // in which
  process_control* p = nullptr;          // the process, if one runs on this thread
  const fiber::slot* foreign = nullptr;  // the stack of a process that does not run was used (fiber/isolation.hpp)
  fault_frames frames;
};

/// The worker of this thread, if its runtime contains faults.
[[nodiscard]] worker* containing_worker() noexcept;
/// Whether `sp` is in the stack of `p`, or in the guard below.
[[nodiscard]] bool on_stack_of(const process_control& p, const std::byte* sp) noexcept;
/// Why what runs in `p` now may not be left in the middle, or null (P1).
[[nodiscard]] const char* holds_locks(const process_control& p, const fault_frames& frames) noexcept;

[[nodiscard]] fault_judgement judge(int signal, const siginfo_t& info, ucontext_t& context) noexcept;

/// The fault of a judgement, for who catches it, or for the exit reason.
[[nodiscard]] fault make_fault(fault_kind kind, const void* address, const fault_frames& frames);
[[nodiscard]] const char* name_of(fault_kind kind) noexcept;

}  // namespace joist::inline v0::core
