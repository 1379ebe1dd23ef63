// tests/support/collected_log.hpp: what a runtime logs, kept to be looked at.
#pragma once

#include <joist/log.hpp>
#include <joist/runtime.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <stdexcept>
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

/// Runs `body` on real workers, and returns what was logged. The runtime stops in order.
inline std::string logged_while(const std::function<void()>& body) {
  const auto log = std::make_shared<collected_log>();
  joist::runtime_options o;
  o.workers = 2;
  o.log = sink_of(log);
  joist::runtime rt{o};
  rt.ask(body);
  if (!rt.stop(std::chrono::seconds{10}).clean())
    throw std::runtime_error{"logged_while: the runtime did not stop in order"};
  return log->get();
}

inline void await_text(collected_log& log, const char* part) {
  while (log.get().find(part) == std::string::npos) std::this_thread::yield();
}

}  // namespace support
