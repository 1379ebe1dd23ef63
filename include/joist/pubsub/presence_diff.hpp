// joist/pubsub/presence_diff.hpp: who is there, and who has come and gone: what presence.hpp lists and tells.
//
//   for (const auto& user : *online.list("room:lobby")) greet(user->key, user->metas.size());
//
// All of it is shared and never changed: a list, a diff and their parts may be kept, and sent. See also: presence.hpp.
#pragma once

#include <compare>
#include <cstdint>
#include <memory>
#include <string>
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
/// The keys of a topic, in the order in which they have come.
using presence_list = std::vector<std::shared_ptr<const presence_group>>;

/// A subscriber of a topic receives it as a std::shared_ptr<const presence_diff>. An update is a join of the new and a leave
/// of the old one. The joins are applied first, as the client's Presence does: then a key that is updated is always there.
struct presence_diff {
  std::string topic;
  presence_list joins;
  presence_list leaves;
};

}  // namespace joist::inline v0
