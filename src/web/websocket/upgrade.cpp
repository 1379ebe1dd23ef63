// From a request to a WebSocket: the handshake, and who may ask for it.
#include <joist/web/websocket.hpp>

#include <joist/telemetry.hpp>
#include <joist/web/http_error.hpp>

#include <memory>
#include <utility>

#include "web/http/linger.hpp"
#include "web/websocket/connection.hpp"
#include "web/websocket/handshake.hpp"
#include "web/websocket/options.hpp"
#include "web/websocket/origin.hpp"
#include "web/websocket/talk.hpp"

namespace joist::inline v0::web {
namespace {

response refused(const ws::upgrade_refusal& why) {
  response page = status_page(static_cast<int>(why.status));
  for (const auto& f : why.fields) page.fields.set(f.name, f.value);
  return page;
}

// noinline: what lies on the stack for as long as the connection is small.
[[gnu::noinline]] void finish(net::stream& peer, websocket& socket) {
  socket.close();
  if (socket.broke_protocol()) http::linger(peer);
}

// noinline: what is made for events is not on the stack of a connection that waits.
[[gnu::noinline]] void tell_opened(const websocket& socket) {
  telemetry::execute_with([&] { return websocket_opened{{}, {socket.remote().to_string(), socket.protocol()}}; });
}
[[gnu::noinline]] void tell_closed(const websocket& socket) {
  constexpr std::uint16_t crashed = 1011;
  telemetry::execute_with([&] {
    const websocket_close& end = socket.close_reason();
    return websocket_closed{{socket.is_closed() ? end.code : crashed}, {socket.remote().to_string(), end.reason}};
  });
}

// However the body ends.
struct telling {
  explicit telling(const websocket& of) : socket{of} { tell_opened(of); }
  telling(const telling&) = delete;
  telling& operator=(const telling&) = delete;
  ~telling() { tell_closed(socket); }
  const websocket& socket;
};

// What the handshake came to; gone when the connection has begun.
class agreement final : public next_protocol {
 public:
  agreement(std::shared_ptr<const websocket_options> options, std::shared_ptr<ws::talk> what, std::string protocol,
            std::optional<ws::deflate_parameters> deflate)
      : options_{std::move(options)}, talk_{std::move(what)}, protocol_{std::move(protocol)}, deflate_{deflate} {}

  void run(net::stream& peer, std::unique_ptr<takeover> with) override {
    websocket socket{open(peer, with->already_come)};
    const std::shared_ptr<ws::talk> talk = talk_;
    with = nullptr;  // and this object
    const telling events{socket};
    talk->run(socket);
    finish(peer, socket);
  }

 private:
  [[gnu::noinline]] std::unique_ptr<websocket::state> open(net::stream& peer, std::string_view already_come) {
    const std::uint32_t most = options_->max_message_bytes;
    ws::decoder_options reading{ws::role::server, most, most, {}};
    if (deflate_) reading.inflate = deflate_->client;
    auto made = std::make_unique<websocket::state>(peer, options_, reading);
    if (deflate_) made->rarely().compress.emplace(deflate_->server);
    if (!protocol_.empty()) made->rarely().protocol = std::move(protocol_);
    made->come_first(already_come);
    return made;
  }

  std::shared_ptr<const websocket_options> options_;
  std::shared_ptr<ws::talk> talk_;
  std::string protocol_;
  std::optional<ws::deflate_parameters> deflate_;
};

using begin_function = std::function<std::shared_ptr<ws::talk>(request&)>;

bool has_body(const fields& of) {
  const std::string_view length = of.get("Content-Length");
  return of.contains("Transfer-Encoding") || (!length.empty() && length != "0");
}

response answer(request& in, const std::shared_ptr<const websocket_options>& options, const begin_function& begin) {
  const auto& f = in.fields();
  const std::string connection = f.joined("Connection"), upgrade = f.joined("Upgrade");
  const std::string protocols = f.joined("Sec-WebSocket-Protocol"), extensions = f.joined("Sec-WebSocket-Extensions");
  if (!ws::may_ask(in, options->allow_origins)) return status_page(403);
  ws::upgrade_policy policy;
  policy.protocols = options->protocols;
  // Without context takeover a connection that waits keeps no window.
  if (options->compress) policy.deflate = ws::deflate_parameters{{15, false}, {15, false}};
  auto agreed = ws::answer_upgrade({.method = in.method(),
                                    .http_version = in.version() == http_version::http_1_1 ? 11U : 10U,
                                    .upgrade = upgrade,
                                    .connection = connection,
                                    .version = f.get("Sec-WebSocket-Version"),
                                    .key = f.get("Sec-WebSocket-Key"),
                                    .protocols = protocols,
                                    .extensions = extensions,
                                    .has_body = has_body(f)},
                                   policy);
  if (!agreed) return refused(agreed.error());
  response out;
  out.status = 101;
  for (const auto& field : agreed->fields) out.fields.set(field.name, field.value);
  out.body = takeover_body{std::make_shared<agreement>(options, begin(in), std::move(agreed->protocol), agreed->deflate)};
  return out;
}

websocket_options checked(websocket_options o) {
  ws::check_options(o);
  return o;
}

class function_talk final : public ws::talk {
 public:
  explicit function_talk(websocket_body body) : body_{std::move(body)} {}
  void run(websocket& socket) override { body_(socket); }

 private:
  const websocket_body body_;
};

}  // namespace

handler ws::talk_handler(websocket_options options, std::function<std::shared_ptr<talk>(request&)> begin) {
  return [options = std::make_shared<const websocket_options>(checked(std::move(options))),
          begin = std::move(begin)](request& in) { return answer(in, options, begin); };
}

handler websocket_handler(websocket_options options, websocket_body body) {
  return ws::talk_handler(std::move(options),
                          [talk = std::make_shared<function_talk>(std::move(body))](request&) { return talk; });
}

handler websocket_handler(websocket_options options, std::function<websocket_body(request&)> accept) {
  return ws::talk_handler(std::move(options),
                          [accept = std::move(accept)](request& in) { return std::make_shared<function_talk>(accept(in)); });
}

}  // namespace joist::inline v0::web
