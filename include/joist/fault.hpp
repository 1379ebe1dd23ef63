// joist/fault.hpp: what the processor or the C library stops a program for ends one process instead.
//
// Promises
//   a division by zero, an access to the null page, a bus error or an illegal instruction in a process is thrown there as
//     `fault`; code compiled with -fnon-call-exceptions unwinds as from any exception, and all destructors run
//   where the tables of other code do not allow that, after a stack overflow, std::abort, or an exception that must not
//     go on (noexcept, destructors), the process ends all the same, and what it owned is leaked and counted
//   links and monitors see exit_reason::error with the type "joist::fault", what() and backtrace() of the fault
//   a wild access, a fault outside of a process's own code, or one while locks of the C library are held, stops the program
//     with a report, as without Joist
// runtime_options::contain_faults asks for it; joist::run does by default. Under AddressSanitizer and ThreadSanitizer
// nothing is contained: their reports are worth more.
//
// Example: docs/guides/faults.md. See also: runtime.hpp, exit_reason.hpp.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace joist::inline v0 {

enum class fault_kind : std::uint8_t {
  arithmetic,           ///< SIGFPE: an integer divided by zero; aarch64 gives 0 instead
  null_access,          ///< SIGSEGV in the lowest 64 KiB
  bus_error,            ///< SIGBUS: a file that is shorter than its mapping
  illegal_instruction,  ///< SIGILL: __builtin_trap, also where compilers put it after what cannot happen
  stack_overflow,       ///< SIGSEGV in the guard below the process's stack
  abort,                ///< SIGABRT: std::abort, a failed assert
  terminate,            ///< std::terminate: an exception left a noexcept function, or a destructor
  wild_access,          ///< SIGSEGV elsewhere; with fault_policy::contain_wild_access
};

/// Which faults of processes are contained.
enum class fault_policy : std::uint8_t {
  stop_at_wild_access,  ///< those that leave other processes' memory as it was; a wild access stops the program
  contain_wild_access,  ///< those too: who reads wildly may have written wildly before, and others go on with the damage
};

/// A fault, thrown where it happened. Not a std::exception, so that a catch of those does not hold it by accident; who
/// catches it goes on.
class fault {
 public:
  fault(fault_kind kind, const void* address, std::string what, std::vector<void*> backtrace)
      : details_{std::make_shared<const details>(details{kind, address, std::move(what), std::move(backtrace)})} {}

  [[nodiscard]] fault_kind kind() const noexcept { return details_->kind; }
  /// What was accessed; where no access was the fault, the instruction. Null for an access to what can be no address, which
  /// the processor does not tell.
  [[nodiscard]] const void* address() const noexcept { return details_->address; }
  /// "null access: address 0x10, at f(int) + 0x1f (program+0x11f3)"
  [[nodiscard]] const char* what() const noexcept { return details_->what.c_str(); }
  /// From the instruction outwards; symbolize() of exit_reason.hpp reads it.
  [[nodiscard]] const std::vector<void*>& backtrace() const noexcept { return details_->backtrace; }

 private:
  struct details {
    fault_kind kind;
    const void* address;
    std::string what;
    std::vector<void*> backtrace;
  };
  std::shared_ptr<const details> details_;
};

}  // namespace joist::inline v0
