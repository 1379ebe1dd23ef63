#include <joist/log.hpp>

#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

namespace joist::inline v0 {
namespace {

/// The logger "joist" if the program has registered one, else one of our own to standard error.
std::shared_ptr<spdlog::logger> logger() {
  if (auto of_program = spdlog::get("joist")) return of_program;
  static const auto ours =
      std::make_shared<spdlog::logger>("joist", std::make_shared<spdlog::sinks::stderr_color_sink_mt>());
  return ours;
}

struct silence {
  void operator()(log_level, std::string_view) const noexcept {}
};

}  // namespace

log_sink spdlog_sink() {
  return [](log_level level, std::string_view text) {
    static constexpr spdlog::level::level_enum levels[] = {spdlog::level::debug, spdlog::level::info, spdlog::level::warn,
                                                           spdlog::level::err};
    logger()->log(levels[static_cast<std::size_t>(level)], spdlog::string_view_t{text.data(), text.size()});
  };
}

log_sink silent_sink() { return silence{}; }

bool detail::is_silent(const log_sink& sink) noexcept { return sink.target<silence>() != nullptr; }

}  // namespace joist::inline v0
