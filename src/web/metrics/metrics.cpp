// The families of a program, by name.
#include <joist/web/metrics.hpp>

#include <joist/error.hpp>
#include <joist/log.hpp>
#include <joist/process.hpp>
#include <joist/report.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <mutex>

#include "web/metrics/series.hpp"
#include "web/metrics/text_format.hpp"

namespace joist::inline v0::web {
namespace detail {

class metric_registry {
 public:
  /// The family of this description, which is made where there is none.
  template <class Metric>
  std::shared_ptr<metric_series<Metric>> declare(metric_description d);
  [[nodiscard]] std::string text() const;

  using function = std::shared_ptr<const std::function<void()>>;
  void add(function f);
  void remove(const function& f);
  [[nodiscard]] std::vector<function> functions() const;

 private:
  mutable std::mutex mutex_;
  std::vector<std::shared_ptr<any_metric>> families_;
  std::vector<function> functions_;
};

namespace {

[[noreturn]] void refuse(const metric_description& d, std::string_view expected, std::string_view got) {
  throw error{errc::bad_argument, fmt::format("metric \"{}\": expected {}, got {}", d.name, expected, got)};
}

void check(const metric_description& d) {
  if (!exposition::is_metric_name(d.name)) refuse(d, "a name of letters, digits, _ and :", "that");
  for (auto label = d.labels.begin(); label != d.labels.end(); ++label) {
    if (!exposition::is_label_name(*label)) refuse(d, "labels of letters, digits and _, not beginning with __", *label);
    if (*label == "le" && d.type == "histogram") refuse(d, "labels other than that of the buckets", "le");
    if (std::find(d.labels.begin(), label, *label) != label) refuse(d, "each label once", *label + " twice");
  }
  if (!std::all_of(d.buckets.begin(), d.buckets.end(), [](double b) { return std::isfinite(b); }))
    refuse(d, "bounds of buckets that are finite", "one that is not");
  if (std::adjacent_find(d.buckets.begin(), d.buckets.end(), std::greater_equal<>{}) != d.buckets.end())
    refuse(d, "bounds of buckets in ascending order", "others");
  if (d.most_series == 0) refuse(d, "most_series of 1 or more", "0");
}

bool are_same(const metric_description& a, const metric_description& b) {
  return a.name == b.name && a.type == b.type && a.labels == b.labels && a.buckets == b.buckets;
}

// The names in a family's lines.
std::vector<std::string> names_of(const metric_description& d) {
  if (d.type != "histogram") return {d.name};
  return {d.name, d.name + "_bucket", d.name + "_sum", d.name + "_count"};
}

bool collide(const metric_description& a, const metric_description& b) {
  const auto of_a = names_of(a), of_b = names_of(b);
  return std::find_first_of(of_a.begin(), of_a.end(), of_b.begin(), of_b.end()) != of_a.end();
}

}  // namespace

template <class Metric>
std::shared_ptr<metric_series<Metric>> metric_registry::declare(metric_description d) {
  check(d);
  const std::scoped_lock lock{mutex_};
  for (const auto& family : families_) {
    if (are_same(family->about, d)) {
      if (auto same = std::dynamic_pointer_cast<metric_series<Metric>>(family)) return same;
    }
    if (collide(family->about, d))
      refuse(d, "a name that no other family has",
             fmt::format("that of the {} \"{}\"", family->about.type, family->about.name));
  }
  auto made = std::make_shared<metric_series<Metric>>(std::move(d));
  families_.push_back(made);
  return made;
}

std::string metric_registry::text() const {
  std::vector<std::shared_ptr<any_metric>> all;
  {
    const std::scoped_lock lock{mutex_};
    all = families_;
  }
  std::string out;
  for (const auto& family : all) family->append_to(out);
  return out;
}

void metric_registry::add(function f) {
  const std::scoped_lock lock{mutex_};
  functions_.push_back(std::move(f));
}
void metric_registry::remove(const function& f) {
  const std::scoped_lock lock{mutex_};
  std::erase(functions_, f);
}
std::vector<metric_registry::function> metric_registry::functions() const {
  const std::scoped_lock lock{mutex_};
  return functions_;
}

}  // namespace detail

metrics::metrics() : registry_{std::make_shared<detail::metric_registry>()} {}

metric_family<counter> metrics::counter(const std::string& name, const std::string& help, const metric_options& o) {
  return metric_family<web::counter>{registry_->declare<web::counter>({name, help, "counter", o.labels, {}, o.most_series})};
}
metric_family<gauge> metrics::gauge(const std::string& name, const std::string& help, const metric_options& o) {
  return metric_family<web::gauge>{registry_->declare<web::gauge>({name, help, "gauge", o.labels, {}, o.most_series})};
}
metric_family<gauge> metrics::external_counter(const std::string& name, const std::string& help, const metric_options& o) {
  return metric_family<web::gauge>{registry_->declare<web::gauge>({name, help, "counter", o.labels, {}, o.most_series})};
}
metric_family<histogram> metrics::histogram(const std::string& name, const std::string& help, const histogram_options& o) {
  return metric_family<web::histogram>{
      registry_->declare<web::histogram>({name, help, "histogram", o.labels, o.buckets, o.most_series})};
}

void metrics::before_page(std::function<void()> measure) {
  registry_->add(std::make_shared<const std::function<void()>>(std::move(measure)));
}

void metrics::measure() const {
  for (const auto& f : registry_->functions()) {
    const auto failed = catch_end(*f);
    if (!failed) continue;
    registry_->remove(f);
    report r{report_kind::crash, log_level::error, self(),
             "metrics: a function of before_page failed, and is not called again"};
    log(r.add("reason", failed->to_string()).add_thrown_at(*failed));
  }
}

std::string metrics::text() const { return registry_->text(); }

}  // namespace joist::inline v0::web
