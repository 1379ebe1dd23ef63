// joist/log.hpp: where the runtime's own words go. By default through spdlog: to the logger that the program has registered
// as "joist", else to standard error.
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>

namespace joist::inline v0 {

enum class log_level : std::uint8_t {
  debug,
  info,
  warning,
  error,
  none  ///< for runtime_options::log_from: nothing is logged
};

/// Takes one finished report, perhaps of several lines. Called from any thread, never from two at once, and must not call
/// Joist.
using log_sink = std::function<void(log_level level, std::string_view text)>;

/// Says something through the runtime of the calling process; lines of one call stay together. On a thread of no runtime
/// nobody hears it. Never throws: destructors may say something.     [any thread]
void log(log_level level, std::string_view text);
/// Whether that goes anywhere: so that nobody makes words which are not read.     [any thread]
[[nodiscard]] bool logs(log_level level) noexcept;

/// The default: the spdlog logger named "joist"; without one, standard error.
[[nodiscard]] log_sink spdlog_sink();
/// Drops everything; as runtime_options::log_from at `none`.
[[nodiscard]] log_sink silent_sink();

namespace detail {
[[nodiscard]] bool is_silent(const log_sink& sink) noexcept;
}

}  // namespace joist::inline v0
