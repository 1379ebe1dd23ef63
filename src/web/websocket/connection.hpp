// web/websocket/connection.hpp: what a websocket holds.
//
// finished   close_sent   a connection that
//   no         no           is open
//   no         yes          has sent its close, and waits for the client's (within close())
//   yes        -            is over: reason says how
#pragma once

#include <joist/detail/node.hpp>
#include <joist/net/stream.hpp>
#include <joist/web/websocket.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "web/websocket/decoder.hpp"
#include "web/websocket/encoder.hpp"
#include "web/websocket/mask_keys.hpp"

namespace joist::inline v0::web {

namespace ws {
struct client_end;
}

/// What a client has, and a server has not.
struct ws::client_end {
  net::stream connection;
  mask_keys keys{};
};

/// What a client is too slow to take; no memory while it is empty.
class send_queue {
 public:
  [[nodiscard]] std::string_view unsent() const noexcept { return std::string_view{bytes_}.substr(sent_); }
  [[nodiscard]] std::size_t size() const noexcept { return bytes_.size() - sent_; }
  [[nodiscard]] bool empty() const noexcept { return size() == 0; }
  void add(std::string_view frame) { bytes_ += frame; }
  void sent(std::size_t count) {
    sent_ += count;
    if (empty()) return clear();
    if (sent_ > bytes_.size() / 2) bytes_.erase(0, std::exchange(sent_, 0));
  }
  void clear() noexcept {
    bytes_ = std::string{};
    sent_ = 0;
  }

 private:
  std::string bytes_;
  std::size_t sent_ = 0;
};

struct websocket::state {
  state(net::stream& to, std::shared_ptr<const websocket_options> how, const ws::decoder_options& reading)
      : peer{to}, options{std::move(how)}, incoming{reading}, quiet_at{clock::now() + options->ping_every} {}
  state(std::unique_ptr<ws::client_end> self, std::shared_ptr<const websocket_options> how,
        const ws::decoder_options& reading)
      : client{std::move(self)},
        peer{client->connection},
        options{std::move(how)},
        incoming{reading},
        quiet_at{clock::now() + options->ping_every} {}

  /// None: nothing has come until then, or it is finished.
  [[nodiscard]] ws::event next_event(joist::detail::deadline limit);
  [[nodiscard]] bool send(ws::opcode type, std::string_view payload);
  bool write_all(std::string_view frame, joist::detail::deadline limit);
  bool write_or_queue(std::string_view head, std::string_view payload);
  bool write_control(std::string_view frame);
  bool write_close(std::string_view frame, joist::detail::deadline limit);
  bool start_queue(std::string_view frame);
  void wait_for_close(joist::detail::deadline limit);
  void finish(std::uint16_t code, std::string_view why);
  void heard();
  void refuse(ws::close_code code, std::string_view why);
  [[nodiscard]] bool is_message_in_time();
  [[nodiscard]] bool is_others_turn() const noexcept { return taken_in_a_row >= most_in_a_row; }
  static constexpr std::uint8_t most_in_a_row = 16;

  /// What `bytes` are, before anything else that comes.
  void come_first(std::string_view bytes);

  // What few connections have, or none while they are open.
  struct seldom {
    std::string protocol;
    std::optional<ws::deflater> compress;
    send_queue queue;
    websocket_close reason;
  };
  [[nodiscard]] seldom& rarely() {
    if (rare == nullptr) rare = std::make_unique<seldom>();
    return *rare;
  }
  [[nodiscard]] const seldom& seldom_had() const noexcept {
    static const seldom none;
    return rare != nullptr ? *rare : none;
  }
  [[nodiscard]] const send_queue& queue() const noexcept { return seldom_had().queue; }

  static void* operator new(std::size_t bytes) { return base::pool_allocate_uncounted(bytes); }
  static void operator delete(void* memory, std::size_t bytes) noexcept { base::pool_release_uncounted(memory, bytes); }
  /// Of the next frame: clients mask.
  [[nodiscard]] std::optional<ws::mask_key> mask() { return client ? std::optional{client->keys.next()} : std::nullopt; }

  const std::unique_ptr<ws::client_end> client;  // null: a server's
  net::stream& peer;
  const std::shared_ptr<const websocket_options> options;
  ws::decoder incoming;
  std::unique_ptr<char[]> come;  // and not decoded: [begin, end); none while it waits
  std::uint32_t begin = 0;
  std::uint32_t end = 0;
  std::unique_ptr<seldom> rare;  // null: as it begins
  clock::time_point quiet_at;
  clock::time_point message_until;  // of the message that has come in part; the epoch: there is none
  std::uint8_t taken_in_a_row = 0;  // of the client, without a look at what others sent
  std::uint8_t heard_in_a_row = 0;  // of others, when it is their turn
  bool awaits_pong = false;
  bool rests = false;        // has been silent for a while: its next wait may be long
  bool only_client = false;  // its last wait was ended by the client, or by time
  bool close_sent = false;
  bool finished = false;
  bool failed = false;  // the client broke the protocol, and may still be sending
};
static_assert(sizeof(websocket::state) <= 144, "a million idle connections: 144 MB");

}  // namespace joist::inline v0::web
