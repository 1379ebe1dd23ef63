// core/crash_report.hpp: what the log says of an abnormal end. OTP: the crash report of proc_lib.
#pragma once

#include <joist/report.hpp>

#include "core/process_control.hpp"

namespace joist::inline v0::core {

/// For the log, at level error.     [owner; the watcher, under a claim]
[[nodiscard]] report crash_report_of(scheduler& home, process_control& p, const exit_reason& reason);

}  // namespace joist::inline v0::core
