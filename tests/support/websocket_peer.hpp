// tests/support/websocket_peer.hpp: a client of WebSockets that also does what it must not.
#pragma once

#include <joist/net/stream.hpp>

#include <array>
#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "support/world.hpp"
#include "web/websocket/decoder.hpp"
#include "web/websocket/encoder.hpp"

namespace support {

namespace ws = joist::web::ws;

struct told {
  ws::event::kind what = ws::event::kind::none;  // none: the connection has ended
  std::string payload = {};
  int code = 0;
};

class websocket_peer {
 public:
  explicit websocket_peer(const joist::net::endpoint& server, const std::string& path = "/", const std::string& fields = {})
      : stream_{joist::net::connect(server)} {
    stream_.write("GET " + path +
                  " HTTP/1.1\r\nHost: localhost\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n"
                  "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n" +
                  fields + "\r\n");
    while (answer.find("\r\n\r\n") == answer.npos) {
      const std::string more = read();
      if (more.empty()) return;
      answer += more;
    }
    const auto end = answer.find("\r\n\r\n") + 4;
    come_ = answer.substr(end);
    answer.resize(end);
  }

  void text(std::string_view payload) { send(ws::opcode::text, payload); }
  void send(ws::opcode type, std::string_view payload) {
    std::string out;
    ws::append_frame(out, {.op = type, .masked = key_, .payload_bytes = payload.size()}, payload);
    raw(out);
  }
  void raw(std::string_view bytes) { (void)stream_.try_write(bytes); }

  told next() {
    for (;;) {
      std::span<char> unread{come_};
      const ws::event e = decoder_.next(unread);
      const told t{e.what, std::string{e.payload}, static_cast<int>(e.code)};
      come_ = std::string{unread.data(), unread.size()};
      if (e) return t;
      const std::string more = read();
      if (more.empty()) return {};
      come_ += more;
    }
  }
  /// Whether something came that next() has not looked at.
  bool has_come() {
    std::array<char, 4096> buffer{};
    const auto got = stream_.try_read_some(std::as_writable_bytes(std::span{buffer}), std::chrono::milliseconds{0});
    if (got) come_.append(buffer.data(), *got);
    return !come_.empty() || (got && *got == 0);
  }
  /// The payload of the next message.
  std::string message() {
    const told t = next();
    EXPECT(t.what == ws::event::kind::text || t.what == ws::event::kind::binary);
    return t.payload;
  }
  /// The code of the close that comes next, and after it the end.
  int closed_with() {
    const told t = next();
    EXPECT(t.what == ws::event::kind::close);
    return t.code;
  }
  joist::net::stream& stream() { return stream_; }

  std::string answer;

 private:
  std::string read() {
    std::array<char, 4096> buffer{};
    const auto got = stream_.try_read_some(std::as_writable_bytes(std::span{buffer}), std::chrono::seconds{20});
    return got ? std::string{buffer.data(), *got} : std::string{};
  }

  const ws::mask_key key_{0x12, 0x34, 0x56, 0x78};
  joist::net::stream stream_;
  ws::decoder decoder_{{.self = ws::role::client}};
  std::string come_;
};

}  // namespace support
