// joist/report.hpp: what the runtime and its behaviours report, before it becomes text: to redact, to drop, to hand on.
//
//   options.on_report = [](joist::report& r) {
//     if (std::string* state = r.find("state")) *state = "(not shown)";
//     return r.kind != joist::report_kind::progress;    // false: it is not logged
//   };
//
// Promises
//   every word that goes to runtime_options::log has passed on_report before: what it takes out is nowhere
//   a filter that throws loses what the report said, and no more: the log tells which report, of whom, and why
//   a report that nobody would read is not made
//
// Example: examples/09_supervisor. See also: log.hpp, sys.hpp, gen_server.hpp (format_status: what a server says of its
// state). OTP: logger's filters and report_cb.
#pragma once

#include <joist/exit_reason.hpp>
#include <joist/log.hpp>
#include <joist/pid.hpp>

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace joist::inline v0 {

enum class report_kind : std::uint8_t {
  notice,       ///< all that is none of the others: warnings of the runtime, and joist::log
  crash,        ///< of a process, a server, or an event handler
  supervisor,   ///< a child that does not start or stop as it should; too many restarts
  progress,     ///< a child has started (supervisor_options::log_progress)
  application,  ///< one that does not start, or has ended
};
[[nodiscard]] std::string_view to_string(report_kind kind) noexcept;

/// Something to be logged.
struct report {
  /// "reason", "in", "exited in", "request", "state", "last message", "thrown at" ... Of several lines, where the value has
  /// them.
  struct field {
    std::string name;
    std::string value;
  };

  report_kind kind = report_kind::notice;
  log_level level = log_level::info;
  pid process;       ///< whom it is about; nobody: the runtime
  std::string text;  ///< the first line, or all of it
  std::vector<field> fields = {};

  report& add(std::string name, std::string value) {
    fields.push_back({std::move(name), std::move(value)});
    return *this;
  }
  /// "thrown at", a line for each frame: where the exception of a reason was thrown, if that is known.
  report& add_thrown_at(const exit_reason& reason);
  /// The value of the field; null where there is none of that name.
  [[nodiscard]] std::string* find(std::string_view name) noexcept;
  /// The text, and a line for each field; as it is logged.
  [[nodiscard]] std::string to_string() const;
};

/// Sees every report first, and may change it. False: it is dropped. Called as the sink is: from any thread, never from two
/// at once; it must not call Joist.
using report_filter = std::function<bool(report&)>;

/// Reports through the runtime of the calling process. Never throws.     [process]
void log(const report& r);

}  // namespace joist::inline v0
