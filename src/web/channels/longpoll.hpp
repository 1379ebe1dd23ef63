// web/channels/longpoll.hpp: clients that can have no WebSocket: a process for each, which keeps what is to be told until it
// is fetched. Phoenix: Phoenix.Transports.LongPoll.
//
//   GET                a new client: {"status":410,"token":"...","messages":[]}
//   GET ?token=...     waits for messages: 200 with them, 204 when none have come; 500: it is gone, and has to begin anew
//   POST ?token=...    messages of the client, a line each, bytes as base64: 200; 410: it is gone
//
// What is called a status here stands in the body; HTTP's own is 200. A client polls at the node that it has come to: a
// balancer in front keeps it there, by its address or a cookie.
#pragma once

#include <joist/web/router.hpp>
#include <joist/web/socket.hpp>

#include <memory>
#include <string>

namespace joist::inline v0::web::channels {

void add_longpoll(router& routes, const std::string& path, const std::shared_ptr<const socket_core>& core);

}  // namespace joist::inline v0::web::channels
