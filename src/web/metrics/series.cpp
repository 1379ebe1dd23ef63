#include "web/metrics/series.hpp"

#include <joist/error.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <functional>

#include "web/metrics/text_format.hpp"
#include "web/websocket/utf8.hpp"

namespace joist::inline v0::web {

histogram::histogram(const std::vector<double>& bounds)
    : bounds_{bounds}, counts_{std::make_unique<std::atomic<std::uint64_t>[]>(bounds.size() + 1)} {}

void histogram::observe(double value) noexcept {
  // The first bound that is not less; of NaN nothing is said, and it is none.
  const auto bucket = std::find_if(bounds_.begin(), bounds_.end(), [value](double b) { return value <= b; });
  counts_[static_cast<std::size_t>(bucket - bounds_.begin())].fetch_add(1, std::memory_order_relaxed);
  sum_.fetch_add(value, std::memory_order_relaxed);
}

std::vector<std::uint64_t> histogram::counts() const {
  std::vector<std::uint64_t> all(bounds_.size() + 1);
  for (std::size_t i = 0; i < all.size(); ++i) all[i] = counts_[i].load(std::memory_order_relaxed);
  return all;
}

namespace detail {
namespace {

constexpr std::string_view other{"other"};
constexpr std::size_t longest_value_bytes = 128;

std::size_t hash_of(std::span<const std::string_view> values) noexcept {
  std::size_t hash = 0;
  for (const std::string_view v : values) hash = std::rotl(hash, 7) * 0x9e3779b97f4a7c15U + std::hash<std::string_view>{}(v);
  return hash ^ (hash >> 32U);
}

bool may_be_kept(std::string_view value) noexcept { return value.size() <= longest_value_bytes && ws::is_utf8(value); }

void append_metric(std::string& out, const metric_description& d, std::string_view pairs, const histogram& h) {
  const std::vector<std::uint64_t> counts = h.counts();
  exposition::append_histogram(out, d.name, pairs, d.buckets, counts, h.sum());
}
template <class Metric>
void append_metric(std::string& out, const metric_description& d, std::string_view pairs, const Metric& m) {
  exposition::append_sample(out, d.name, pairs, m.value());
}

}  // namespace

template <class Metric>
metric_series<Metric>::metric_series(metric_description d)
    : any_metric{std::move(d)},
      slots_{std::bit_ceil(2 * (about.labels.empty() ? 1 : about.most_series + 1))},
      table_{std::make_unique<slot[]>(slots_)} {
  if (about.labels.empty()) (void)add({});
}

template <class Metric>
auto metric_series<Metric>::look_up(std::span<const std::string_view> values, slot*& empty) const noexcept -> one* {
  for (std::size_t i = hash_of(values);; ++i) {
    slot& s = table_[i & (slots_ - 1)];
    // acquire: the series that add() has made. With relaxed, its values could be seen unwritten.
    one* const found = s.load(std::memory_order_acquire);
    if (found == nullptr) {
      empty = &s;
      return nullptr;  // S2
    }
    if (std::equal(values.begin(), values.end(), found->values.begin(), found->values.end())) return found;
  }
}

template <class Metric>
auto metric_series<Metric>::add(std::span<const std::string_view> values) -> one& {
  const bool kept = std::all_of(values.begin(), values.end(), &may_be_kept);
  const std::vector<std::string_view> others(values.size(), other);
  const std::scoped_lock lock{mutex_};
  slot* empty = nullptr;
  if (one* const meanwhile = look_up(values, empty)) return *meanwhile;
  if (!values.empty() && (!kept || all_.size() >= about.most_series)) {
    values = others;
    if (one* const of_others = look_up(values, empty)) return *of_others;
  }
  if constexpr (std::is_same_v<Metric, histogram>) {
    all_.push_back(std::make_unique<one>(values, about.buckets));
  } else {
    all_.push_back(std::make_unique<one>(values));
  }
  empty->store(all_.back().get(), std::memory_order_release);  // pairs with look_up; S1
  return *all_.back();
}

template <class Metric>
Metric& metric_series<Metric>::find(std::span<const std::string_view> values) {
  if (values.size() != about.labels.size()) {
    throw error{errc::bad_argument,
                fmt::format("metric {}: expected a value for each label ({}), got {}", about.name,
                            about.labels.empty() ? "there are none" : fmt::format("{}", fmt::join(about.labels, ", ")),
                            values.size())};
  }
  slot* empty = nullptr;
  one* const found = look_up(values, empty);
  return found != nullptr ? found->metric : add(values).metric;
}

template <class Metric>
void metric_series<Metric>::append_to(std::string& out) const {
  std::vector<const one*> now;
  {
    const std::scoped_lock lock{mutex_};
    for (const auto& each : all_) now.push_back(each.get());
  }
  exposition::append_head(out, about.name, about.help, about.type);
  for (const one* each : now) append_metric(out, about, exposition::label_pairs(about.labels, each->values), each->metric);
}

template class metric_series<counter>;
template class metric_series<gauge>;
template class metric_series<histogram>;

}  // namespace detail

template <class Metric>
Metric& metric_family<Metric>::find(std::span<const std::string_view> values) const {
  return series_->find(values);
}
template class metric_family<counter>;
template class metric_family<gauge>;
template class metric_family<histogram>;

}  // namespace joist::inline v0::web
