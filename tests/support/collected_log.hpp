// tests/support/collected_log.hpp: what a runtime logs, kept to be looked at.
#pragma once

#include <joist/log.hpp>

#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

namespace support {

struct collected_log {
  std::mutex mutex;
  std::string text;
  [[nodiscard]] std::string get() {
    const std::scoped_lock lock{mutex};
    return text;
  }
};

inline joist::log_sink sink_of(const std::shared_ptr<collected_log>& log) {
  return [log](joist::log_level, std::string_view line) {
    const std::scoped_lock lock{log->mutex};
    log->text.append(line).append("\n");
  };
}

inline void await_text(collected_log& log, const char* part) {
  while (log.get().find(part) == std::string::npos) std::this_thread::yield();
}

}  // namespace support
