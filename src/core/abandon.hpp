// core/abandon.hpp: a process that cannot be unwound gives its stack up.
//
// Nothing on the stack runs any more; what its frames own is leaked, and so is the body's closure, which they use. The
// worker announces the end, and the process runs once more, from the top of its stack, for its last words: its locals,
// messages and extras are destroyed as at any end, in a process, for that is user's code. Should that fault too, it begins
// again with what is left: each thing is taken out before it is destroyed.
#pragma once

#include <cstdint>
#include <mutex>
#include <unordered_set>

#include "core/process_control.hpp"

namespace joist::inline v0::core {

struct worker;

/// Leaves the stack of the running process for good. The reason, unless it is ending already, is in its extras. `because`
/// completes "its stack is given up, and what it owned is leaked: ..." and lives for ever; it is logged once for each
/// `place`.     [process, or its thread's fault stack]
[[noreturn]] void abandon_stack(process_control& p, const char* because, std::uint64_t place);

/// A number for where the caller was called from.
[[nodiscard]] std::uint64_t place_of_caller() noexcept;

/// Announces the end of a process that has left its stack, and gets it ready for its last words.     [worker stack]
void stack_given_up(worker& w, process_control& p);

/// Places that have been logged: a fault in a loop is not to fill the disk.
class places_logged {
 public:
  /// Whether it is the first time; also false when there are too many.     [any thread]
  [[nodiscard]] bool first(std::uint64_t place);

 private:
  static constexpr std::size_t most = 4096;
  std::mutex mutex_;
  std::unordered_set<std::uint64_t> seen_;
};

}  // namespace joist::inline v0::core
