#include <joist/report.hpp>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace joist::inline v0 {
namespace {

// A value of several lines stands below its name.
void append_field(std::string& text, const report::field& f) {
  text.append("\n  ").append(f.name).append(":");
  if (f.value.find('\n') == std::string::npos) {
    text.append(" ").append(f.value);
    return;
  }
  for (std::size_t begin = 0; begin <= f.value.size();) {
    const std::size_t end = std::min(f.value.find('\n', begin), f.value.size());
    text.append("\n    ").append(f.value, begin, end - begin);
    begin = end + 1;
  }
}

}  // namespace

std::string_view to_string(report_kind kind) noexcept {
  switch (kind) {
    case report_kind::notice: return "notice";
    case report_kind::crash: return "crash";
    case report_kind::supervisor: return "supervisor";
    case report_kind::progress: return "progress";
    case report_kind::application: return "application";
  }
  return "?";
}

report& report::add_thrown_at(const exit_reason& reason) {
  const error_info* error = reason.error();
  if (error == nullptr || error->backtrace.empty()) return *this;
  return add("thrown at", fmt::format("{}", fmt::join(symbolize(error->backtrace), "\n")));
}

std::string* report::find(std::string_view name) noexcept {
  const auto at = std::find_if(fields.begin(), fields.end(), [name](const field& f) { return f.name == name; });
  return at != fields.end() ? &at->value : nullptr;
}

std::string report::to_string() const {
  std::string all = text;
  for (const field& f : fields) append_field(all, f);
  return all;
}

}  // namespace joist::inline v0
