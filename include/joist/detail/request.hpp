// joist/detail/request.hpp: a message and the monitor of its receiver as one signal: what every call begins with. Two
// signals would be a second allocation, a second push and a second node to be read by another core.
#pragma once

#include <joist/alias.hpp>
#include <joist/message.hpp>

namespace joist::inline v0::detail {

/// The alias that a request of the caller's is to be answered through; its reference sets the mailbox mark.     [process]
[[nodiscard]] alias prepare_request();

/// Sends a request that names_asker, the caller, to `server`, and monitors that as monitor(server,
/// alias_mode::reply_demonitor) does, by the prepared reference. mailbox_full: it is not monitored.     [process]
send_result send_request(pid server, node_ptr request, ref monitor);

}  // namespace joist::inline v0::detail
