// otp/thrown_at.hpp: where the exception of a reason was thrown, for reports.
#pragma once

#include <joist/exit_reason.hpp>

#include <string>

namespace joist::inline v0::otp {

/// "\n  thrown at:" and a line for each frame; nothing where that is not known.
[[nodiscard]] std::string thrown_at(const exit_reason& reason);

}  // namespace joist::inline v0::otp
