// core/process_table.hpp: from pids to processes. A row of process_controls in reserved memory: the index is the address.
//
// Invariants
//   T1  a place is used for one process at a time, with a generation higher than any before; a place whose generations
//       are used up is never used again: a pid never reaches the wrong process
//   T2  before the 20 bits of the generation in the signal word come round, the place rests until every push that may
//       still mean the old one has ended (grace: each worker has switched, no foreign thread is inside)
#pragma once

#include <joist/pid.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <utility>
#include <vector>

#include "core/process_control.hpp"

namespace joist::inline v0::core {

class process_table {
 public:
  /// A worker's own free places and its share of the limit. Foreign threads share one, behind a mutex.
  struct cache {
    process_control* free = nullptr;
    std::uint32_t free_count = 0;
    std::uint32_t credits = 0;  // places it may fill without asking
  };

  process_table(std::size_t limit, std::size_t caches, std::uint32_t first_generation);
  ~process_table();
  process_table(const process_table&) = delete;
  process_table& operator=(const process_table&) = delete;

  /// A place with its generation set, its word still closed; null at the limit. Throws std::bad_alloc.
  [[nodiscard]] process_control* take(cache& mine);
  /// Takes back a process that has ended.
  void give_back(process_control* p, cache& mine) noexcept;

  /// The place a pid of this runtime speaks of, whoever is in it; null for what was never made.     [any thread]
  [[nodiscard]] process_control* place_of(pid process) const noexcept {
    return process.index() < made_.load(std::memory_order_acquire) ? places_ + process.index() : nullptr;
  }

  /// Calls f for each place ever used.
  template <class F>
  void for_each_place(F&& f) {
    std::as_const(*this).for_each_place([&f](const process_control& p) { f(const_cast<process_control&>(p)); });
  }
  template <class F>
  void for_each_place(F&& f) const {
    const std::size_t end = made_.load(std::memory_order_acquire);
    for (std::size_t i = 0; i < end; ++i) f(places_[i]);
  }

  [[nodiscard]] std::size_t limit() const noexcept { return limit_; }
  [[nodiscard]] std::uint32_t highest_generation() const noexcept { return highest_generation_.load(); }

  /// Says whether all that was under way at a moment is over: see T2. Set by the scheduler before any process runs.
  struct grace {
    std::function<std::vector<std::uint64_t>()> begin;
    std::function<bool(const std::vector<std::uint64_t>&)> is_over;
  };
  void set_grace(grace g) { grace_ = std::move(g); }

 private:
  static constexpr std::uint32_t chain = 64;
  struct resting {
    process_control* place;
    std::vector<std::uint64_t> since;
  };

  [[nodiscard]] bool take_credit(cache& mine) noexcept;
  void refill(cache& mine);
  void make_places(cache& mine);
  void rest(process_control* p);

  const std::size_t limit_;
  const std::size_t capacity_;
  const std::uint32_t credit_batch_;
  const std::uint32_t first_generation_;
  process_control* places_ = nullptr;
  alignas(64) std::atomic<std::size_t> made_{0};
  alignas(64) std::atomic<std::size_t> credits_given_{0};
  std::atomic<std::uint32_t> highest_generation_{0};

  std::mutex mutex_;  // guards all below
  std::vector<std::pair<process_control*, std::uint32_t>> chains_;
  std::vector<resting> resting_;
  grace grace_;
};

}  // namespace joist::inline v0::core
