// joist/web/metrics.hpp: figures that a program keeps of itself, and their text for Prometheus.
//
//   joist::web::metrics all;
//   const auto orders = all.counter("shop_orders_total", "Orders that were placed.", {.labels = {"kind"}});
//   const auto took = all.histogram("shop_order_seconds", "How long an order took.");
//   orders.with("book").add();
//   took->observe(12ms);
//   routes.get("/metrics", joist::web::metrics_page(all));        // observe.hpp
//
// Promises
//   to count is an atomic addition, by any number of processes and threads at once; nothing waits
//   memory is bounded, whatever clients send: a family has at most `most_series` series, and one more, whose labels are all
//     "other", for what is beyond, for values of more than 128 bytes, and for what is no UTF-8
//   a family is declared once, by name: who declares the same again is given the same, and another of its name is refused
//
// Copies of metrics, and of families, are the same metrics: they may be captured, sent, and outlive each other.
// See also: observe.hpp (requests, the runtime, the program, a page for routers). Text: Prometheus's exposition format
// 0.0.4.
#pragma once

#include <joist/sendable.hpp>

#include <array>
#include <atomic>
#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace joist::inline v0::web {

/// Only grows.
class counter {
 public:
  /// [any thread]
  void add(std::uint64_t n = 1) noexcept { value_.fetch_add(n, std::memory_order_relaxed); }
  [[nodiscard]] std::uint64_t value() const noexcept { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_{0};  // relaxed, as all figures here: it publishes nothing but itself
};

/// Goes up and down.
class gauge {
 public:
  /// [any thread]
  void set(double value) noexcept { value_.store(value, std::memory_order_relaxed); }
  void add(double difference) noexcept { value_.fetch_add(difference, std::memory_order_relaxed); }
  [[nodiscard]] double value() const noexcept { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<double> value_{0};
};

/// How often values were how large: counted in buckets with fixed upper bounds.
class histogram {
 public:
  /// NaN counts as larger than all bounds.     [any thread]
  void observe(double value) noexcept;
  /// In seconds.
  template <class Rep, class Period>
  void observe(std::chrono::duration<Rep, Period> took) noexcept {
    observe(std::chrono::duration<double>{took}.count());
  }
  /// For each bound, and behind them for what is larger than all: how many were in that bucket alone.
  [[nodiscard]] std::vector<std::uint64_t> counts() const;
  [[nodiscard]] double sum() const noexcept { return sum_.load(std::memory_order_relaxed); }

  /// `bounds` outlives it.
  explicit histogram(const std::vector<double>& bounds);

 private:
  const std::vector<double>& bounds_;
  const std::unique_ptr<std::atomic<std::uint64_t>[]> counts_;
  std::atomic<double> sum_{0};
};

namespace detail {
template <class Metric>
class metric_series;
class metric_registry;
}  // namespace detail

/// A figure by its name, with a series for each value of its labels.
template <class Metric>
class metric_family {
 public:
  /// The series of these values, one for each label, in their order; made when it is first asked for. Throws
  /// errc::bad_argument for another number of values. Where it is asked for often, keep the reference: it holds as long as
  /// the family does.     [any thread]
  template <std::convertible_to<std::string_view>... Value>
  [[nodiscard]] Metric& with(const Value&... values) const {
    const std::array<std::string_view, sizeof...(Value)> all{std::string_view{values}...};
    return find(all);
  }
  /// Of a family without labels.     [any thread]
  [[nodiscard]] Metric& operator*() const { return find({}); }
  [[nodiscard]] Metric* operator->() const { return &find({}); }

 private:
  friend class metrics;
  explicit metric_family(std::shared_ptr<detail::metric_series<Metric>> series) noexcept : series_{std::move(series)} {}
  [[nodiscard]] Metric& find(std::span<const std::string_view> values) const;

  std::shared_ptr<detail::metric_series<Metric>> series_;
};
extern template class metric_family<counter>;
extern template class metric_family<gauge>;
extern template class metric_family<histogram>;

struct metric_options {
  std::vector<std::string> labels = {};
  std::size_t most_series = 200;  ///< what is beyond is counted as "other"
};

struct histogram_options {
  std::vector<std::string> labels = {};
  /// Upper bounds, which belong to their buckets; the last, infinite one is always there. In seconds, for durations.
  std::vector<double> buckets = {0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10};
  std::size_t most_series = 200;
};

class metrics {
 public:
  metrics();

  /// Names are `[a-zA-Z_:][a-zA-Z0-9_:]*`, those of labels `[a-zA-Z_][a-zA-Z0-9_]*` and do not begin with two underscores.
  /// By convention names end with their unit, `_seconds`, and those of counters with `_total`. Throw errc::bad_argument for
  /// other names, bounds that do not ascend, and a name that another family has.     [any thread]
  [[nodiscard]] metric_family<web::counter> counter(const std::string& name, const std::string& help,
                                                    const metric_options& options = {});
  [[nodiscard]] metric_family<web::gauge> gauge(const std::string& name, const std::string& help,
                                                const metric_options& options = {});
  [[nodiscard]] metric_family<web::histogram> histogram(const std::string& name, const std::string& help,
                                                        const histogram_options& options = {});
  /// What is counted elsewhere, and set here: shown as a counter.     [any thread]
  [[nodiscard]] metric_family<web::gauge> external_counter(const std::string& name, const std::string& help,
                                                           const metric_options& options = {});

  /// Called before each page is made, in the process that makes it, perhaps by several at once: to set gauges to what they
  /// measure. One that throws is logged, and not called again.     [any thread]
  void before_page(std::function<void()> measure);
  /// Calls those.     [process]
  void measure() const;

  /// All families, in the order they were declared.     [any thread]
  [[nodiscard]] std::string text() const;

 private:
  std::shared_ptr<detail::metric_registry> registry_;
};

/// What Content-Type says of text().
inline constexpr std::string_view metrics_content_type{"text/plain; version=0.0.4; charset=utf-8"};

}  // namespace joist::inline v0::web

namespace joist::inline v0 {
template <>
struct enable_sendable<web::metrics> : std::true_type {};
template <class Metric>
struct enable_sendable<web::metric_family<Metric>> : std::true_type {};
}  // namespace joist::inline v0
