#include <joist/tls/server.hpp>

#include <joist/error.hpp>
#include <joist/tls/stream.hpp>

#include <fmt/format.h>

#include <utility>

namespace joist::inline v0::tls {

net::connection_body secured(server_context context, net::connection_body body, std::chrono::milliseconds handshake_limit) {
  if (handshake_limit.count() <= 0)
    throw error{joist::errc::bad_argument,
                fmt::format("tls::secured: expected a limit of more than 0 ms, got {}", handshake_limit.count())};
  return [context = std::move(context), body = std::move(body), handshake_limit](net::stream& peer) {
    if (try_accept(peer, context, handshake_limit)) body(peer);
  };
}

}  // namespace joist::inline v0::tls
