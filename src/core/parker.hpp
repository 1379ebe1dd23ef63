// core/parker.hpp: a place for one thread to sleep, woken at most once for each unpark(). Linux futex; or the poller of
// io_hook.hpp, where it sleeps for things to happen outside as well.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace joist::inline v0::core {

class io_hook;

class parker {
 public:
  /// Sleeps until unpark() or `until` (nanoseconds of joist::clock; INT64_MAX: for ever). An unpark() before counts.
  void park(std::int64_t until) noexcept;
  /// As park(), in the poller's seat: gathers what happens meanwhile, and ends with it. How much it was.
  std::size_t park(std::int64_t until, io_hook& seat) noexcept;
  void unpark() noexcept;

 private:
  enum state : std::uint32_t { empty, sleeping, gathering, notified };
  std::atomic<std::uint32_t> state_{empty};
  std::atomic<io_hook*> seat_{nullptr};  // the one there is, once it has gathered
};

}  // namespace joist::inline v0::core
