// bench/fairness_loop.hpp: the loop of the benchmark `fairness`, compiled twice: with and without joist_preemptible().
#pragma once

#include <atomic>
#include <cstdint>

namespace bench {

/// Steps of a xorshift generator until `over`; the number of steps.
using endless_loop = std::uint64_t (*)(const std::atomic<bool>& over);

std::uint64_t counted_loop(const std::atomic<bool>& over);  // joist_preemptible()
std::uint64_t plain_loop(const std::atomic<bool>& over);

/// For the table of what counting costs: one run each of four kinds of code.
struct loop_costs {
  double integers, strings, sorting, matrices;  // seconds
};
loop_costs counted_costs();
loop_costs plain_costs();

}  // namespace bench
