// joist/web/websocket.hpp: WebSockets: a process for each, which reads messages as a loop, and hears from other processes
// in between. RFC 6455; compression: RFC 7692.
//
//   routes.get("/chat", joist::web::websocket_handler({}, [](joist::web::websocket& ws) {
//     while (const auto said = ws.next([&](const news& n) { ws.send_text(n.text); })) {   // news: from other processes
//       ws.send_text(said->data);
//     }
//   }));
//
// Promises
//   a connection that waits holds no buffer; one that is silent is asked by a ping, and closed when it does not answer
//   what a client sends is bounded by max_message_bytes before it is kept; what breaks the protocol closes the connection
//     with the code that RFC 6455 has for it
//   a client that sends without a pause does not keep its process from hearing others, nor from a close
//   a client that does not read holds up its own process for `write` at most, or as `slow_consumer` says
//   closed with 1000 when the body returns, with 1011 when it crashes, with 1001 when the server stops
//   a page of another site does not get in: Origin, where it is sent, has to name the host that was asked, or allow_origins
//
// Clients: websocket::connect, with websocket_client.hpp. What is said of clients here is then said of the server.
// Example: examples/24_ws_echo. See also: server.hpp, router.hpp.
#pragma once

#include <joist/net/server.hpp>
#include <joist/receive.hpp>
#include <joist/result.hpp>
#include <joist/web/router.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace joist::inline v0::web {

/// What happens to messages for a client that takes them more slowly than they come.
enum class slow_consumer : std::uint8_t {
  wait,   ///< the process waits, `write` at most; then the connection is closed
  close,  ///< up to `queue_bytes` wait in memory; beyond, the connection is closed with 1008: a process waits for no client
  drop,   ///< the same; beyond, messages are dropped, and send says so
};

struct websocket_options {
  std::vector<std::string> protocols = {};    ///< subprotocols that it speaks; the client's first choice among them is taken
  std::uint32_t max_message_bytes = 1 << 20;  ///< and of a frame; beyond: closed with 1009
  std::chrono::milliseconds ping_every{30'000};  ///< of silence; as long again without an answer: closed
  bool pings = true;                             ///< false: a client that is silent for `ping_every` is closed with 1001
  std::chrono::milliseconds write{30'000};
  std::chrono::milliseconds message{300'000};   ///< from its first bytes to its last; beyond: closed with 1008
  std::chrono::milliseconds close_wait{5'000};  ///< of a close: for the client to take it, and for its half
  slow_consumer when_slow = slow_consumer::wait;
  std::size_t queue_bytes = 1 << 20;
  bool compress = false;                        ///< permessage-deflate, where the client offers it; costs memory and time
  std::vector<std::string> allow_origins = {};  ///< "https://example.org" beside the host itself; "*": all
  /// When the server stops, asked for each connection: how long it goes on before it is closed with 1001, so that not all
  /// clients come back at once. Empty: all are closed at once. A server's `drain` ends what goes on for longer.
  std::function<std::chrono::milliseconds()> stays_at_stop = {};
};

struct websocket_message {
  bool is_text = true;    ///< UTF-8, checked; else bytes
  std::string_view data;  ///< until the next call of next()
};

struct client_error;
struct websocket_client_options;

/// How a connection ended: a code of RFC 6455, 7.4; 1005: the peer said none; 1006: without a close.
struct websocket_close {
  std::uint16_t code = 1006;
  std::string reason = {};
};

namespace ws {
/// To itself, when its stay is over.
struct time_to_go {};
}  // namespace ws

class websocket {
 public:
  struct state;
  explicit websocket(std::unique_ptr<state> made) noexcept;
  websocket(websocket&&) noexcept;
  websocket(const websocket&) = delete;
  websocket& operator=(const websocket&) = delete;
  ~websocket();

  /// To a server, at a URL that begins with ws:// or wss://: websocket_client.hpp. Throws client_failed.     [process]
  [[nodiscard]] static websocket connect(std::string_view url);
  [[nodiscard]] static websocket connect(std::string_view url, const websocket_client_options& options);
  [[nodiscard]] static result<websocket, client_error> try_connect(std::string_view url,
                                                                   const websocket_client_options& options);

  /// Waits for the next message of the client; nothing: the connection is closed, close_reason() says how. Messages of
  /// processes go to `handlers` meanwhile, as in joist::receive; what they return is dropped.     [process]
  template <class... Handlers>
  [[nodiscard]] std::optional<websocket_message> next(Handlers... handlers) {
    static_assert(
        !(joist::detail::is_timeout<Handlers> || ...),
        "joist: next() has limits of its own (websocket_options); instead of after(...) send yourself a message with "
        "send_after, and handle that");
    for (;;) {
      if (auto message = take()) return message;
      if (is_closed()) return std::nullopt;
      joist::receive(
          joist::when([this](const net::readable& r) { return is_own(r.stream); }, [this](net::readable) { stirred(); }),
          joist::when([this](const net::writable& w) { return is_own(w.stream); }, [this](net::writable) { flush(); }),
          [this](net::stopping) { server_stops(); }, [this](ws::time_to_go) { leave_at_stop(); }, handlers...,
          after(prepare_wait(), [this] { nothing_came(); }));
      has_waited();
    }
  }

  /// False: the connection is closed, or the message was dropped (slow_consumer). Text is UTF-8.     [process]
  bool send_text(std::string_view text);
  bool send_binary(std::string_view bytes);
  bool ping();
  /// Says so to the client, and waits for its answer. Codes that may be sent: 1000 to 1003, 1007 to 1014, 3000 to
  /// 4999; others: errc::bad_argument.     [process]
  void close(std::uint16_t code = 1000, std::string_view reason = {});

  [[nodiscard]] bool is_closed() const noexcept;
  [[nodiscard]] const websocket_close& close_reason() const noexcept;
  /// The subprotocol that was agreed on; empty: none.
  [[nodiscard]] const std::string& protocol() const noexcept;
  [[nodiscard]] net::endpoint remote() const;
  /// The client was closed because of what it sent.
  [[nodiscard]] bool broke_protocol() const noexcept;
  /// Bytes that wait for the client to read (slow_consumer).
  [[nodiscard]] std::size_t queued_bytes() const noexcept;

 private:
  [[nodiscard]] std::optional<websocket_message> take();
  [[nodiscard]] clock::time_point prepare_wait();
  void has_waited() noexcept;
  [[nodiscard]] bool is_own(std::uint64_t stream) const noexcept;
  void stirred() noexcept;
  void nothing_came();
  void server_stops();
  void leave_at_stop();
  void flush();

  std::unique_ptr<state> state_;
};

/// A client has become a WebSocket. By its process.
struct websocket_opened {
  static constexpr std::string_view event_name = "joist.web.websocket.opened";
  struct {
  } measurements;
  struct {
    std::string remote;
    std::string_view protocol;  ///< that was agreed on; empty: none
  } metadata;
};
/// Once for each that was opened, however it ends, but where its stack is given up.
struct websocket_closed {
  static constexpr std::string_view event_name = "joist.web.websocket.closed";
  struct {
    std::uint16_t code;  ///< as close_reason() has it; 1011: the body crashed
  } measurements;
  struct {
    std::string remote;
    std::string_view reason;  ///< for the time of the call
  } metadata;
};

/// Runs in the connection's process, once for each client.
using websocket_body = std::function<void(websocket&)>;

/// For a route: answers the handshake, and runs `body`.     [start-up]
[[nodiscard]] handler websocket_handler(websocket_options options, websocket_body body);
/// For a body that looks at the request first: refuses by throwing http_error, or returns what runs then.     [start-up]
[[nodiscard]] handler websocket_handler(websocket_options options, std::function<websocket_body(request&)> accept);

}  // namespace joist::inline v0::web
