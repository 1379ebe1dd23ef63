// joist/web/websocket_client.hpp: WebSockets to servers: the same websocket that a server has, at its other end.
//
//   auto socket = joist::web::websocket::connect("wss://example.org/chat", {.socket = {.protocols = {"chat.v2"}}});
//   socket.send_text("hello");
//   while (const auto said = socket.next([&](const news& n) { socket.send_text(n.text); })) use(said->data);
//
// Promises
//   a server that does not prove that it speaks WebSocket is refused: 101, Upgrade, Sec-WebSocket-Accept, a subprotocol and
//     an extension that were offered
//   each frame is masked with a key that nobody can guess; a server that masks is refused, with 1002
//   the name of the host, the connection, TLS and the handshake have limits of time and of memory
//   redirects are not followed: they are an answer that is no WebSocket, and the error says where they lead
//
// It belongs to the process that connected. Let go of without close(): the server is told 1001, and nobody waits.
// See also: websocket.hpp, client.hpp (errors), url.hpp. RFC 6455, RFC 7692.
#pragma once

#include <joist/tls/context.hpp>
#include <joist/web/client_response.hpp>
#include <joist/web/fields.hpp>
#include <joist/web/websocket.hpp>

#include <chrono>
#include <optional>

namespace joist::inline v0::web {

struct websocket_client_options {
  web::fields fields = {};  ///< of the request, beside those of the handshake: Authorization, Origin, Cookie
  /// As a server has them. `protocols` are offered, the best first; `compress` offers permessage-deflate; `allow_origins` is
  /// not looked at.
  websocket_options socket = {};
  std::chrono::milliseconds connect{10'000};    ///< to look the host up, to connect, and to agree on TLS
  std::chrono::milliseconds handshake{10'000};  ///< from then until the server has agreed
  response_limits limits = {};                  ///< of the head of its answer
  /// Whom it trusts on wss, and who it is itself. Nothing: whom the system trusts, and nobody.
  std::optional<joist::tls::client_context> tls = {};
};

}  // namespace joist::inline v0::web
