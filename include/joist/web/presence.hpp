// joist/web/presence.hpp: who is there, told to clients of channels as the official client's Presence wants to hear it.
//
//   const joist::presence online{bus, joist::web::telling_clients(bus)};
//
//   // in a channel that has joined:
//   online.track(topic(), socket().name, joist::web::to_json(details{"on a phone"}));
//   push("presence_state", joist::web::presence_state(online.list(topic())));
//
// Promises
//   a meta is the members of its JSON object, with phx_ref and phx_ref_prev beside them; one that is none is shown as {}
//   what presence_options::fetch adds to a group, a JSON object, too, stands beside its metas
//   each node tells its own clients, one encoded diff for all of a topic: presence_diff
//
// See also: pubsub/presence.hpp, channel.hpp. Phoenix: Phoenix.Presence.
#pragma once

#include <joist/pubsub/presence.hpp>
#include <joist/pubsub/pubsub.hpp>
#include <joist/web/payload.hpp>

namespace joist::inline v0::web {

/// To be pushed as "presence_state", once a client has joined.     [any thread]
[[nodiscard]] payload presence_state(const presence_list& list);
[[nodiscard]] payload presence_diff_payload(const presence_diff& diff);

/// The same options, with a `tell` that goes to the clients of channels, and, as a broadcast_event, to other subscribers.
/// [any thread]
[[nodiscard]] presence_options telling_clients(const pubsub& bus, presence_options options = {});

}  // namespace joist::inline v0::web
