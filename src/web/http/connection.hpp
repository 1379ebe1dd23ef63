// web/http/connection.hpp: one connection of a server: reads requests, has them answered, writes the answers.
//
// state      meaning                                              who moves it on
//   securing   the handshake of TLS, where the server has it         done -> waiting; refused, first_byte -> closed
//   waiting    between requests; no buffer                          readable -> serving; idle time, stopping -> closed
//   serving    reads and answers, while bytes are there             all is answered -> waiting; refused, the end -> closed
//   taken      another protocol has it (101)                        its function returns -> closed
#pragma once

#include <joist/web/server.hpp>

#include <memory>

namespace joist::inline v0::web::http {

/// What all connections of a server share.
struct service {
  server_options options;
  handler answers;
};

/// Serves until the connection is to be closed.     [process]
void serve_connection(net::stream& peer, const service& how);

}  // namespace joist::inline v0::web::http
