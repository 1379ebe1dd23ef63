#include <joist/web/websocket.hpp>

#include <joist/joist.hpp>

#include <algorithm>
#include <array>
#include <exception>
#include <utility>

#include "web/websocket/connection.hpp"

namespace joist::inline v0::web {

using namespace std::chrono_literals;
using joist::detail::deadline;

namespace {

constexpr std::size_t buffer_bytes = 4096;
constexpr std::size_t copied_bytes = 2048;  // a payload of so many goes behind its header in one piece

std::span<const std::byte> bytes_of(std::string_view text) noexcept { return std::as_bytes(std::span{text}); }

}  // namespace

websocket::websocket(std::unique_ptr<state> made) noexcept : state_{std::move(made)} {}

// A body that has returned has closed: ws::run_body. This is one that crashes, or is killed: it must not wait.
websocket::~websocket() {
  state& s = *state_;
  if (s.finished || s.close_sent || s.queue_used < s.queue.size()) return;
  std::string frame;
  ws::append_close(frame, ws::close_code::internal_error);
  try {
    (void)s.peer.try_write_now(bytes_of(frame));
  } catch (...) {  // the process is being ended
  }
}

bool websocket::is_closed() const noexcept { return state_->finished || state_->close_sent; }
const websocket_close& websocket::close_reason() const noexcept { return state_->reason; }
bool websocket::broke_protocol() const noexcept { return state_->failed; }
const std::string& websocket::protocol() const noexcept { return state_->protocol; }
net::endpoint websocket::remote() const { return state_->peer.peer(); }
std::size_t websocket::queued_bytes() const noexcept { return state_->queue.size() - state_->queue_used; }

void websocket::state::finish(std::uint16_t code, std::string_view why) {
  if (std::exchange(finished, true)) return;
  reason = {code, std::string{why}};
}

void websocket::state::heard() {
  awaits_pong = false;
  quiet_at = clock::now() + options->ping_every;
}

// Control frames are few and small: they are never dropped, and wait behind what is queued.
bool websocket::state::write_control(std::string_view frame) {
  if (queue_used < queue.size()) {
    constexpr std::size_t most_controls_bytes = 64 * 1024;  // a client that pings and does not read
    if (queue.size() - queue_used > options->queue_bytes + most_controls_bytes) return false;
    queue += frame;
    return true;
  }
  return write_all(frame);
}

bool websocket::state::write_all(std::string_view frame) {
  if (finished) return false;
  if (const auto written = peer.try_write(frame, options->write); !written) {
    finish(1006, written.error().message());
    return false;
  }
  return true;
}

// The rest of a frame that has begun is kept in any case; whether another may begin is asked before.
bool websocket::state::write_or_queue(std::string_view head, std::string_view payload) {
  std::string frame;
  frame.reserve(head.size() + payload.size());
  frame.append(head).append(payload);
  if (queue_used == queue.size()) {
    const auto sent = peer.try_write_now(bytes_of(frame));
    if (!sent) {
      finish(1006, sent.error().message());
      return false;
    }
    if (*sent == frame.size()) return true;
    queue = frame.substr(*sent);
    queue_used = 0;
    return true;
  }
  if (queue.size() - queue_used + frame.size() > options->queue_bytes) {
    if (options->when_slow == slow_consumer::drop) return false;
    queue.clear();
    queue_used = 0;
    finish(1008, "the client reads too slowly");
    peer.reset();
    return false;
  }
  queue += frame;
  return true;
}

bool websocket::state::send(ws::opcode type, std::string_view payload) {
  if (finished || close_sent) return false;
  std::string compressed;
  ws::frame_header header{.op = type, .payload_bytes = payload.size()};
  if (compress) {
    ws::append_message(compressed, type, payload, *compress);
    return options->when_slow == slow_consumer::wait ? write_all(compressed) : write_or_queue(compressed, {});
  }
  const ws::encoded_header head = ws::encode(header);
  if (options->when_slow != slow_consumer::wait) return write_or_queue(head.view(), payload);
  if (payload.size() <= copied_bytes) {
    std::array<char, ws::most_header_bytes + copied_bytes> frame;
    const auto end = std::copy(payload.begin(), payload.end(), std::copy_n(head.bytes.begin(), head.size, frame.begin()));
    return write_all({frame.data(), static_cast<std::size_t>(end - frame.begin())});
  }
  const std::array pieces{bytes_of(head.view()), bytes_of(payload)};
  if (const auto written = peer.try_write(pieces, options->write); !written) {
    finish(1006, written.error().message());
    return false;
  }
  return true;
}

bool websocket::send_text(std::string_view text) { return state_->send(ws::opcode::text, text); }
bool websocket::send_binary(std::string_view bytes) { return state_->send(ws::opcode::binary, bytes); }

bool websocket::ping() {
  std::string frame;
  ws::append_ping(frame);
  return !is_closed() && state_->write_control(frame);
}

ws::event websocket::state::next_event(deadline limit) {
  for (;;) {
    if (begin < come.size()) {
      std::span<char> unread = std::span{come}.subspan(begin);
      const ws::event e = incoming.next(unread);
      begin = come.size() - unread.size();
      if (e) return e;
    }
    come.resize(buffer_bytes);
    begin = come.size();
    const auto got = peer.try_read_some(std::as_writable_bytes(std::span{come}), limit);
    if (got && *got > 0) {
      come.resize(*got);
      begin = 0;
      heard();
      continue;
    }
    come = std::vector<char>{};  // with its memory
    begin = 0;
    if (got) {
      finish(1006, "the client closed the connection without a close frame");
    } else if (got.error() != std::errc::timed_out) {
      finish(1006, got.error().message());
    }
    return {};
  }
}

// What is no message is dealt with here.
std::optional<websocket_message> websocket::take() {
  state& s = *state_;
  while (!s.finished) {
    const ws::event e = s.next_event(0ms);
    std::string frame;
    switch (e.what) {
      case ws::event::kind::none: return std::nullopt;
      case ws::event::kind::text: return websocket_message{true, e.payload};
      case ws::event::kind::binary: return websocket_message{false, e.payload};
      case ws::event::kind::pong: break;
      case ws::event::kind::ping:
        ws::append_pong(frame, e.payload);
        if (!s.close_sent && !s.write_control(frame)) s.finish(1008, "the client pings and does not read");
        break;
      case ws::event::kind::close:
        if (!s.close_sent) {
          ws::append_close(frame, e.code == ws::close_code::no_status ? ws::close_code::normal : e.code);
          (void)s.write_control(frame);
        }
        s.finish(static_cast<std::uint16_t>(e.code), e.payload);
        break;
      case ws::event::kind::failure:
        if (!s.close_sent) {
          ws::append_close(frame, e.code, e.payload);
          (void)s.write_control(frame);
        }
        s.finish(static_cast<std::uint16_t>(e.code), e.payload);
        s.failed = true;
        break;
    }
  }
  return std::nullopt;
}

std::uint64_t websocket::prepare_wait() {
  state& s = *state_;
  s.peer.announce_readable();
  if (s.queue_used < s.queue.size()) s.peer.announce_writable();
  return s.peer.id();
}

clock::time_point websocket::quiet_until() const noexcept { return state_->quiet_at; }

void websocket::is_quiet() {
  state& s = *state_;
  if (s.awaits_pong) return s.finish(1006, "the client did not answer a ping");
  (void)ping();
  s.heard();
  s.awaits_pong = true;
}

void websocket::flush() {
  state& s = *state_;
  if (s.queue_used == s.queue.size() || s.finished) return;
  const auto sent = s.peer.try_write_now(bytes_of(std::string_view{s.queue}.substr(s.queue_used)));
  if (!sent) return s.finish(1006, sent.error().message());
  s.queue_used += *sent;
  if (s.queue_used == s.queue.size()) {
    s.queue = std::string{};
    s.queue_used = 0;
  } else if (s.queue_used > s.queue.size() / 2) {
    s.queue.erase(0, s.queue_used);
    s.queue_used = 0;
  }
}

void websocket::close(std::uint16_t code, std::string_view why) {
  state& s = *state_;
  if (s.finished || s.close_sent) return;
  std::string frame;
  ws::append_close(frame, static_cast<ws::close_code>(code), why);
  const deadline limit = deadline{s.options->close_wait}.fixed();
  if (s.queue_used < s.queue.size()) {
    const auto flushed = s.peer.try_write(bytes_of(std::string_view{s.queue}.substr(s.queue_used)), limit);
    s.queue = std::string{};
    s.queue_used = 0;
    if (!flushed) return s.finish(1006, flushed.error().message());
  }
  if (!s.write_all(frame)) return;
  s.close_sent = true;
  s.peer.withdraw_announcement();
  s.wait_for_close(limit);
  s.finish(code, why);
}

// Messages that come meanwhile are dropped: RFC 6455, 1.4.
void websocket::state::wait_for_close(deadline limit) {
  while (const ws::event e = next_event(limit)) {
    if (e.what == ws::event::kind::close || e.what == ws::event::kind::failure) return;
  }
}

}  // namespace joist::inline v0::web
