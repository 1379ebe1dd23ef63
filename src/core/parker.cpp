#include "core/parker.hpp"

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <ctime>

#include "core/io_hook.hpp"

namespace joist::inline v0::core {
namespace {

long futex(std::atomic<std::uint32_t>& word, int operation, std::uint32_t value, const timespec* until) noexcept {
  static_assert(sizeof(word) == sizeof(std::uint32_t));
  return ::syscall(SYS_futex, &word, operation | FUTEX_PRIVATE_FLAG, value, until, nullptr, FUTEX_BITSET_MATCH_ANY);
}

}  // namespace

void parker::park(std::int64_t until) noexcept {
  std::uint32_t seen = empty;
  if (state_.compare_exchange_strong(seen, sleeping, std::memory_order_acq_rel, std::memory_order_acquire)) {
    // FUTEX_WAIT_BITSET takes an absolute time of CLOCK_MONOTONIC, which steady_clock is on Linux.
    const timespec limit{until / 1'000'000'000, until % 1'000'000'000};
    while (state_.load(std::memory_order_acquire) == sleeping) {
      const long result = futex(state_, FUTEX_WAIT_BITSET, sleeping, until == INT64_MAX ? nullptr : &limit);
      if (result != 0 && errno == ETIMEDOUT) break;
    }
  }
  // acquire: what the one who unparked us did before. Pairs with unpark().
  state_.exchange(empty, std::memory_order_acquire);
}

std::size_t parker::park(std::int64_t until, io_hook& seat) noexcept {
  std::size_t happened = 0;
  seat_.store(&seat, std::memory_order_relaxed);
  std::uint32_t seen = empty;
  // release: seat_, for unpark().
  if (state_.compare_exchange_strong(seen, gathering, std::memory_order_acq_rel, std::memory_order_acquire))
    happened = seat.gather(until);
  // acquire: as in park().
  state_.exchange(empty, std::memory_order_acquire);
  return happened;
}

void parker::unpark() noexcept {
  // release: what the one who wakes did before. acquire: seat_. Pairs with park().
  switch (state_.exchange(notified, std::memory_order_acq_rel)) {
    case sleeping: futex(state_, FUTEX_WAKE, 1, nullptr); break;
    case gathering: seat_.load(std::memory_order_relaxed)->interrupt(); break;
    default: break;
  }
}

}  // namespace joist::inline v0::core
