#include "web/http/secure.hpp"

#include <joist/tls/stream.hpp>

#include <string_view>

#include "web/http/linger.hpp"

namespace joist::inline v0::web::http {
namespace {

constexpr std::string_view answer_to_plain_http =
    "HTTP/1.1 400 Bad Request\r\n"
    "Connection: close\r\n"
    "Content-Type: text/plain\r\n"
    "Content-Length: 45\r\n"
    "\r\n"
    "This port speaks HTTPS: ask for https:// URLs";
static_assert(answer_to_plain_http.size() - answer_to_plain_http.find("\r\n\r\n") - 4 == 45);

}  // namespace

bool secure(net::stream& peer, const tls::server_context& context, std::chrono::milliseconds limit) {
  const auto done = tls::try_accept(peer, context, limit);
  if (done) return true;
  constexpr auto moment = std::chrono::seconds{1};
  if (done.error().kind == tls::failure_kind::not_tls && peer.try_write(answer_to_plain_http, moment)) linger(peer);
  return false;
}

}  // namespace joist::inline v0::web::http
