// joist/monitor.hpp: hearing of a process's end without sharing its fate.
//
// Promises
//   one down message per monitor, also if the process was dead before you asked (noproc)
//   messages the process sent you before it ended come before its down; its name is free by then
//   after demonitor no down of that monitor arrives; with flush none is left in the mailbox either
//
// Example: examples/03_links_and_monitors. See also: link.hpp, alias.hpp.
#pragma once

#include <joist/detail/node.hpp>
#include <joist/exit_reason.hpp>
#include <joist/pid.hpp>
#include <joist/ref.hpp>
#include <joist/sendable.hpp>

#include <string>
#include <string_view>

namespace joist::inline v0 {

/// The monitored process has ended.
struct down {
  ref monitor;
  pid process;  ///< nobody when a name was monitored that nobody had
  exit_reason reason;
  std::string name;  ///< as given to monitor(name), else empty
};

/// A down that carries what monitor_tagged was given: tells many monitors apart without a table.
template <class Tag>
struct tagged_down {
  Tag tag;
  down ended;
};

/// How an alias made with a monitor ends; see alias.hpp.
enum class alias_mode : unsigned char {
  none,
  explicit_unalias,  ///< by unalias() only
  demonitor,         ///< with its monitor: demonitor(), or the down message
  reply_demonitor,   ///< as demonitor; the first message through the alias ends it and the monitor
};

/// Watches `target`. When it ends, a `down` message arrives.     [process]
[[nodiscard]] ref monitor(pid target);
/// Watches the process that has the name now; the down message carries the name.     [process]
[[nodiscard]] ref monitor(std::string_view name);
/// Watches, and makes the reference an alias of the caller: alias_of(ref) can be sent along with a request.     [process]
[[nodiscard]] ref monitor(pid target, alias_mode mode);

namespace detail {
/// The message of a tagged monitor, made when the monitor is: nothing can fail when the process ends.
struct prepared_down {
  node_ptr message;
  void (*fill_in)(node& message, down&& ended) noexcept = nullptr;
};
[[nodiscard]] ref monitor_with(pid target, alias_mode mode, prepared_down prepared);
}  // namespace detail

/// Watches; the message is a tagged_down<Tag> with `tag` (OTP: the option {tag, T}).     [process]
template <class Tag>
[[nodiscard]] ref monitor_tagged(pid target, Tag tag, alias_mode mode = alias_mode::none) {
  detail::require_sendable<Tag>();
  using message = tagged_down<Tag>;
  return detail::monitor_with(
      target, mode, {detail::make_node<message>(message{std::move(tag), {}}), [](detail::node& n, down&& ended) noexcept {
                       detail::payload_of<message>(n).ended = std::move(ended);
                     }});
}

enum class demonitor_option : unsigned char {
  none,
  flush,  ///< also removes a down of this monitor from the mailbox
};

/// Stops watching. True: the monitor was there, and no down of it will come. False: it had fired, its down is or was
/// in the mailbox; or the reference is unknown, or another's (OTP: demonitor with `info`).     [process]
bool demonitor(ref monitor, demonitor_option option = demonitor_option::none);

}  // namespace joist::inline v0
