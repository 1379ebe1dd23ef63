// joist/detail/pg.hpp: the process of a scope: the only one that changes its groups, so that those who watch hear of all
// changes in their order.
#pragma once

#include <joist/detail/registry.hpp>

#include <map>
#include <memory>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

namespace joist::inline v0 {

/// What a monitor of groups brings: these have joined.
template <class Group>
struct pg_joined {
  ref monitor;
  Group group;
  std::vector<pid> processes;
};

/// These have left, or ended.
template <class Group>
struct pg_left {
  ref monitor;
  Group group;
  std::vector<pid> processes;
};

}  // namespace joist::inline v0

namespace joist::inline v0::detail {

/// Throws errc::bad_argument unless they may be members.
void check_members(const std::vector<pid>& processes);
/// Throws errc::not_running for nobody.
[[nodiscard]] pid running_scope(pid scope);
[[nodiscard]] std::vector<pid> processes_of(const std::vector<registration<no_value>>& entries);

/// What a monitor has brought leaves the mailbox.
template <class Event>
void drop_all(ref monitor) {
  while (receive<Event>([monitor](const Event& e) { return e.monitor == monitor; }, after(std::chrono::seconds{0}))) {
  }
}

template <class Group>
class pg_server : public gen_server<pg_server<Group>> {
 public:
  using groups = std::vector<std::pair<Group, std::vector<pid>>>;
  struct join {
    using reply = void;
    Group group;
    std::vector<pid> processes;
  };
  struct leave {
    using reply = bool;
    Group group;
    std::vector<pid> processes;
  };
  /// Of a group, or of all.
  struct watch {
    using reply = std::pair<ref, groups>;
    std::optional<Group> group = {};
  };
  struct unwatch {
    using reply = bool;
    ref monitor;
  };
  using table_ptr = std::shared_ptr<registry_table<Group, no_value>>;

  explicit pg_server(table_ptr table) : table_{std::move(table)} {
    trap_exit(true);
    for (std::size_t shard = 0; shard < table_shards; ++shard) {
      for (const pid member : take_over(*table_, shard, self(), owners_fate::stay)) look_after(member);
    }
  }

  void handle_call(join j) {
    for (const pid process : j.processes) {
      look_after(process);
      (void)table_->open(process);
      (void)table_->add(process, j.group, {}, false);
    }
    tell<pg_joined<Group>>(j.group, j.processes);
  }
  bool handle_call(leave l) {
    std::vector<pid> gone;
    for (const pid process : l.processes) {
      const auto removed = table_->remove(
          process, l.group, [](std::size_t) { return true; }, 1);
      if (removed.count > 0) gone.push_back(process);
      if (removed.keeper) joist::demonitor(members_.extract(process).mapped(), demonitor_option::flush);
    }
    tell<pg_left<Group>>(l.group, gone);
    return !gone.empty();
  }
  void handle_call(watch w, const from<typename watch::reply>& client) {
    const ref monitor = joist::monitor(client.process());
    watched_.emplace(monitor, w.group);
    watchers_of(w.group).emplace(monitor, client.process());
    reply(client, typename watch::reply{monitor, members_of(w.group)});
  }
  bool handle_call(unwatch u) {
    joist::demonitor(u.monitor, demonitor_option::flush);
    return forget_watcher(u.monitor);
  }
  void handle_info(down d) {
    if (forget_watcher(d.monitor)) return;
    members_.erase(d.process);
    table_->forget(d.process, [&](const Group& group) { tell<pg_left<Group>>(group, {d.process}); });
  }
  void handle_info(exited) {}  // by hand, of a stranger: it is linked to its parent alone
  void terminate(const exit_reason& reason) {
    if (!reason.is_orderly()) return;  // a crash: the next one goes on
    for (std::size_t shard = 0; shard < table_shards; ++shard) {
      for (const pid member : take_over(*table_, shard, pid{}, owners_fate::end))
        table_->forget(member, [](const Group&) {});
    }
  }

 private:
  /// By their monitors of the watching processes, which are what they are known by outside, too.
  using watchers = std::map<ref, pid>;

  void look_after(pid member) {
    const auto [at, fresh] = members_.try_emplace(member);
    if (fresh) at->second = joist::monitor(member);
  }
  [[nodiscard]] watchers& watchers_of(const std::optional<Group>& group) { return group ? of_group_[*group] : of_all_; }
  bool forget_watcher(ref monitor) {
    const auto watched = watched_.extract(monitor);
    if (watched.empty()) return false;
    const std::optional<Group>& group = watched.mapped();
    watchers& all = watchers_of(group);
    all.erase(monitor);
    if (group && all.empty()) of_group_.erase(*group);
    return true;
  }
  [[nodiscard]] groups members_of(const std::optional<Group>& group) const {
    groups seen;
    for (const Group& g : group ? std::vector<Group>{*group} : table_->keys())
      seen.emplace_back(g, processes_of(table_->all_of(g)));
    return seen;
  }

  template <class Event>
  void tell(const Group& group, const std::vector<pid>& processes) const {
    if (processes.empty()) return;
    const auto found = of_group_.find(group);
    if (found != of_group_.end()) tell_each<Event>(found->second, group, processes);
    tell_each<Event>(of_all_, group, processes);
  }
  template <class Event>
  static void tell_each(const watchers& all, const Group& group, const std::vector<pid>& processes) {
    for (const auto& [monitor, watcher] : all) send(watcher, Event{monitor, group, processes});
  }

  table_ptr table_;
  std::unordered_map<pid, ref> members_;  // and the monitor of each
  std::unordered_map<ref, std::optional<Group>> watched_;
  std::unordered_map<Group, watchers> of_group_;
  watchers of_all_;
};

}  // namespace joist::inline v0::detail
