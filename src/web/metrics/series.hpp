// web/metrics/series.hpp: what a family of metrics holds: a series for each value of its labels.
//
// To find one is free of locks: series are added and never removed, and the table has room for all that there may be.
//
// Invariants
//   S1  a slot of the table is set once, from null, under the mutex
//   S2  there are at most `most_series` series, and the one of "other": at least half of the slots stay null, at which a
//       search ends
#pragma once

#include <joist/web/metrics.hpp>

#include <atomic>
#include <cstddef>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace joist::inline v0::web::detail {

/// What is known of a family before it has a series.
struct metric_description {
  std::string name;
  std::string help;
  std::string_view type;  // as the text calls it
  std::vector<std::string> labels;
  std::vector<double> buckets;  // of a histogram
  std::size_t most_series;
};

/// A family of whatever kind, for the registry.
class any_metric {
 public:
  explicit any_metric(metric_description d) : about{std::move(d)} {}
  any_metric(const any_metric&) = delete;
  any_metric& operator=(const any_metric&) = delete;
  virtual ~any_metric() = default;
  virtual void append_to(std::string& out) const = 0;

  const metric_description about;
};

template <class Metric>
class metric_series final : public any_metric {
 public:
  explicit metric_series(metric_description d);

  [[nodiscard]] Metric& find(std::span<const std::string_view> values);
  void append_to(std::string& out) const override;

 private:
  // A cache line for itself: what one process counts does not slow down another's.
  struct alignas(64) one {
    template <class... Made>
    one(std::span<const std::string_view> of, const Made&... made) : values(of.begin(), of.end()), metric(made...) {}
    const std::vector<std::string> values;
    Metric metric;
  };
  using slot = std::atomic<one*>;

  [[nodiscard]] one* look_up(std::span<const std::string_view> values, slot*& empty) const noexcept;
  [[nodiscard]] one& add(std::span<const std::string_view> values);

  const std::size_t slots_;  // a power of two
  const std::unique_ptr<slot[]> table_;
  mutable std::mutex mutex_;
  std::vector<std::unique_ptr<one>> all_;  // in the order they came
};

}  // namespace joist::inline v0::web::detail
