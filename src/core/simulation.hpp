// core/simulation.hpp: the seam at which a simulated run takes its choices and its time from a seed.
#pragma once

#include <joist/simulate.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>
#include <vector>

#include "base/random.hpp"
#include "core/process_control.hpp"

namespace joist::inline v0::core {

class simulation {
 public:
  simulation(std::uint64_t seed, const simulate_options& options)
      : dice_{seed ^ 0x6a6f697374U}, trace_{options.trace}, looks_for_crashes_{options.fail_on_crash} {}

  void add(process_control& p) { ready_.push_back(&p); }
  [[nodiscard]] bool idle() const noexcept { return ready_.empty(); }
  [[nodiscard]] std::size_t waiting() const noexcept { return ready_.size(); }
  /// One of those that may run, and for how many reductions: of the highest priority there is (`low` counts as normal, and
  /// is chosen as often). With `urgent`, while one of high priority waits for an answer, now and then of all.
  [[nodiscard]] process_control& choose(std::int32_t& reductions, bool urgent) noexcept;

  /// The clock moved to where nothing could run all the same.
  void count_idle_step() noexcept { ++steps_; }
  /// Unique in this world, and the same in each run of it: containers of references have the same order.
  [[nodiscard]] std::uint64_t new_ref() noexcept { return first_ref + refs_++; }

  /// Somebody listens to what is traced: trace.hpp.
  [[nodiscard]] bool traces() const noexcept { return trace_ != nullptr; }
  void tell(std::string_view line) const { trace_(line); }
  /// `p` ends; its links and watchers are still there. `by`: the other process whose exit signal it was.
  void note_end(const process_control& p, const process_extras& x, pid by);
  /// The first one that nobody hears of, where that fails the run.
  [[nodiscard]] const std::optional<unheard_crash>& crash() const noexcept { return crash_; }
  /// The run is over: what ends from here on is ended by the world, and nobody wants to read it.
  void close() noexcept {
    trace_ = nullptr;
    looks_for_crashes_ = false;
  }

  [[nodiscard]] std::int64_t now() const noexcept { return now_; }
  [[nodiscard]] std::chrono::nanoseconds elapsed() const noexcept { return std::chrono::nanoseconds{now_ - begin}; }
  void advance_to(std::int64_t when) noexcept {
    if (when > now_) now_ = when;
  }
  [[nodiscard]] std::uint64_t fingerprint() const noexcept { return fingerprint_; }
  [[nodiscard]] std::uint64_t steps() const noexcept { return steps_; }

 private:
  void note(std::uint64_t choice) noexcept { fingerprint_ = (fingerprint_ ^ choice) * 0x100000001b3U; }

  static constexpr std::int64_t begin = 1'000'000'000;
  static constexpr std::uint64_t first_ref = std::uint64_t{1} << 60;

  base::random dice_;
  std::vector<process_control*> ready_;
  std::int64_t now_ = begin;
  std::uint64_t fingerprint_ = 0xcbf29ce484222325U;  // FNV-1a
  std::uint64_t steps_ = 0;
  std::uint64_t refs_ = 0;
  std::function<void(std::string_view)> trace_;
  bool looks_for_crashes_;
  std::optional<unheard_crash> crash_;
};

}  // namespace joist::inline v0::core
