// core/parker.hpp: a place for one thread to sleep, woken at most once for each unpark(). Linux futex.
#pragma once

#include <atomic>
#include <cstdint>

namespace joist::inline v0::core {

class parker {
 public:
  /// Sleeps until unpark() or `until` (nanoseconds of joist::clock; INT64_MAX: for ever). An unpark() before counts.
  void park(std::int64_t until) noexcept;
  void unpark() noexcept;

 private:
  enum state : std::uint32_t { empty, sleeping, notified };
  std::atomic<std::uint32_t> state_{empty};
};

}  // namespace joist::inline v0::core
