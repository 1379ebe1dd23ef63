// pubsub/presence_state.hpp: what a node knows of who is present, on it and on others: state that is merged.
//
//   replica    a node, from one start to the next: (name, incarnation). It alone adds and removes its presences, and it
//              numbers what it does: 1, 2, 3 ...
//   number     of a presence: what has added it. A removal has a number of its own, so that who has missed it sees that. An
//              update takes two: had it one, the removal of what it has added would speak for it, and hide what it removes
//   part       what a replica tells of itself: the numbers that it speaks of (seen), and those of them whose presences are
//              there: with all that there is to them (entries), or not (kept), where the other has them
//   delta      the part of what has changed since the last one. Any part may be lost, doubled, late, or cut into several
//
// Merging: a presence is there when somebody who has seen its number says so, and gone when somebody who has seen its number
// does not. That is an observed-remove set whose replicas write nothing of each other's.
//
// Invariants
//   P1  presences of a replica have numbers that are in its `seen`
//   P2  seen only grows, while the replica is known: what is gone does not come again
//   P3  what others see is joins and leaves, each presence in turn; those of a replica that is down are not there
//
// Pure: no process, no lock, no clock. Refused, of the reference: docs/design/presence.md.
#pragma once

#include <joist/pubsub/presence_diff.hpp>

#include <compare>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "pubsub/clock_set.hpp"

namespace joist::inline v0::detail {

struct replica_id {
  std::string name;
  std::uint64_t incarnation = 0;
  /// In its presences' refs; the same on all nodes.
  [[nodiscard]] std::uint64_t origin() const noexcept;
  friend auto operator<=>(const replica_id&, const replica_id&) = default;
};

/// Entries have ascending numbers; theirs and kept are in seen, and have none in common.
struct presence_part {
  clock_set seen;
  clock_set kept;
  std::vector<presence_meta_ptr> entries;
};

struct presence_limits {
  std::size_t entries = 1000;
  std::size_t bytes = 256 << 10;
};
/// Cut into parts that together say the same, in any order, of about so many entries and bytes.
[[nodiscard]] std::vector<presence_part> in_pieces(presence_part part, presence_limits most);

/// The joins are applied first: an update is both.
struct presence_changes {
  std::vector<presence_meta_ptr> joins;
  std::vector<presence_meta_ptr> leaves;
  [[nodiscard]] bool empty() const noexcept { return joins.empty() && leaves.empty(); }
};

class presence_state {
  struct owner {
    std::uint64_t process;
    std::string_view key, topic;
    friend auto operator<=>(const owner&, const owner&) = default;
  };
  struct by_owner {
    using is_transparent = void;
    static owner of(const presence_meta_ptr& e) noexcept { return {e->process, e->key, *e->topic}; }
    static const owner& of(const owner& o) noexcept { return o; }
    bool operator()(const auto& a, const auto& b) const noexcept { return of(a) < of(b); }
  };

 public:
  explicit presence_state(replica_id own);

  // -- of this node
  [[nodiscard]] const replica_id& own() const noexcept { return own_; }
  [[nodiscard]] presence_meta_ptr find(std::uint64_t process, std::string_view topic, std::string_view key) const;
  [[nodiscard]] bool has(std::uint64_t process) const;
  [[nodiscard]] std::vector<std::uint64_t> processes() const;
  /// `found` is what find() has given, and is there.
  presence_meta_ptr join(std::shared_ptr<const std::string> topic, std::string key, std::uint64_t process, std::string meta);
  presence_meta_ptr update(const presence_meta_ptr& found, std::string meta);
  void leave(const presence_meta_ptr& found);
  /// All of a process.
  std::vector<presence_meta_ptr> leave(std::uint64_t process);

  // -- for others
  /// The number of the last change.
  [[nodiscard]] std::uint64_t clock() const noexcept { return clock_; }
  [[nodiscard]] bool has_delta() const noexcept { return !untold_.empty(); }
  /// What has changed since it was taken before.
  [[nodiscard]] presence_part take_delta();
  /// It has not left: the next one has it again.
  void put_back(const clock_set& numbers) { untold_.add(numbers); }
  /// What somebody lacks who has seen that.
  [[nodiscard]] presence_part missing(const clock_set& seen) const;

  // -- of others
  struct remote {
    std::uint64_t incarnation = 0;
    bool is_up = true;
    clock_set seen;
    std::map<std::uint64_t, presence_meta_ptr> entries;
  };
  /// Has been heard of: one that was down is there again; another incarnation of the name is gone for good.
  presence_changes up(const replica_id& r);
  /// Not heard of for some time.
  presence_changes down(std::string_view name);
  /// Gone for good: forgotten.
  presence_changes remove(std::string_view name);
  /// Nothing where the replica is not known.
  presence_changes merge(const replica_id& from, const presence_part& part);
  /// Null: not known, or not of this incarnation.
  [[nodiscard]] const remote* find(const replica_id& r) const;
  [[nodiscard]] const std::map<std::string, remote, std::less<>>& remotes() const noexcept { return remotes_; }

 private:
  const replica_id own_;
  const std::uint64_t origin_;
  std::uint64_t clock_ = 0;
  std::map<std::uint64_t, presence_meta_ptr> entries_;
  std::set<presence_meta_ptr, by_owner> owned_;  // the same, by process, key and topic
  clock_set untold_;                             // of what has been added, and of what has been removed
  std::map<std::string, remote, std::less<>> remotes_;

  presence_meta_ptr add(presence_meta made);
};

}  // namespace joist::inline v0::detail
