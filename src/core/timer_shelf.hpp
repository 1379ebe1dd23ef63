// core/timer_shelf.hpp: a wheel, and who attends to it. There are as many as workers that are on, and each of these attends
// to one. Who relieves a worker attends to its shelf from then on (relief.hpp), so that timers fire whoever is stuck; the
// relieved one starts its timers there all the same.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>

#include "core/timer_wheel.hpp"

namespace joist::inline v0::core {

struct worker;

struct timer_shelf {
  explicit timer_shelf(std::uint32_t n) noexcept : number{n} {}

  const std::uint32_t number;  // in references
  std::mutex mutex;            // guards all below
  timer_wheel wheel;
  std::size_t waits = 0;                          // timers of the wheel that look at waits: wait_timer.hpp
  worker* attendant = nullptr;                    // who fires what is due, and is woken for a new earlier timer
  std::atomic<std::int64_t> next_due{INT64_MAX};  // of wheel; written under mutex, read by the attendant and the watcher
};

}  // namespace joist::inline v0::core
