// joist/otp/pg.hpp: groups of processes. Any process may put another into a group, and take it out; who watches a group is
// told of those who come and go.
//
//   const joist::pg_scope<std::string> rooms;       // made before anything runs; copies are the same scope
//   joist::start_supervisor({}, {joist::child_pg("rooms", rooms), ...});
//   rooms.join("lobby", visitor);
//   for (const joist::pid p : rooms.get_members("lobby")) joist::send(p, greeting{});
//
// Promises
//   who has joined n times is a member n times, and leaves once at a time; who ends leaves all groups
//   a group is there while it has members
//   join and leave have happened, and those who watch have been told, when they return
//   get_members and which_groups ask no process: they read a table that all copies share. They may show one that has ended a
//     little longer, until the scope has heard of it
//   a scope that crashes and is started again has the members it had; those who watch have to begin again
//
// Groups have operator== and a std::hash. See also: registry.hpp (a process registers itself, with a value). OTP: pg; here
// the groups of one runtime.
#pragma once

#include <joist/detail/pg.hpp>

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace joist::inline v0 {

/// A monitor of a group, and who was in it when it began.
struct pg_monitor {
  ref monitor;
  std::vector<pid> members;
};

/// A monitor of all groups.
template <class Group>
struct pg_scope_monitor {
  ref monitor;
  std::vector<std::pair<Group, std::vector<pid>>> groups;
};

/// The groups of one scope. What changes them throws errc::not_running where the scope does not run.
template <class Group = std::string>
class pg_scope {
 public:
  pg_scope() : state_{std::make_shared<state>()} { detail::require_key<Group>(); }

  /// Puts the caller, or others, into a group, as often as they are named. Throws errc::bad_argument for processes of other
  /// runtimes. One that has ended leaves at once.     [process]
  void join(const Group& group) const { join(group, self()); }
  void join(const Group& group, pid process) const { join(group, std::vector<pid>{process}); }
  void join(const Group& group, std::vector<pid> processes) const {
    detail::check_members(processes);
    ask(typename server::join{group, std::move(processes)});
  }

  /// Takes the caller, or others, out once. False: none of them is a member (OTP: not_joined).     [process]
  bool leave(const Group& group) const { return leave(group, self()); }
  bool leave(const Group& group, pid process) const { return leave(group, std::vector<pid>{process}); }
  bool leave(const Group& group, std::vector<pid> processes) const {
    detail::check_members(processes);
    return ask(typename server::leave{group, std::move(processes)});
  }

  /// Who is in a group, as often as joined, the oldest membership first.     [any thread]
  [[nodiscard]] std::vector<pid> get_members(const Group& group) const {
    detail::count_call();
    return detail::processes_of(state_->all_of(group));
  }
  /// The groups that have members, in no order.     [any thread]
  [[nodiscard]] std::vector<Group> which_groups() const {
    detail::count_call();
    return state_->keys();
  }

  /// Tells the caller of all who join or leave the group from now on: pg_joined, pg_left.     [process]
  [[nodiscard]] pg_monitor monitor(const Group& group) const {
    auto [monitor, groups] = ask(typename server::watch{group});
    return {monitor, groups.empty() ? std::vector<pid>{} : std::move(groups.front().second)};
  }
  /// Of all groups.     [process]
  [[nodiscard]] pg_scope_monitor<Group> monitor_scope() const {
    auto [monitor, groups] = ask(typename server::watch{});
    return {monitor, std::move(groups)};
  }
  /// Ends a monitor; nothing of it comes any more, and none is left in the mailbox. False: there was none.     [process]
  bool demonitor(ref monitor) const {
    const bool was_there = ask(typename server::unwatch{monitor});
    detail::drop_all<pg_joined<Group>>(monitor);
    detail::drop_all<pg_left<Group>>(monitor);
    return was_there;
  }

  /// The process of the scope; nobody before it runs.     [any thread]
  [[nodiscard]] pid process() const { return state_->keeper(0); }
  friend bool operator==(const pg_scope& a, const pg_scope& b) noexcept { return a.state_ == b.state_; }

 private:
  using state = detail::registry_table<Group, no_value>;
  using server = detail::pg_server<Group>;

  template <class Message>
  typename Message::reply ask(Message message) const {
    return server_ref<server>{detail::running_scope(process())}.call(std::move(message), infinity);
  }

  std::shared_ptr<state> state_;

  template <class G>
  friend result<pid, start_error> try_start_pg(const pg_scope<G>& scope);
};

/// Starts the scope's process, linked to the caller. `already_started`: it runs.     [process]
template <class Group>
result<pid, start_error> try_start_pg(const pg_scope<Group>& scope) {
  server_options o;
  o.process.label = "pg";
  auto started = try_start_link<detail::pg_server<Group>>(o, scope.state_);
  if (!started) return failure{std::move(started).error()};
  return started->process();
}
/// The same, and throws start_failed.     [process]
template <class Group>
pid start_pg(const pg_scope<Group>& scope) {
  return detail::started_or_throw(try_start_pg(scope));
}
/// A scope as a child: permanent.
template <class Group>
[[nodiscard]] child_spec child_pg(std::string id, const pg_scope<Group>& scope) {
  return {std::move(id), [scope] { return detail::child_of(try_start_pg(scope)); }};
}

}  // namespace joist::inline v0
