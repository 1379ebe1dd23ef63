// pubsub/presence_core.hpp: what all copies of a presence share: its state, its view, and what its processes have yet to do.
//
// Whoever tracks does it himself, under the lock, and wakes the process that has the rest to do:
//
//   server   presence_server.cpp   watches processes that are tracked; tells other nodes, and hears from them
//   teller   presence_teller.cpp   makes diffs of the changes, one after the other, and tells them to subscribers
//
// Neither has anything that it could lose: when it crashes, the next one goes on.
//
// Invariants
//   K1  every change of the state is applied to the view and put at the end of `changes_` under the same lock: so diffs come
//       in the order of changes, and a list has what the diffs before it have told
//   K2  where changes_ or unseen_ is not empty, the process that takes them has been woken since it was, or has not begun
//   K3  no call of the runtime runs under the lock, and whoever holds it gives way to nobody (no_preempt)
//
// One lock, and no shards: a call is some hundred nanoseconds under it, readers copy a pointer, and what is long (a merge)
// comes in pieces.
#pragma once

#include <joist/detail/held.hpp>
#include <joist/message.hpp>
#include <joist/preempt.hpp>
#include <joist/pubsub/presence.hpp>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "pubsub/presence_state.hpp"
#include "pubsub/presence_view.hpp"

namespace joist::inline v0::detail {

/// To both processes: something waits for you.
struct presence_wake {};

class presence_core {
 public:
  presence_core(pubsub b, presence_options o);

  const pubsub bus;
  const presence_options options;
  const std::string topic;  ///< of what nodes tell each other

  using outcome = result<presence_ref, presence_error>;
  // -- as in presence.hpp
  outcome track(pid process, std::string_view topic, std::string key, std::string meta);
  std::size_t untrack(pid process, std::string_view topic, std::string_view key);
  std::size_t untrack(pid process);
  /// `seen`, where it is not null, is what the caller has made the meta of: nothing where it is not the one that is there.
  std::optional<outcome> update(pid process, std::string_view topic, std::string_view key, std::string meta,
                                const presence_meta_ptr& seen);
  [[nodiscard]] presence_meta_ptr find(pid process, std::string_view topic, std::string_view key) const;
  [[nodiscard]] presence_list list(std::string_view topic) const;
  [[nodiscard]] presence_group_ptr group(std::string_view topic, std::string_view key) const;
  [[nodiscard]] std::vector<std::string> topics() const;
  [[nodiscard]] std::vector<presence_node> nodes() const;
  [[nodiscard]] pid server() const;

  // -- the server
  /// From now on the caller is. All processes are unseen then.
  void begin_to_serve();
  /// Processes that may have been tracked or untracked since; true: it is.
  [[nodiscard]] std::vector<std::pair<pid, bool>> take_unseen();
  /// f(state), under the lock.
  template <class F>
  auto look(F f) const {
    const mutex_lock whole{mutex_};
    return f(std::as_const(running()));
  }
  /// f(state) -> what has changed; how many joins and leaves that was.
  template <class F>
  std::pair<std::size_t, std::size_t> change(F f) {
    return write([&] {
      const presence_changes c = f(running());
      apply(c);
      return std::pair{c.joins.size(), c.leaves.size()};
    });
  }

  /// What others are to be told, and where the clock stands then. put_back(): it could not be told.
  [[nodiscard]] std::pair<std::uint64_t, presence_part> take_delta();
  void put_back(const clock_set& numbers);

  // -- the teller
  void begin_to_tell();
  /// The next diff to be told; the same again until has_told(). Null: there is none.
  [[nodiscard]] presence_diff_ptr next_diff();
  void has_told(const presence_diff_ptr& diff);

 private:
  /// f() under the lock; then those are woken who have something to do and had nothing (K2).
  template <class F>
  auto write(F f);
  /// Throws errc::not_running.
  [[nodiscard]] presence_state& running() const;
  void apply(const presence_changes& changes);
  /// Of which diffs are to be made, the teller's; null: there are diffs, or there is nothing to tell.
  [[nodiscard]] std::shared_ptr<const std::vector<presence_change>> take_changes();

  mutable std::mutex mutex_;                                   // guards all below
  mutable std::optional<presence_state> state_;                // since the first start
  mutable presence_view view_;                                 // its lists are made when they are asked for
  std::vector<presence_change> changes_;                       // since the teller has taken them
  std::shared_ptr<const std::vector<presence_change>> taken_;  // by the teller, and no diff of them is in diffs_; or null
  std::deque<presence_diff_ptr> diffs_;                        // of those that it has taken before
  std::vector<pid> unseen_;
  pid server_;
  pid teller_;
};

template <class F>
auto presence_core::write(F f) {
  const no_preempt whole;  // who is ended in between would wake nobody, and who comes after him would not, either
  pid server, teller;
  auto made = [&] {
    const mutex_lock lock{mutex_};
    const bool was_seen = unseen_.empty();
    const bool was_told = changes_.empty();
    auto done = f();
    if (was_seen && !unseen_.empty()) server = server_;
    if (was_told && !changes_.empty()) teller = teller_;
    return done;
  }();
  if (server) send(server, presence_wake{});
  if (teller) send(teller, presence_wake{});
  return made;
}

}  // namespace joist::inline v0::detail
