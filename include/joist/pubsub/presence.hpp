// joist/pubsub/presence.hpp: who is there: processes under a key of a topic, on all nodes of a pubsub, as lists and as
// diffs.
//
//   const joist::pubsub bus;
//   const joist::presence online{bus};                    // made before anything runs; copies are the same
//   auto top = joist::start_supervisor({}, {joist::child_pubsub("pubsub", bus), joist::child_presence("presence", online)});
//
//   bus.subscribe("room:lobby");
//   online.track("room:lobby", "ann", "on her phone");                       // the calling process, until it ends
//   for (const auto& user : online.list("room:lobby")) ...                   // who is there now, and then
//   joist::receive([](const joist::presence_diff_ptr& d) { ... });           // who has come and gone
//
// Promises
//   list and get_by_key ask no process: they look at a table of this node, in which a call's own changes are when it returns
//   a process that has ended is untracked without anybody's doing
//   each change is in a diff, on each node, sent to the subscribers of the topic there, in order; who subscribes first and
//     lists then misses nothing. Changes that follow each other fast share a diff, which has the last word on each presence
//   nodes that reach each other come to list the same, and that is who is there: whatever was lost, split or restarted
//   a crash of its processes forgets nobody, and loses no diff: one may come twice
//
// A node that is not heard of is down after down_after: who is there leaves the lists, and comes back with the node. What is
// done while child_presence does not run is told when it runs again. Guide: docs/guides/presence.md. Example:
// examples/34_presence. See also: presence_diff.hpp, pubsub.hpp. Elixir: Phoenix.Presence, Phoenix.Tracker.
#pragma once

#include <joist/otp/child_spec.hpp>
#include <joist/otp/supervisor.hpp>
#include <joist/process.hpp>
#include <joist/pubsub/presence_diff.hpp>
#include <joist/pubsub/pubsub.hpp>
#include <joist/result.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace joist::inline v0 {

using presence_diff_ptr = std::shared_ptr<const presence_diff>;

struct presence_options {
  std::string label = "presence";                       ///< the same on all nodes; two of a pubsub have two
  std::chrono::milliseconds period{1500};               ///< of telling other nodes what has changed
  std::uint32_t silent_periods = 10;                    ///< at most so many without a word, where nothing has
  std::chrono::milliseconds down_after{0};              ///< at least two periods; 0: twice the time of silence
  std::chrono::milliseconds forget_after{20 * 60'000};  ///< of a node that is down: its presences are then gone for good
  /// Adds to groups what is not tracked with them: names from a database, into `extra`, once for all of a diff, or of a
  /// list. It runs where list and get_by_key are called, and in a process that does nothing but tell diffs. If it throws
  /// there, these are told without.
  std::function<void(std::string_view topic, std::span<presence_group> groups)> fetch = {};
  /// Tells a diff to this node, instead of pubsub::local_broadcast to its topic. In the process of fetch.
  std::function<void(const presence_diff_ptr& diff)> tell = {};
};

enum class presence_error : std::uint8_t {
  already_tracked,  ///< the process has the key of the topic
  not_tracked,      ///< it has not
};
[[nodiscard]] std::string_view to_string(presence_error e) noexcept;

/// Another node, as this one sees it.
struct presence_node {
  std::string name;
  bool is_up = false;
  std::size_t presences = 0;
};

namespace detail {
class presence_core;
}  // namespace detail

class presence {
 public:
  /// Throws errc::bad_argument for times that make no sense.     [any thread]
  explicit presence(pubsub bus, presence_options options = {});

  /// The caller is there under the key, with bytes that others see. A process may have as many keys and topics as it likes.
  /// Throws errc::not_running before the first start, and errc::bad_argument for a topic, a key or a meta of more than 65535
  /// bytes.     [process]
  result<presence_ref, presence_error> track(std::string_view topic, std::string key, std::string meta) const {
    return track(self(), topic, std::move(key), std::move(meta));
  }
  /// Another process of this node. One that has ended is untracked again.     [any thread]
  result<presence_ref, presence_error> track(pid process, std::string_view topic, std::string key, std::string meta) const;

  /// False: it was not tracked.     [process]
  bool untrack(std::string_view topic, std::string_view key) const { return untrack(self(), topic, key); }
  bool untrack(pid process, std::string_view topic, std::string_view key) const;  ///< [any thread]
  /// From all topics; how many presences those were.     [any thread]
  std::size_t untrack(pid process) const;

  /// Puts another meta in its place, or change(meta), which is called anew where the meta changes meanwhile.     [process]
  result<presence_ref, presence_error> update(std::string_view topic, std::string_view key, std::string meta) const {
    return update(self(), topic, key, std::move(meta));
  }
  using meta_change = std::function<std::string(const std::string& meta)>;
  result<presence_ref, presence_error> update(std::string_view topic, std::string_view key,
                                              const meta_change& change) const {
    return update(self(), topic, key, change);
  }
  result<presence_ref, presence_error> update(pid process, std::string_view topic, std::string_view key,
                                              std::string meta) const;  ///< [any thread]
  result<presence_ref, presence_error> update(pid process, std::string_view topic, std::string_view key,
                                              const meta_change& change) const;  ///< [any thread]

  /// Who is there, by key, the keys in the order in which they have come. Many readers share a list that has not changed.
  /// [any thread]
  [[nodiscard]] presence_list list(std::string_view topic) const;
  /// Null: nobody.     [any thread]
  [[nodiscard]] presence_group_ptr get_by_key(std::string_view topic, std::string_view key) const;

  /// Topics with presences, and the other nodes that are known, both by name.     [any thread]
  [[nodiscard]] std::vector<std::string> topics() const;
  [[nodiscard]] std::vector<presence_node> nodes() const;

  friend bool operator==(const presence& a, const presence& b) noexcept { return a.core_ == b.core_; }

 private:
  friend result<supervisor_ref, start_error> try_start_presence(const presence& p);
  std::shared_ptr<detail::presence_core> core_;
};

/// Starts it, linked to the caller: a supervisor of two processes, one for other nodes, one for diffs. `already_started`: it
/// runs.     [process]
result<supervisor_ref, start_error> try_start_presence(const presence& p);
/// The same, and throws start_failed.     [process]
supervisor_ref start_presence(const presence& p);
/// As a child: permanent, after the pubsub and before those who use it. When it is stopped it takes its leave of other
/// nodes, which forget it at once.
[[nodiscard]] child_spec child_presence(std::string id, const presence& p);

/// Another node is heard of, for the first time or again; or it is down, or gone for good.
struct presence_node_changed {
  static constexpr std::string_view event_name = "joist.presence.node_changed";
  struct {
    std::uint64_t joins;
    std::uint64_t leaves;
  } measurements;
  struct {
    std::string_view label;
    std::string_view node;
    std::string_view status;  ///< "up", "down", "gone"
  } metadata;
};

}  // namespace joist::inline v0
