#include "web/metrics/process_figures.hpp"

#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <charconv>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <limits>
#include <string>
#include <system_error>

namespace joist::inline v0::web {
namespace {

constexpr double unknown = std::numeric_limits<double>::quiet_NaN();

std::optional<std::uint64_t> number(std::string_view word) noexcept {
  std::uint64_t value = 0;
  const auto [end, wrong] = std::from_chars(word.data(), word.data() + word.size(), value);
  if (wrong != std::errc{} || end == word.data()) return std::nullopt;
  return value;
}

std::string text_of(const char* path) {
  std::ifstream file{path};
  return {std::istreambuf_iterator<char>{file}, {}};
}

double cpu_seconds() noexcept {
  timespec used{};
  if (::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used) != 0) return unknown;
  return static_cast<double>(used.tv_sec) + 1e-9 * static_cast<double>(used.tv_nsec);
}

// Since Linux 6.2 the folder's size is their number; before, it is 0, and they are counted.
double open_descriptors() {
  constexpr const char* folder = "/proc/self/fd";
  struct stat found {};
  if (::stat(folder, &found) == 0 && found.st_size > 0) return static_cast<double>(found.st_size);
  std::error_code failed;
  const std::filesystem::directory_iterator all{folder, failed};
  if (failed) return unknown;
  return static_cast<double>(std::distance(begin(all), end(all)) - 1);  // one is the folder's own
}

double most_descriptors() noexcept {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return unknown;
  return limit.rlim_cur == RLIM_INFINITY ? std::numeric_limits<double>::infinity() : static_cast<double>(limit.rlim_cur);
}

}  // namespace

std::optional<process_stat> parse_process_stat(std::string_view text) noexcept {
  // The second field is the name in parentheses, and may have blanks and parentheses of its own.
  const auto name_end = text.rfind(')');
  if (name_end == text.npos || name_end + 2 > text.size()) return std::nullopt;
  text.remove_prefix(name_end + 2);
  process_stat found;
  constexpr int threads = 20, start = 22, virtual_bytes = 23, resident = 24;
  for (int field = 3; field <= resident; ++field) {
    const auto blank = text.find(' ');
    const auto value = number(text.substr(0, blank));
    for (const auto& [which, into] :
         {std::pair{threads, &found.threads}, std::pair{start, &found.start_ticks},
          std::pair{virtual_bytes, &found.virtual_bytes}, std::pair{resident, &found.resident_pages}}) {
      if (which != field) continue;
      if (!value) return std::nullopt;
      *into = *value;
    }
    if (blank == text.npos) return field == resident ? std::optional{found} : std::nullopt;
    text.remove_prefix(blank + 1);
  }
  return found;
}

std::optional<std::uint64_t> parse_boot_time(std::string_view text) noexcept {
  constexpr std::string_view word{"\nbtime "};
  const auto at = text.find(word);
  return at == text.npos ? std::nullopt : number(text.substr(at + word.size()));
}

process_figures figures_of_this_process() {
  process_figures f{.cpu_seconds = cpu_seconds(),
                    .resident_bytes = unknown,
                    .virtual_bytes = unknown,
                    .threads = unknown,
                    .open_descriptors = open_descriptors(),
                    .most_descriptors = most_descriptors(),
                    .start_seconds = unknown};
  const auto stat = parse_process_stat(text_of("/proc/self/stat"));
  if (!stat) return f;
  f.resident_bytes = static_cast<double>(stat->resident_pages) * static_cast<double>(::sysconf(_SC_PAGESIZE));
  f.virtual_bytes = static_cast<double>(stat->virtual_bytes);
  f.threads = static_cast<double>(stat->threads);
  static const std::optional<std::uint64_t> booted = parse_boot_time(text_of("/proc/stat"));
  if (booted)
    f.start_seconds =
        static_cast<double>(*booted) + static_cast<double>(stat->start_ticks) / static_cast<double>(::sysconf(_SC_CLK_TCK));
  return f;
}

}  // namespace joist::inline v0::web
