// core/crash_report.hpp: what the log says of an abnormal end. OTP: the crash report of proc_lib.
#pragma once

#include "core/process_control.hpp"

namespace joist::inline v0::core {

void report_crash(scheduler& home, process_control& p, const exit_reason& reason);

}  // namespace joist::inline v0::core
