#include "otp/thrown_at.hpp"

#include <fmt/format.h>

namespace joist::inline v0::otp {

std::string thrown_at(const exit_reason& reason) {
  const error_info* error = reason.error();
  if (error == nullptr || error->backtrace.empty()) return {};
  std::string text = "\n  thrown at:";
  for (const auto& frame : symbolize(error->backtrace)) text += fmt::format("\n    {}", frame);
  return text;
}

}  // namespace joist::inline v0::otp
