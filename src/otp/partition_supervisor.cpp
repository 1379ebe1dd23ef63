#include <joist/otp/partition_supervisor.hpp>

#include <joist/joist.hpp>

namespace joist::inline v0 {
namespace {

using table_ptr = std::shared_ptr<detail::partition_table>;

child_spec noted(child_spec spec, const table_ptr& table, std::size_t n) {
  spec.id = fmt::format("{}", n);
  spec.start = [start = std::move(spec.start), table, n]() -> result<started_child, start_error> {
    auto started = start();
    // relaxed: a number, by which nothing else is published; messages do that.
    if (started) table->places[n].store(started->process.value(), std::memory_order_relaxed);
    return started;
  };
  return spec;
}

struct prepared {
  table_ptr table;
  supervisor_options options;
  std::vector<child_spec> children;
};

prepared prepare(partition_supervisor_options o, const partition_spec& spec) {
  prepared made;
  const std::size_t partitions = o.partitions > 0 ? o.partitions : system_info().workers;
  made.table = std::make_shared<detail::partition_table>(partitions);
  made.options.name = std::move(o.name);
  made.options.strategy = o.strategy;
  made.options.intensity = o.intensity;
  made.options.period = o.period;
  for (std::size_t n = 0; n < partitions; ++n) made.children.push_back(noted(spec(n), made.table, n));
  return made;
}

result<supervisor_ref, start_error> start(const prepared& p) {
  auto started = try_start_supervisor(p.options, p.children);
  if (started) p.table->supervisor.store(started->process().value(), std::memory_order_relaxed);
  return started;
}

}  // namespace

pid partition_supervisor_ref::process() const noexcept {
  return table_ != nullptr ? pid::from_value(table_->supervisor.load(std::memory_order_relaxed)) : pid{};
}

pid partition_supervisor_ref::at(std::size_t n) const noexcept {
  return pid::from_value(table_->places[n].load(std::memory_order_relaxed));
}

std::size_t partition_supervisor_ref::partitions() const noexcept {
  return table_ != nullptr ? table_->used.load(std::memory_order_relaxed) : 0;
}

std::size_t partition_supervisor_ref::used_or_throw() const {
  const std::size_t used = partitions();
  if (used == 0)
    throw error{errc::bad_argument,
                "partition supervisor: there are no partitions: none was started, or resize(0) was called"};
  return used;
}

pid partition_supervisor_ref::partition(std::size_t n) const {
  const std::size_t used = partitions();
  if (n >= used)
    throw error{errc::bad_argument, fmt::format("partition supervisor: expected a partition below {}, got {}", used, n)};
  return at(n);
}

result<void, supervisor_error> partition_supervisor_ref::resize(std::size_t n) const {
  const std::size_t most = table_ != nullptr ? table_->places.size() : 0;
  if (n > most) {
    throw error{
        errc::bad_argument,
        fmt::format("partition supervisor: expected at most {} partitions, as there were at its start, got {}", most, n)};
  }
  const std::size_t before = partitions();
  if (n < before) table_->used.store(n, std::memory_order_relaxed);  // no key leads to those that are stopped
  for (std::size_t i = before; i-- > n;) {
    if (auto stopped = supervisor().terminate_child(fmt::format("{}", i)); !stopped) return stopped;
  }
  for (std::size_t i = before; i < n; ++i) {
    auto started = supervisor().restart_child(fmt::format("{}", i));
    if (!started && started.error().what != supervisor_error::kind::running) return failure{std::move(started).error()};
    table_->used.store(i + 1, std::memory_order_relaxed);
  }
  return {};
}

result<partition_supervisor_ref, start_error> try_start_partition_supervisor(partition_supervisor_options options,
                                                                             const partition_spec& spec) {
  const prepared p = prepare(std::move(options), spec);
  auto started = start(p);
  if (!started) return failure{std::move(started).error()};
  return partition_supervisor_ref{p.table};
}

partition_supervisor_ref start_partition_supervisor(partition_supervisor_options options, const partition_spec& spec) {
  return detail::started_or_throw(try_start_partition_supervisor(std::move(options), spec));
}

partitioned_child child_partition_supervisor(std::string id, partition_supervisor_options options,
                                             const partition_spec& spec) {
  prepared p = prepare(std::move(options), spec);
  table_ptr table = p.table;
  return {detail::supervisor_child(std::move(id), [p = std::move(p)] { return detail::child_of(start(p)); }),
          partition_supervisor_ref{std::move(table)}};
}

}  // namespace joist::inline v0
