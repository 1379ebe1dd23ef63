// web/metrics/process_figures.hpp: what the system says of this program, out of Linux's /proc. Reading is pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace joist::inline v0::web {

/// Of /proc/<pid>/stat: proc(5).
struct process_stat {
  std::uint64_t start_ticks = 0;  // since the machine was started
  std::uint64_t virtual_bytes = 0;
  std::uint64_t resident_pages = 0;
  std::uint64_t threads = 0;
};
/// Nothing: it is no such text.
[[nodiscard]] std::optional<process_stat> parse_process_stat(std::string_view text) noexcept;
/// Of /proc/stat: when the machine was started, in seconds since 1970.
[[nodiscard]] std::optional<std::uint64_t> parse_boot_time(std::string_view text) noexcept;

struct process_figures {
  double cpu_seconds = 0;
  double resident_bytes = 0;
  double virtual_bytes = 0;
  double threads = 0;
  double open_descriptors = 0;
  double most_descriptors = 0;
  double start_seconds = 0;  // since 1970
};
/// NaN, where the system does not say.     [any thread]
[[nodiscard]] process_figures figures_of_this_process();

}  // namespace joist::inline v0::web
