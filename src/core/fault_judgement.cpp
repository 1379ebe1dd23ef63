#include "core/fault_judgement.hpp"

#include <unistd.h>

#include "base/assert.hpp"
#include "core/scheduler.hpp"
#include "fiber/isolation.hpp"
#include "fiber/slot.hpp"

namespace joist::inline v0::core {
namespace {

using verdict = fault_judgement::verdict;

constexpr std::uintptr_t null_page_bytes = std::uintptr_t{64} << 10;  // vm.mmap_min_addr, and offsets of members
constexpr int hardware_memory_error = 4;                              // BUS_MCEERR_AR: the memory is gone

bool in_guard_of(const process_control& p, const void* address) noexcept {
  const fiber::slot& s = *p.stack;
  const auto* at = static_cast<const std::byte*>(address);
  return at >= s.top - s.bytes - s.guard_bytes && at < s.top - s.bytes;
}

constexpr const char* in_c_library = "where locks of the C library are held, or its state is half-way, in";

// A fault of the thread's own: not a signal that somebody sent. An abort() is sent as well, by the program to itself.
bool raised_here(int signal, const siginfo_t& info) noexcept {
  if (signal == SIGABRT) return info.si_code == SI_TKILL && info.si_pid == ::getpid();
  return info.si_code > 0;
}

fault_kind kind_of(int signal, const siginfo_t& info, const process_control* p) noexcept {
  switch (signal) {
    case SIGFPE: return fault_kind::arithmetic;
    case SIGBUS: return fault_kind::bus_error;
    case SIGABRT: return fault_kind::abort;
    case SIGSEGV: break;
    default: return fault_kind::illegal_instruction;
  }
  // SI_KERNEL comes without an address: one that no address can be (not canonical), or a privileged instruction.
  if (info.si_code == SI_KERNEL) return fault_kind::wild_access;
  if (p != nullptr && in_guard_of(*p, info.si_addr)) return fault_kind::stack_overflow;
  return reinterpret_cast<std::uintptr_t>(info.si_addr) < null_page_bytes ? fault_kind::null_access
                                                                          : fault_kind::wild_access;
}

bool on_fault_stack(const ucontext_t& u, const std::byte* sp) noexcept {
  const auto* begin = static_cast<const std::byte*>(u.uc_stack.ss_sp);
  return sp >= begin && sp < begin + u.uc_stack.ss_size;
}

bool touches_memory(fault_kind kind) noexcept {
  return kind == fault_kind::null_access || kind == fault_kind::wild_access || kind == fault_kind::bus_error ||
         kind == fault_kind::stack_overflow;
}

const fiber::slot* foreign_stack(const fault_judgement& j) noexcept {
  if (!fiber::checks_isolation || j.kind != fault_kind::wild_access) return nullptr;
  const fiber::slot* used = fiber::watched_stack_at(j.address);
  return j.p != nullptr && used == j.p->stack ? nullptr : used;
}

// Of a fault in a process's own code: why it is not contained, or null.
const char* refusal(const fault_judgement& j, const worker& w, int signal, const siginfo_t& info) noexcept {
  if (base::assertion_has_failed()) return "an internal error of Joist";
  if (signal == SIGBUS && info.si_code == hardware_memory_error) return "the memory of this address is broken";
  if (j.foreign != nullptr) return "a pointer into the stack of a process that does not run";
  if (j.kind == fault_kind::wild_access && w.home.options.faults != fault_policy::contain_wild_access)
    return "a wild access, which may have damaged what others use (runtime_options::faults)";
  if (const char* held = holds_locks(*j.p, j.frames)) return held;  // says more, also where it was called by the runtime
  // An abort, or the end of the stack, is its caller's doing.
  const bool in_runtime =
      signal != SIGABRT && j.kind != fault_kind::stack_overflow && owner_of(j.frames.place()) == code_owner::joist;
  return in_runtime ? "a fault in the runtime itself" : nullptr;
}

}  // namespace

#if defined(__x86_64__)
interrupted::interrupted(const ucontext_t& u) noexcept
    : pc{reinterpret_cast<void*>(u.uc_mcontext.gregs[REG_RIP])},
      sp{reinterpret_cast<std::byte*>(u.uc_mcontext.gregs[REG_RSP])} {}

void interrupted::write_back(ucontext_t& u) const noexcept {
  u.uc_mcontext.gregs[REG_RIP] = reinterpret_cast<greg_t>(pc);
  u.uc_mcontext.gregs[REG_RSP] = reinterpret_cast<greg_t>(sp);
}

void undo_null_call(ucontext_t& u, const interrupted& at) noexcept {
  auto& registers = u.uc_mcontext.gregs;
  registers[REG_RIP] = *reinterpret_cast<const greg_t*>(at.sp) - 1;  // in the call: tables speak of its last byte too
  registers[REG_RSP] += 8;
}
#elif defined(__aarch64__)
interrupted::interrupted(const ucontext_t& u) noexcept
    : pc{reinterpret_cast<void*>(u.uc_mcontext.pc)}, sp{reinterpret_cast<std::byte*>(u.uc_mcontext.sp)} {}

void interrupted::write_back(ucontext_t& u) const noexcept {
  u.uc_mcontext.pc = reinterpret_cast<std::uintptr_t>(pc);
  u.uc_mcontext.sp = reinterpret_cast<std::uintptr_t>(sp);
}

void undo_null_call(ucontext_t& u, const interrupted&) noexcept { u.uc_mcontext.pc = u.uc_mcontext.regs[30] - 4; }
#endif

worker* containing_worker() noexcept {
  worker* w = this_worker();
  return w != nullptr && w->home.contains_faults ? w : nullptr;
}

bool on_stack_of(const process_control& p, const std::byte* sp) noexcept {
  const fiber::slot& s = *p.stack;
  return sp >= s.top - s.bytes - s.guard_bytes && sp < s.top;
}

const char* holds_locks(const process_control& p, const fault_frames& frames) noexcept {
  if (frames.locked != nullptr) return in_c_library;
  return p.uncontained > 0 ? "where locks of the runtime are held, or its state is half-way" : nullptr;
}

fault_judgement judge(int signal, const siginfo_t& info, ucontext_t& context) noexcept {
  fault_judgement j;
  const worker* w = containing_worker();
  const interrupted before{context};
  j.p = w != nullptr ? w->running : nullptr;
  j.kind = kind_of(signal, info, j.p);
  j.address = !touches_memory(j.kind) ? before.pc : info.si_code != SI_KERNEL ? info.si_addr : nullptr;
  if (!raised_here(signal, info)) return j;
  j.foreign = foreign_stack(j);
  if (w == nullptr) return j;
  j.what = verdict::stop;
  if (on_fault_stack(context, before.sp)) {
    j.because = "a fault while a fault was handled";
  } else if (j.p == nullptr || !on_stack_of(*j.p, before.sp)) {
    j.because = "a fault outside of processes, or on a stack that is not their own";
  }
  if (j.because == nullptr && reinterpret_cast<std::uintptr_t>(before.pc) < null_page_bytes &&
      j.kind == fault_kind::null_access)
    undo_null_call(context, before);
  j.frames = walk_from(interrupted{context}.pc);
  if (j.because != nullptr) return j;
  if (signal == SIGABRT && !j.frames.aborts) {
    j.what = verdict::not_ours;  // another thread of the program sent it
    return j;
  }
  j.because = refusal(j, *w, signal, info);
  if (j.because == nullptr) {
    j.what = verdict::contain;
  } else {
    before.write_back(context);  // it happens again, as it did
  }
  if (j.because == in_c_library) j.function = j.frames.locked;
  return j;
}

const char* name_of(fault_kind kind) noexcept {
  switch (kind) {
    case fault_kind::arithmetic: return "division by zero";
    case fault_kind::null_access: return "null access";
    case fault_kind::bus_error: return "bus error";
    case fault_kind::illegal_instruction: return "illegal instruction";
    case fault_kind::stack_overflow: return "stack overflow";
    case fault_kind::abort: return "abort";
    case fault_kind::terminate: return "terminate";
    case fault_kind::wild_access: break;
  }
  return "wild access";
}

fault make_fault(fault_kind kind, const void* address, const fault_frames& frames) {
  const auto where = symbolize({frames.place()});
  const bool no_address = !touches_memory(kind) || (kind == fault_kind::wild_access && address == nullptr);
  std::string what = no_address ? fmt::format("{}: at {}", name_of(kind), where.front())
                                : fmt::format("{}: address {}, at {}", name_of(kind), address, where.front());
  return fault{kind, address, std::move(what), frames.trace()};
}

}  // namespace joist::inline v0::core
