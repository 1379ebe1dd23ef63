// joist/detail/failed_wait.hpp: what a process has waited for in vain when it exits for that: a call, a task. It stays
// beside the exit reason, which is data for others and is compared; the reports of the crash show it.
#pragma once

#include <joist/clock.hpp>
#include <joist/exit_reason.hpp>
#include <joist/pid.hpp>
#include <joist/process.hpp>
#include <joist/report.hpp>

#include <typeinfo>
#include <utility>

namespace joist::inline v0::detail {

struct failed_wait {
  const char* what;                         // "a call", "a stop of": lives for ever
  pid whom = {};                            // nobody: of several
  const std::type_info* message = nullptr;  // "of such to", before whom
  deadline limit = {};                      // shown where it is a duration
  bool is_whoms_reason = false;             // the reason is what `whom` has ended by, or has told
};

/// Whether a reason that came by a monitor is that of the watched one's own end: not that it was not there.
[[nodiscard]] bool is_of_an_end(const exit_reason& reason) noexcept;

/// Thrown by exit_after_wait().
class wait_exit : public process_exit {
 public:
  wait_exit(exit_reason reason, const failed_wait& wait) noexcept : process_exit{std::move(reason)}, wait_{wait} {}
  [[nodiscard]] const failed_wait& wait() const noexcept { return wait_; }

 private:
  failed_wait wait_;
};

/// As exit(reason), and reports say for what the caller has waited.     [process]
[[noreturn]] void exit_after_wait(exit_reason reason, const failed_wait& wait);

/// "in", or "exited in" where the reason is another's: what the caller waited for, if it ends with `reason` for that.
/// [process]
void add_failed_wait(report& r, const exit_reason& reason);

}  // namespace joist::inline v0::detail
