// core/fault_report.hpp: the last words of a program that stops by a fault. Async-signal-safe: no heap, one write to
// standard error.
#pragma once

#include "core/fault_judgement.hpp"

namespace joist::inline v0::core {

/// Which fault, why it is not contained, of which process, and the frames outwards.
void report_fault(const char* what, const fault_judgement& j) noexcept;
[[nodiscard]] const char* name_of_signal(int signal) noexcept;

}  // namespace joist::inline v0::core
