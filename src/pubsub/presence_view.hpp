// pubsub/presence_view.hpp: who is present, by topic and key, as lists that are read. It is what the joins and leaves of
// presence_state.hpp add up to, on all nodes; and how many of them add up to one diff.
//
// Pure. Invariants
//   V1  a list that somebody has is never changed; the next one shares with it the groups that are the same
//   V2  a topic is there while it has a presence, a group likewise
#pragma once

#include <joist/pubsub/presence_diff.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/text_hash.hpp"
#include "pubsub/presence_state.hpp"

namespace joist::inline v0::detail {

using presence_diff_ptr = std::shared_ptr<const presence_diff>;

class presence_view {
 public:
  void apply(const presence_changes& changes);

  [[nodiscard]] presence_list list(std::string_view topic);
  /// Null: nobody.
  [[nodiscard]] presence_group_ptr group(std::string_view topic, std::string_view key) const;
  /// The topic as it is named in presences that are there, or a new one.
  [[nodiscard]] std::shared_ptr<const std::string> name_of(std::string_view topic) const;
  [[nodiscard]] std::vector<std::string> topics() const;

 private:
  template <class T>
  using map_of = std::unordered_map<std::string, T, base::by_text, std::equal_to<>>;

  // In the order in which keys have come, with gaps where some have gone: filled up when these are the half.
  struct groups {
    std::shared_ptr<const std::string> name;
    std::vector<presence_group_ptr> places;
    map_of<std::uint32_t> place_of;
    std::optional<presence_list> listed = {};  // nothing: not since the last change
  };
  void join(const presence_meta_ptr& entry);
  void leave(const presence_meta& entry);
  static void close_gaps(groups& t);

  map_of<groups> topics_;
};

/// What a change is to those who watch: in the order in which they happen.
struct presence_change {
  presence_meta_ptr entry;
  bool is_join;
};
/// A diff for each topic, with the last word on each presence: who has come and gone again is a leave, for somebody may have
/// listed it meanwhile; to others that says nothing. Pure.
[[nodiscard]] std::vector<presence_diff_ptr> diffs_of(const std::vector<presence_change>& changes);

}  // namespace joist::inline v0::detail
