// load/channel_client.hpp: a client that has joined a channel, as the official one does, and hears frames.
#pragma once

#include <joist/joist.hpp>
#include <joist/net/stream.hpp>

#include <array>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include "server_side.hpp"

namespace load {

// Bytes in, payloads of unmasked frames out.
class frames {
 public:
  // The payload of the next frame; waits for it.
  std::string_view next(joist::net::stream& s) {
    for (;;) {
      if (const std::size_t header = header_bytes(); header > 0 && come_.size() - taken_ >= header + payload_bytes()) {
        const std::string_view payload = std::string_view{come_}.substr(taken_ + header, payload_bytes());
        taken_ += header + payload.size();
        return payload;
      }
      read(s);
    }
  }
  // How many frames have come; waits for one.
  std::size_t next_all(joist::net::stream& s) {
    (void)next(s);
    std::size_t count = 1;
    while (header_bytes() > 0 && come_.size() - taken_ >= header_bytes() + payload_bytes()) {
      (void)next(s);
      ++count;
    }
    return count;
  }

 private:
  [[nodiscard]] unsigned byte(std::size_t i) const { return static_cast<unsigned char>(come_[taken_ + i]); }
  [[nodiscard]] std::size_t header_bytes() const {
    const std::size_t have = come_.size() - taken_;
    if (have < 2) return 0;
    if (byte(1) < 126) return 2;
    return have >= 4 ? 4 : 0;
  }
  [[nodiscard]] std::size_t payload_bytes() const { return byte(1) < 126 ? byte(1) : byte(2) << 8 | byte(3); }
  void read(joist::net::stream& s) {
    come_.erase(0, std::exchange(taken_, 0));
    std::array<char, 4096> buffer;
    const std::size_t got = s.read_some(std::as_writable_bytes(std::span{buffer}), 120s);
    if (got == 0) throw std::runtime_error{"the server has closed the connection"};
    come_.append(buffer.data(), got);
  }

  std::string come_;
  std::size_t taken_ = 0;
};

inline std::string text_frame(const std::string& text) { return header_of(text.size()) + text; }

struct client {
  joist::net::stream stream;
  frames in;
};

inline client join(const settings& how, std::string_view params = "{}") {
  settings to = how;
  to.path += "/websocket?vsn=2.0.0";
  client c{open_websocket(to), {}};
  c.stream.write(text_frame(R"(["1","1",")" + how.topic + R"(","phx_join",)" + std::string{params} + "]"));
  const std::string_view answer = c.in.next(c.stream);
  if (answer.find(R"("status":"ok")") == answer.npos) throw std::runtime_error{"not joined: " + std::string{answer}};
  return c;
}

}  // namespace load
