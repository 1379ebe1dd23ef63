// net/poller.hpp: asks the system which descriptors can go on: epoll, told once of each descriptor, for all changes of both
// directions (EPOLLET). The hook of a runtime: core/io_hook.hpp says who calls what.
#pragma once

#include <sys/epoll.h>

#include <array>

#include "core/io_hook.hpp"
#include "net/entry.hpp"

namespace joist::inline v0::net::detail {

/// The worker of the calling process, in a runtime that has a world around it. Throws errc::not_a_process, and
/// errc::bad_wait within simulate().     [process]
[[nodiscard]] core::worker& require_outside_world(const char* call);

class poller final : public core::io_hook {
 public:
  /// The one of the runtime that the calling process belongs to. Throws std::system_error.     [process]
  static poller& here(const char* call);

  poller();
  ~poller() override;

  /// Watches a descriptor, which is non-blocking, and closes it with the entry, or when it throws std::system_error. [any
  /// thread]
  entry& add(int number);
  /// One that is open under another number as well, before it is closed.     [any thread]
  void forget(int number) const noexcept { (void)::epoll_ctl(epoll_, EPOLL_CTL_DEL, number, nullptr); }

  std::size_t gather(std::int64_t until) noexcept override;
  void deliver() noexcept override;
  void interrupt() noexcept override;

 private:
  static constexpr std::size_t events_at_once = 256;

  int epoll_ = -1;
  int bell_ = -1;  // an eventfd: interrupt()
  // -- who is in the seat
  std::array<epoll_event, events_at_once> events_{};
  std::size_t count_ = 0;
};

}  // namespace joist::inline v0::net::detail
