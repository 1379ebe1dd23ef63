// core/relations.hpp: the process's own ends of links, monitors and aliases. Only its owner calls these: no locks.
#pragma once

#include <joist/pid.hpp>

#include <cstdint>

#include "core/process_control.hpp"

namespace joist::inline v0::core {

struct worker;

// What each signal of links does to an end: link_end.hpp.

/// Our end of the link; null: none is remembered.
[[nodiscard]] link_end* find_link(process_control& p, pid other);
/// A link signal came.
void add_link(process_control& p, pid other);
/// The exit of a linked process came: whether the link was there. It is gone after this.
[[nodiscard]] bool drop_link(process_control& p, pid other);
/// An unlink signal came; it is acknowledged.
void answer_unlink(process_control& p, pid other);
void unlink_acknowledged(process_control& p, pid other);

/// Forgets a watch of the process's. False: there is none. What was in it is destroyed when the map is whole again: the
/// destructor of a tag may come back to it.
[[nodiscard]] bool take_watch(process_control& p, std::uint64_t reference, watch& taken);

/// A message came through an alias, its word: whether the alias is active. Ends it, and the monitor that it belongs to, when
/// this was its one reply.
[[nodiscard]] bool accept_alias(process_control& p, detail::node& message);

/// `w`'s process is about to send to an alias of `owner`'s. Where it is watched by that alias, and this is the reply that
/// ends the monitor, it ends here: no signal has to come back for it. Returns the word of the message.
[[nodiscard]] std::uint64_t end_watch_by_reply(worker& w, pid owner, std::uint64_t reference);

/// Adds the watcher at the other end. False: there is no such process.
[[nodiscard]] bool send_monitor(worker& w, pid target, std::uint64_t reference, alias_mode mode);
/// Takes the watcher away there. No target: one that watches a name nobody had.
void send_demonitor(worker& w, pid target, std::uint64_t reference);

}  // namespace joist::inline v0::core
