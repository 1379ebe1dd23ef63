// bench/measure.hpp: what a benchmark gives back, and the tools to take it.
#pragma once

#include <joist/joist.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace bench {

struct measurement {
  double seconds = 0;
  double cpu_seconds = 0;
  double rss_bytes_per_process = 0;
  std::optional<double> stop_seconds;
};

/// What `fairness` and its variants report.
struct fairness_figures {
  std::uint64_t trips = 0;
  double p50_us = 0, p99_us = 0, max_us = 0;
  double stalled_share = 1;  // of the time, in round trips over 1 ms
  double loops_share = 0;    // how far the loops got, of how far they get without the ping; 0: they do not compute
};

/// "fairness": loops that joist_preemptible() compiled; "fairness_plain": others; "fairness_blocked": system calls.
/// [process]
[[nodiscard]] fairness_figures fairness(std::string_view variant);

/// One benchmark: its first process runs `body` with n operations.
struct benchmark {
  std::string_view name;
  std::uint64_t n;
  measurement (*body)(std::uint64_t n);
};

[[nodiscard]] const std::vector<benchmark>& core_benchmarks();
[[nodiscard]] const std::vector<benchmark>& otp_benchmarks();
[[nodiscard]] const std::vector<benchmark>& pubsub_benchmarks();
[[nodiscard]] const std::vector<benchmark>& savina_micro_benchmarks();
[[nodiscard]] const std::vector<benchmark>& savina_concurrent_benchmarks();

/// User and system time of this program.
[[nodiscard]] double cpu_seconds();
[[nodiscard]] std::uint64_t resident_bytes();

class stopwatch {
 public:
  [[nodiscard]] double seconds() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin_).count();
  }
  [[nodiscard]] double cpu() const { return cpu_seconds() - cpu_begin_; }
  [[nodiscard]] measurement measured() const { return {seconds(), cpu(), 0, std::nullopt}; }

 private:
  std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
  double cpu_begin_ = cpu_seconds();
};

/// The last of n arrivals wakes the process that made it: one atomic operation each, as in the peers' programs. A handle:
/// what it counts with is on the heap, since a process's stack is its own (docs/guides/stacks.md).
class countdown {
 public:
  explicit countdown(std::uint64_t n) : state_{new state{n, joist::self()}} {}
  void arrive() const {
    if (state_->left.fetch_sub(1, std::memory_order_acq_rel) == 1) joist::send(state_->waiter, over{});
  }
  /// Once, by the maker.
  void await() const {
    joist::receive<over>();
    delete state_;
  }

 private:
  struct over {};
  struct state {
    std::atomic<std::uint64_t> left;
    joist::pid waiter;
  };
  state* state_;
};

}  // namespace bench
