// From a URL to a WebSocket: the client's side of the handshake.
#include <joist/web/websocket_client.hpp>

#include <joist/error.hpp>

#include <fmt/format.h>

#include <array>
#include <memory>
#include <utility>

#include "web/client/connect.hpp"
#include "web/client/request_writer.hpp"
#include "web/client/response_reader.hpp"
#include "web/http/input.hpp"
#include "web/http/shown.hpp"
#include "web/security/random_bytes.hpp"
#include "web/websocket/accept_key.hpp"
#include "web/websocket/connection.hpp"
#include "web/websocket/handshake.hpp"
#include "web/websocket/options.hpp"

namespace joist::inline v0::web {
namespace {

using joist::detail::deadline;
using kind = client_error::kind;

// What is asked, and what has to be proven.
struct offer {
  std::string key;
  ws::upgrade_offer offered;
};

offer make_offer(const websocket_options& options) {
  std::array<std::byte, 16> nonce{};
  security::fill_randomly(nonce);
  offer made{ws::make_key(nonce), {.protocols = options.protocols}};
  // Without context takeover a connection that waits keeps no window.
  if (options.compress) made.offered.deflate = ws::deflate_parameters{{15, false}, {15, false}};
  return made;
}

std::string request_text(const url& to, const fields& own, const offer& asked) {
  fields all = own;
  for (const auto& f : ws::ask_for_upgrade(asked.key, asked.offered)) {
    const std::string_view name = f.name;
    if (name != "Upgrade" && name != "Connection") all.set(name, f.value);  // the writer's
  }
  std::string text;
  http::append_request_head(text, {.method = "GET", .to = to, .own = all, .upgrade = "websocket"});
  return text;
}

client_error failed(const url& to, kind what, std::string_view why, std::error_code system = {}) {
  return {what, fmt::format("WebSocket {}{}: {}", to.origin(), to.path(), why), system};
}

// The head of the answer; what has come behind it stays in `come`.
result<http::response_head, client_error> read_answer(net::stream& peer, const url& to, const response_limits& limits,
                                                      deadline until, http::input& come) {
  http::response_reader reader{limits};
  reader.expect("GET", true);
  for (;;) {
    auto step = reader.read(come.unread());
    come.use(step.used);
    if (step.what == http::progress::head) return *std::move(step.head);
    if (step.what == http::progress::refused)
      return failure{failed(to, reader.refused().too_large ? kind::too_large : kind::protocol, reader.refused().why)};
    const auto got = peer.try_read_some(come.room(), until);
    if (!got && got.error() == std::errc::timed_out)
      return failure{failed(to, kind::timed_out, "the server did not answer the handshake in time", got.error())};
    if (!got) return failure{failed(to, kind::closed, got.error().message(), got.error())};
    if (*got == 0) return failure{failed(to, kind::closed, "the server closed the connection within the handshake")};
    come.came(*got);
  }
}

result<ws::upgrade_agreement, client_error> agree(const http::response_head& answer, const url& to, const offer& asked) {
  const fields& f = answer.fields;
  if (answer.status != 101) {
    const std::string_view location = f.get("Location");
    return failure{failed(to, kind::no_upgrade,
                          fmt::format("expected status 101, got {}{}{}", answer.status, location.empty() ? "" : ", to ",
                                      http::shown(location)))};
  }
  const std::string upgrade = f.joined("Upgrade"), connection = f.joined("Connection");
  const std::string extensions = f.joined("Sec-WebSocket-Extensions"), protocol = f.joined("Sec-WebSocket-Protocol");
  const std::string accept = f.joined("Sec-WebSocket-Accept");
  auto agreed = ws::check_upgrade({.status = 101,
                                   .upgrade = upgrade,
                                   .connection = connection,
                                   .accept = accept,
                                   .protocol = protocol,
                                   .extensions = extensions},
                                  asked.key, asked.offered);
  if (!agreed) return failure{failed(to, kind::no_upgrade, agreed.error())};
  return *std::move(agreed);
}

std::unique_ptr<websocket::state> open(net::stream peer, const http::input& come, const websocket_options& options,
                                       ws::upgrade_agreement agreed) {
  const std::uint32_t most = options.max_message_bytes;
  ws::decoder_options reading{ws::role::client, most, most, {}};
  if (agreed.deflate) reading.inflate = agreed.deflate->server;
  auto self = std::make_unique<ws::client_end>(ws::client_end{.connection = std::move(peer)});
  auto made =
      std::make_unique<websocket::state>(std::move(self), std::make_shared<const websocket_options>(options), reading);
  if (agreed.deflate) made->rarely().compress.emplace(agreed.deflate->client);
  if (!agreed.protocol.empty()) made->rarely().protocol = std::move(agreed.protocol);
  const auto rest = come.unread();
  made->come_first({reinterpret_cast<const char*>(rest.data()), rest.size()});
  return made;
}

}  // namespace

result<websocket, client_error> websocket::try_connect(std::string_view text, const websocket_client_options& options) {
  ws::check_options(options.socket);
  http::check_head("GET", options.fields);
  if (options.fields.contains("Connection"))
    throw error{errc::bad_argument, "websocket::connect: expected no Connection field: it is the handshake's"};
  auto parsed = url::parse(text);
  if (!parsed) return failure{client_error{kind::bad_url, "WebSocket: " + parsed.error(), {}}};
  const url to = *std::move(parsed);
  if (to.scheme() == url::scheme::http || to.scheme() == url::scheme::https)
    return failure{failed(to, kind::bad_url, "expected ws:// or wss://: http is web::client's")};
  auto connection = http::open_connection(to, options.tls, options.connect);
  if (!connection) return failure{failed(to, connection.error().what, connection.error().text, connection.error().system)};
  const deadline until = deadline{options.handshake}.fixed();
  const offer asked = make_offer(options.socket);
  if (const auto sent = connection->try_write(request_text(to, options.fields, asked), until); !sent)
    return failure{failed(to, sent.error() == std::errc::timed_out ? kind::timed_out : kind::closed, sent.error().message(),
                          sent.error())};
  http::input come;
  auto answer = read_answer(*connection, to, options.limits, until, come);
  if (!answer) return failure{std::move(answer).error()};
  auto agreed = agree(*answer, to, asked);
  if (!agreed) return failure{std::move(agreed).error()};
  return websocket{open(*std::move(connection), come, options.socket, *std::move(agreed))};
}

websocket websocket::connect(std::string_view url, const websocket_client_options& options) {
  auto made = try_connect(url, options);
  if (!made) throw client_failed{std::move(made).error()};
  return *std::move(made);
}

websocket websocket::connect(std::string_view url) { return connect(url, {}); }

}  // namespace joist::inline v0::web
