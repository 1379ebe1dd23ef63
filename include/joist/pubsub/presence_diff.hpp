// joist/pubsub/presence_diff.hpp: who is there, and who has come and gone: what presence.hpp lists and tells.
//
//   for (const auto& user : online.list("room:lobby")) greet(user->key, user->metas.size());
//
// All of it is shared and never changed: a list, a diff and their parts may be kept, and sent. See also: presence.hpp.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace joist::inline v0 {

/// Names a presence, until it is updated: its node's start, and a number there. Never used again.
struct presence_ref {
  std::uint64_t origin = 0;
  std::uint64_t number = 0;  ///< 0: none
  explicit operator bool() const noexcept { return number != 0; }
  /// As clients see it, in phx_ref and phx_ref_prev: letters, digits, '-' and '_'; of up to 15 bytes for the first 16
  /// million of a node.
  [[nodiscard]] std::string to_string() const;
  friend auto operator<=>(const presence_ref&, const presence_ref&) noexcept = default;
};

/// A process of some node, under a key of a topic.
struct presence_meta {
  std::shared_ptr<const std::string> topic;  ///< never null
  std::string key;
  std::string meta;            ///< bytes of the user's
  std::uint64_t process = 0;   ///< pid::value() on its node
  presence_ref ref;            ///< phx_ref
  presence_ref previous = {};  ///< phx_ref_prev: what this is an update of
};
using presence_meta_ptr = std::shared_ptr<const presence_meta>;

/// All under a key of a topic, those that have come first before the others.
struct presence_group {
  std::string key;
  std::vector<presence_meta_ptr> metas;
  std::string extra = {};  ///< of presence_options::fetch
};
using presence_group_ptr = std::shared_ptr<const presence_group>;

/// The keys of a topic, in the order in which they have come: a range of presence_group_ptr. Copies share what they list.
class presence_list {
 public:
  presence_list() = default;
  explicit presence_list(std::vector<presence_group_ptr> groups)
      : groups_{std::make_shared<const std::vector<presence_group_ptr>>(std::move(groups))} {}

  [[nodiscard]] const presence_group_ptr* begin() const noexcept { return groups_ == nullptr ? nullptr : groups_->data(); }
  [[nodiscard]] const presence_group_ptr* end() const noexcept { return begin() + size(); }
  [[nodiscard]] std::size_t size() const noexcept { return groups_ == nullptr ? 0 : groups_->size(); }
  [[nodiscard]] bool empty() const noexcept { return size() == 0; }
  /// Only below size().
  [[nodiscard]] const presence_group_ptr& operator[](std::size_t i) const noexcept { return begin()[i]; }
  [[nodiscard]] const presence_group_ptr& front() const noexcept { return *begin(); }
  /// Copies of one list.
  friend bool operator==(const presence_list&, const presence_list&) = default;

 private:
  std::shared_ptr<const std::vector<presence_group_ptr>> groups_;
};

/// A subscriber of a topic receives it as a std::shared_ptr<const presence_diff>. An update is a join of the new and a leave
/// of the old one. The joins are applied first, as the client's Presence does: then a key that is updated is always there.
struct presence_diff {
  std::string topic;
  presence_list joins;
  presence_list leaves;
};

}  // namespace joist::inline v0
