#include <joist/log.hpp>

#include <spdlog/spdlog.h>

namespace joist::inline v0 {

log_sink spdlog_sink() {
  return [](log_level level, std::string_view text) {
    static constexpr spdlog::level::level_enum levels[] = {spdlog::level::debug, spdlog::level::info, spdlog::level::warn,
                                                           spdlog::level::err};
    spdlog::log(levels[static_cast<std::size_t>(level)], spdlog::string_view_t{text.data(), text.size()});
  };
}

log_sink silent_sink() {
  return [](log_level, std::string_view) {};
}

}  // namespace joist::inline v0
