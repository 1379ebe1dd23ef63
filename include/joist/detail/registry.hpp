// joist/detail/registry.hpp: the processes behind a registry: partitions, under a supervisor of their own.
//
// Each partition keeps some shards of the owners: it is linked to those that have an entry, and forgets them when they end.
// It also grants the locks of some keys. Look-ups go past it, to the table.
#pragma once

#include <joist/detail/registry_table.hpp>
#include <joist/info.hpp>
#include <joist/otp/gen_server.hpp>
#include <joist/otp/supervisor.hpp>

#include <atomic>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace joist::inline v0 {

struct registry_options {
  std::string name = {};       ///< shown in labels and errors, and in what listeners are told
  std::size_t partitions = 0;  ///< processes that look after owners, at most 64; 0: as many as there are workers
  std::vector<std::string> listeners = {};  ///< names of processes that are told: key_registered, key_unregistered
};

/// What listeners of a registry are told when a process has come under a key.
template <class Key, class Value>
struct key_registered {
  std::string registry;
  Key key;
  pid process;
  Value value;
};

/// And when it is there no more: it has unregistered, or ended.
template <class Key>
struct key_unregistered {
  std::string registry;
  Key key;
  pid process;
};

}  // namespace joist::inline v0

namespace joist::inline v0::detail {

void check_registry_options(const registry_options& options);
[[noreturn]] void registry_is_not_running(const registry_options& options);
[[noreturn]] void refuse_who_has_ended(const registry_options& options);
[[noreturn]] void lock_is_held_by_caller(const registry_options& options);
/// Where the caller is a process, this counts as a call of the runtime: so others have their turns.
void count_call();

/// Throws errc::not_running where there is none.
void link_to_partition(pid partition, const registry_options& options);

/// A partition's start function, out of its number and how many there are.
using partition_start = std::function<start_function(std::size_t n, std::size_t partitions)>;
[[nodiscard]] result<supervisor_ref, start_error> start_partitions(const registry_options& options,
                                                                   const partition_start& partition);
/// That another process keeps the table.
[[nodiscard]] start_error is_kept_by(pid keeper);

/// Whether a keeper lives, and goes on: for the end of one whose parent has ended this waits.     [process]
[[nodiscard]] bool lives_on(pid keeper);

/// Makes `next` the keeper of a shard, and returns the owners there. Throws is_kept_by() where the one before lives.
/// [process]
template <class Key, class Value>
std::vector<pid> take_over(registry_table<Key, Value>& table, std::size_t shard, pid next, owners_fate fate) {
  for (;;) {
    const pid before = table.keeper(shard);
    if (before != self() && lives_on(before)) throw is_kept_by(before);
    auto owners = table.change_keeper(shard, before, next, fate);
    if (owners) return *std::move(owners);
    // Meanwhile another has taken it over, or the one before has given it up.
  }
}

/// Runs the pieces in processes of their own, linked to the caller, and waits for them. What ends one ends the caller, when
/// all have ended.
void run_in_parallel(std::vector<closure_ptr> pieces);

/// What all copies of a registry share.
template <class Key, class Value>
struct registry_state {
  explicit registry_state(registry_options o) : options{std::move(o)} { check_registry_options(options); }
  const registry_options options;
  registry_table<Key, Value> table;
  std::atomic<std::size_t> partitions{0};  // relaxed: how many pieces a parallel dispatch has

  /// Who is to be told now.     [process]
  [[nodiscard]] std::vector<pid> listeners() const {
    std::vector<pid> found;
    for (const std::string& name : options.listeners) {
      if (const std::optional<pid> listener = whereis(name)) found.push_back(*listener);
    }
    return found;
  }
  /// In the no_preempt scope of the change that it tells of: so no end of the caller comes between.
  void tell_gone(const std::vector<pid>& listeners, const Key& key, pid owner) const {
    for (const pid listener : listeners) send(listener, key_unregistered<Key>{options.name, key, owner});
  }
  void forget(pid owner) {
    const std::vector<pid> told = listeners();
    table.forget(owner, [&](const Key& key) { tell_gone(told, key, owner); });
  }
  /// What it had with a keeper that has gone.
  void forget_ended(pid owner) {
    const std::vector<pid> told = listeners();
    table.forget_ended(owner, [&](const Key& key) { tell_gone(told, key, owner); });
  }
};

template <class Key, class Value>
class registry_partition : public gen_server<registry_partition<Key, Value>> {
 public:
  /// Answered with the grant when the key's lock is the caller's; with nothing when it is already.
  struct acquire {
    using reply = ref;
    Key key;
  };
  struct release {
    ref grant;
  };
  using state_ptr = std::shared_ptr<registry_state<Key, Value>>;

  /// Keeps the shards n, n + partitions, ...
  registry_partition(state_ptr state, std::size_t n, std::size_t partitions) : state_{std::move(state)} {
    trap_exit(true);
    state_->partitions.store(partitions, std::memory_order_relaxed);
    for (std::size_t shard = n; shard < table_shards; shard += partitions) {
      hand_over(shard, self());
      shards_.push_back(shard);
    }
  }

  void handle_call(acquire a, const from<ref>& client) {
    const auto [at, free] = locks_.try_emplace(std::move(a.key));
    if (free) return grant(at, client);
    if (at->second.holder == client.process()) return reply(client, ref{});
    at->second.waiting.push_back(client);
  }
  void handle_cast(release r) {
    demonitor(r.grant, demonitor_option::flush);
    pass_on(r.grant);
  }
  void handle_info(down d) { pass_on(d.monitor); }
  /// Of an owner; whoever lives has sent it by hand.
  void handle_info(exited e) {
    if (has_ended(e.process)) state_->forget(e.process);
  }
  void terminate(const exit_reason&) {
    for (const std::size_t shard : shards_) hand_over(shard, pid{});
  }

 private:
  struct lock_state {
    pid holder;
    std::deque<from<ref>> waiting;
  };
  using locks = std::unordered_map<Key, lock_state>;

  /// Those who were linked to the one before are nobody's any more.
  void hand_over(std::size_t shard, pid next) {
    for (const pid owner : take_over(state_->table, shard, next, owners_fate::end)) state_->forget_ended(owner);
  }

  /// The holder's end frees the lock: the grant is the monitor.
  void grant(typename locks::iterator at, const from<ref>& client) {
    at->second.holder = client.process();
    const ref granted = monitor(client.process());
    grants_.emplace(granted, at->first);
    reply(client, granted);
  }
  void pass_on(ref grant_before) {
    const auto granted = grants_.extract(grant_before);
    if (granted.empty()) return;
    const auto at = locks_.find(granted.mapped());
    if (at->second.waiting.empty()) {
      locks_.erase(at);
      return;
    }
    const from<ref> next = at->second.waiting.front();
    at->second.waiting.pop_front();
    grant(at, next);
  }

  state_ptr state_;
  std::vector<std::size_t> shards_;
  locks locks_;
  std::unordered_map<ref, Key> grants_;
};

/// The lock of a key, held by the calling process.
template <class Key, class Value>
class registry_lock {
  using partition = registry_partition<Key, Value>;

 public:
  registry_lock(const registry_state<Key, Value>& state, const Key& key)
      : partition_{state.table.keeper(shard_of(std::hash<Key>{}(key)))} {
    if (!partition_.process()) registry_is_not_running(state.options);
    grant_ = partition_.call(typename partition::acquire{key}, infinity);
    if (!grant_) lock_is_held_by_caller(state.options);
  }
  registry_lock(const registry_lock&) = delete;
  registry_lock& operator=(const registry_lock&) = delete;
  ~registry_lock() { partition_.cast(typename partition::release{grant_}); }

 private:
  server_ref<partition> partition_;
  ref grant_;
};

template <class Key, class Value>
[[nodiscard]] result<supervisor_ref, start_error> start_registry(const std::shared_ptr<registry_state<Key, Value>>& state) {
  if (const pid runs = state->table.keeper(0); lives_on(runs)) return failure{is_kept_by(runs)};
  return start_partitions(state->options, [&state](std::size_t n, std::size_t partitions) {
    server_options o;
    o.process.label = state->options.name;
    return starts<registry_partition<Key, Value>>(std::move(o), state, n, partitions);
  });
}

}  // namespace joist::inline v0::detail
