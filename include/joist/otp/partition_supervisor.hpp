// joist/otp/partition_supervisor.hpp: one child several times, so that what would all go through one process goes through
// as many as there are workers; a key always leads to the same one.
//
//   auto sessions = joist::start_partition_supervisor({.name = "sessions"}, [](std::size_t) {
//     return joist::child_dynamic_supervisor("sessions");
//   });
//   sessions.of<joist::dynamic_supervisor_ref>(user).start_child(joist::child<session>("session", user));
//
// Promises
//   of() asks nobody: it reads a table that all copies of the reference share
//   while a partition is started again, of() gives the process it had
//
// See also: dynamic_supervisor.hpp. Elixir: PartitionSupervisor.
#pragma once

#include <joist/error.hpp>
#include <joist/otp/supervisor.hpp>

#include <atomic>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace joist::inline v0 {

struct partition_supervisor_options {
  std::string name = {};
  std::size_t partitions = 0;  ///< 0: as many as there are workers
  supervision strategy = supervision::one_for_one;
  std::uint32_t intensity = 1;             ///< most restarts within `period`
  std::chrono::milliseconds period{5000};  ///< more than zero
};

namespace detail {
/// Which process a partition is, as pid::value(). Written where it is started, by the supervisor; read by anybody.
struct partition_table {
  explicit partition_table(std::size_t partitions) : places(partitions), used{partitions} {}
  std::atomic<std::uint64_t> supervisor{0};
  std::vector<std::atomic<std::uint64_t>> places;
  std::atomic<std::size_t> used;  // keys lead to the first so many
};
}  // namespace detail

/// The address of a partition supervisor. Cheap to copy; may be sent.
class partition_supervisor_ref {
 public:
  partition_supervisor_ref() = default;
  explicit partition_supervisor_ref(std::shared_ptr<detail::partition_table> table) noexcept : table_{std::move(table)} {}
  /// The supervisor: nobody before it has started.     [any thread]
  [[nodiscard]] pid process() const noexcept;

  /// The partition for a key, by std::hash, as a Ref: a pid, a server_ref, a dynamic_supervisor_ref. Throws
  /// errc::bad_argument when there is none (resize(0)).     [any thread]
  template <class Ref = pid, class Key>
  [[nodiscard]] Ref of(const Key& key) const {
    const std::size_t used = used_or_throw();
    return Ref{at(std::hash<Key>{}(key) % used)};
  }
  /// The process of the nth partition. Throws errc::bad_argument where there is none.     [any thread]
  [[nodiscard]] pid partition(std::size_t n) const;
  /// How many keys are spread over.     [any thread]
  [[nodiscard]] std::size_t partitions() const noexcept;
  /// Spreads keys over the first `n` from now on: those behind are stopped, or started again. By one process at a time.
  /// Throws errc::bad_argument for more than there were at the start.     [process]
  result<void, supervisor_error> resize(std::size_t n) const;

  /// The newest first; the ids are "0", "1", ...     [process]
  [[nodiscard]] std::vector<child_info> which_children() const { return supervisor().which_children(); }
  [[nodiscard]] child_counts count_children() const { return supervisor().count_children(); }
  /// As supervisor_ref::stop.     [process]
  void stop(exit_reason reason = exit_reason::normal, detail::deadline limit = infinity) const {
    supervisor().stop(std::move(reason), limit);
  }

 private:
  [[nodiscard]] supervisor_ref supervisor() const noexcept { return supervisor_ref{process()}; }
  [[nodiscard]] std::size_t used_or_throw() const;
  [[nodiscard]] pid at(std::size_t n) const noexcept;

  std::shared_ptr<detail::partition_table> table_;
};

/// Makes the spec of the nth partition; its id does not matter.
using partition_spec = std::function<child_spec(std::size_t n)>;

/// Starts all partitions under a supervisor of their own, linked to the caller.     [process]
result<partition_supervisor_ref, start_error> try_start_partition_supervisor(partition_supervisor_options options,
                                                                             const partition_spec& spec);
/// The same, and throws start_failed.     [process]
partition_supervisor_ref start_partition_supervisor(partition_supervisor_options options, const partition_spec& spec);

/// One as a child, and its address, which holds also when it has been started again.
struct partitioned_child {
  child_spec spec;
  partition_supervisor_ref partitions;
};
///     [process]
[[nodiscard]] partitioned_child child_partition_supervisor(std::string id, partition_supervisor_options options,
                                                           const partition_spec& spec);

}  // namespace joist::inline v0
