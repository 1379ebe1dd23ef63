// core/telemetry.hpp: who listens to which events. Erlang: the library telemetry.
//
// Invariants
//   E1  an event's bit is set in `heard` while a handler of it is attached: who sees it unset has nobody to tell
//   E2  a list of handlers never changes: attach and detach make another one, and who tells an event keeps the one it found
#pragma once

#include <joist/telemetry.hpp>

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/process_control.hpp"

namespace joist::inline v0::core {

class event_handlers {
 public:
  event_handlers();
  ~event_handlers();
  event_handlers(const event_handlers&) = delete;
  event_handlers& operator=(const event_handlers&) = delete;

  /// False: the id is taken.     [any thread]
  [[nodiscard]] bool attach(std::string id, std::vector<const telemetry::detail::event_type*> types,
                            telemetry::detail::handler_function call);
  bool detach(std::string_view id);
  [[nodiscard]] std::vector<telemetry::attached> all() const;

  // relaxed: a handler hears of what happens after attach has returned in some order with it; the list is behind a mutex.
  [[nodiscard]] bool is_heard(const telemetry::detail::event_type& type) const noexcept {
    return (heard_.load(std::memory_order_relaxed) & type.bit) != 0;
  }
  [[nodiscard]] const std::atomic<std::uint64_t>& heard() const noexcept { return heard_; }
  /// Calls those who listen. `home`: for reports of those that fail.     [process; any thread]
  void tell(scheduler& home, const telemetry::detail::event_type& type, const void* event);

 private:
  struct handler;
  using list = std::vector<std::shared_ptr<handler>>;

  [[nodiscard]] std::shared_ptr<const list> current() const;
  void replace(std::shared_ptr<const list> by);
  template <class Which>
  bool remove(Which which);
  void tell_each(scheduler& home, const telemetry::any_event& e, const telemetry::detail::event_type& type);
  void drop(scheduler& home, const std::shared_ptr<handler>& failed, const telemetry::detail::event_type& type,
            exit_reason reason);

  std::atomic<std::uint64_t> heard_{0};
  mutable std::mutex mutex_;
  std::shared_ptr<const list> handlers_;  // under mutex_
};

/// Tells that the process has begun.     [the process]
void tell_spawned(process_control& p);

/// What is told of an end; taken while nobody else may touch the process, told when users' code may run.
class end_to_tell {
 public:
  /// Nothing, where nobody listens.     [owner; the watcher, under a claim]
  [[nodiscard]] static std::optional<end_to_tell> of(scheduler& home, process_control& p);
  /// [the process; the watcher]
  void tell(scheduler& home) const;

 private:
  pid process_;
  pid parent_;
  std::string label_;
  exit_reason reason_;
  std::uint64_t reductions_ = 0;
  std::size_t queue_length_ = 0;
};

}  // namespace joist::inline v0::core
