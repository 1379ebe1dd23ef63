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
constexpr auto silence_before_rest = 1s;
constexpr std::size_t copied_bytes = 2048;  // a payload of so many goes behind its header in one piece

std::span<const std::byte> bytes_of(std::string_view text) noexcept { return std::as_bytes(std::span{text}); }

}  // namespace

websocket::websocket(std::unique_ptr<state> made) noexcept : state_{std::move(made)} {}
websocket::websocket(websocket&&) noexcept = default;

// A body that has returned has closed: ws::run_body. This is one that crashes, or is killed, or a client that is let go of:
// it must not wait.
websocket::~websocket() {
  if (state_ == nullptr) return;
  state& s = *state_;
  if (s.finished || s.close_sent || !s.queue().empty()) return;
  std::string frame;
  ws::append_close(frame, s.client ? ws::close_code::going_away : ws::close_code::internal_error, {}, s.mask());
  try {
    (void)s.peer.try_write_now(bytes_of(frame));
  } catch (...) {  // the process is being ended
  }
}

bool websocket::is_closed() const noexcept { return state_->finished || state_->close_sent; }
const websocket_close& websocket::close_reason() const noexcept { return state_->seldom_had().reason; }
bool websocket::broke_protocol() const noexcept { return state_->failed; }
const std::string& websocket::protocol() const noexcept { return state_->seldom_had().protocol; }
net::endpoint websocket::remote() const { return state_->peer.peer(); }
std::size_t websocket::queued_bytes() const noexcept { return state_->queue().size(); }

void websocket::state::finish(std::uint16_t code, std::string_view why) {
  if (std::exchange(finished, true)) return;
  rarely().reason = {code, std::string{why}};
}

void websocket::state::heard() {
  awaits_pong = false;
  quiet_at = clock::now() + options->ping_every;
}

// Pings and pongs are few and small: they are never dropped, and wait behind what is queued.
bool websocket::state::write_control(std::string_view frame) {
  if (options->when_slow == slow_consumer::wait) return write_all(frame, options->write);
  if (queue().empty()) return start_queue(frame);
  constexpr std::size_t most_controls_bytes = 64 * 1024;  // a client that pings and does not read
  if (queue().size() > options->queue_bytes + most_controls_bytes) return false;
  rarely().queue.add(frame);
  return true;
}

// The last frame: nothing behind it would send what is queued.
bool websocket::state::write_close(std::string_view frame, deadline limit) {
  if (!queue().empty()) {
    rarely().queue.add(frame);
    const bool written = write_all(queue().unsent(), limit);
    rarely().queue.clear();
    return written;
  }
  return write_all(frame, limit);
}

bool websocket::state::write_all(std::string_view frame, deadline limit) {
  if (finished) return false;
  if (const auto written = peer.try_write(frame, limit); !written) {
    finish(1006, written.error().message());
    return false;
  }
  return true;
}

// What the system does not take now waits: the rest of a frame that has begun is kept in any case.
bool websocket::state::start_queue(std::string_view frame) {
  const auto sent = peer.try_write_now(bytes_of(frame));
  if (!sent) {
    finish(1006, sent.error().message());
    return false;
  }
  if (*sent < frame.size()) rarely().queue.add(frame.substr(*sent));
  return true;
}

// Whether another frame may begin is asked before.
bool websocket::state::write_or_queue(std::string_view head, std::string_view payload) {
  std::string frame;
  frame.reserve(head.size() + payload.size());
  frame.append(head).append(payload);
  if (queue().empty()) return start_queue(frame);
  if (queue().size() + frame.size() > options->queue_bytes) {
    if (options->when_slow == slow_consumer::drop) return false;
    rarely().queue.clear();
    finish(1008, "the peer reads too slowly");
    peer.reset();
    return false;
  }
  rarely().queue.add(frame);
  return true;
}

bool websocket::state::send(ws::opcode type, std::string_view payload) {
  if (finished || close_sent) return false;
  ws::frame_header header{.op = type, .payload_bytes = payload.size()};
  ws::deflater* const compress = rare != nullptr && rare->compress ? &*rare->compress : nullptr;
  if (compress != nullptr || client) {  // what goes over the wire is another text
    std::string frame;
    if (compress != nullptr) {
      ws::append_message(frame, type, payload, *compress, mask());
    } else {
      ws::append_message(frame, type, payload, mask());
    }
    return options->when_slow == slow_consumer::wait ? write_all(frame, options->write) : write_or_queue(frame, {});
  }
  const ws::encoded_header head = ws::encode(header);
  if (options->when_slow != slow_consumer::wait) return write_or_queue(head.view(), payload);
  if (payload.size() <= copied_bytes) {
    std::array<char, ws::most_header_bytes + copied_bytes> frame;
    const auto behind = std::copy(payload.begin(), payload.end(), std::copy_n(head.bytes.begin(), head.size, frame.begin()));
    return write_all({frame.data(), static_cast<std::size_t>(behind - frame.begin())}, options->write);
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
  ws::append_ping(frame, {}, state_->mask());
  return !is_closed() && state_->write_control(frame);
}

void websocket::state::come_first(std::string_view bytes) {
  if (bytes.empty()) return;
  come = std::make_unique_for_overwrite<char[]>(std::max(bytes.size(), buffer_bytes));
  std::copy(bytes.begin(), bytes.end(), come.get());
  end = static_cast<std::uint32_t>(bytes.size());
}

// A client that sends a message by the byte would keep what has come of it for ever, for it is never silent.
bool websocket::state::is_message_in_time() {
  if (incoming.buffered_bytes() == 0) {
    message_until = {};
    return true;
  }
  const auto now = clock::now();
  if (message_until == clock::time_point{}) message_until = now + options->message;
  if (now < message_until) return true;
  refuse(ws::close_code::policy_violation, "a message did not come in time");
  return false;
}

// What the client has broken: it is told, and nothing more of it is read.
void websocket::state::refuse(ws::close_code code, std::string_view why) {
  std::string frame;
  ws::append_close(frame, code, why, mask());
  if (!close_sent) (void)write_close(frame, options->close_wait);
  finish(static_cast<std::uint16_t>(code), why);
  failed = true;
}

ws::event websocket::state::next_event(deadline limit) {
  while (!finished && !is_others_turn()) {
    // Of no bytes, too: what the last event was a view of is given back before a wait.
    std::span<char> unread{come.get() + begin, end - begin};
    const ws::event e = incoming.next(unread);
    begin = end - static_cast<std::uint32_t>(unread.size());
    ++taken_in_a_row;
    if (e) return e;
    if (!is_message_in_time()) break;
    begin = end = 0;
    if (come == nullptr) come = std::make_unique_for_overwrite<char[]>(buffer_bytes);
    const auto got = peer.try_read_some(std::as_writable_bytes(std::span{come.get(), buffer_bytes}), limit);
    if (got && *got > 0) {
      end = static_cast<std::uint32_t>(*got);
      heard();
      continue;
    }
    come = nullptr;
    if (got) {
      finish(1006, "the peer closed the connection without a close frame");
    } else if (got.error() != std::errc::timed_out) {
      finish(1006, got.error().message());
    }
    break;
  }
  return {};
}

// What is no message is dealt with here.
std::optional<websocket_message> websocket::take() {
  state& s = *state_;
  if (s.heard_in_a_row >= state::most_in_a_row) s.taken_in_a_row = s.heard_in_a_row = 0;
  while (!s.finished) {
    const ws::event e = s.next_event(0ms);
    std::string frame;
    switch (e.what) {
      case ws::event::kind::none: return std::nullopt;
      case ws::event::kind::text:
      case ws::event::kind::binary: s.rests = false; return websocket_message{e.what == ws::event::kind::text, e.payload};
      case ws::event::kind::pong: break;
      case ws::event::kind::ping:
        ws::append_pong(frame, e.payload, s.mask());
        if (!s.close_sent && !s.write_control(frame)) s.finish(1008, "the peer pings and does not read");
        break;
      case ws::event::kind::close:
        if (!s.close_sent) {
          ws::append_close(frame, e.code == ws::close_code::no_status ? ws::close_code::normal : e.code, {}, s.mask());
          (void)s.write_close(frame, s.options->close_wait);
        }
        s.finish(static_cast<std::uint16_t>(e.code), e.payload);
        break;
      case ws::event::kind::failure: s.refuse(e.code, e.payload); break;
    }
  }
  return std::nullopt;
}

// A client that has been silent for a while is often silent for long, but for its pongs.
clock::time_point websocket::prepare_wait() {
  state& s = *state_;
  if (s.is_others_turn()) {
    ++s.heard_in_a_row;
    return clock::time_point{};  // others' turn: a look, and no wait
  }
  s.taken_in_a_row = 0;
  s.peer.announce_readable();
  if (!s.queue().empty()) s.peer.announce_writable();
  s.only_client = false;
  if (!s.rests) return std::min(s.quiet_at, clock::now() + silence_before_rest);
  hibernate_next_wait();
  return s.quiet_at;
}

bool websocket::is_own(std::uint64_t stream) const noexcept { return stream == state_->peer.id(); }
void websocket::stirred() noexcept { state_->only_client = true; }
void websocket::has_waited() noexcept { state_->rests &= state_->only_client; }

void websocket::nothing_came() {
  state& s = *state_;
  s.only_client = true;
  if (s.is_others_turn()) {
    s.taken_in_a_row = s.heard_in_a_row = 0;
    return;
  }
  s.rests = true;
  if (clock::now() < s.quiet_at) return;
  if (!s.options->pings) return close(1001, "silent for too long");
  if (s.awaits_pong) return s.finish(1006, "the peer did not answer a ping");
  (void)ping();
  s.heard();
  s.awaits_pong = true;
}

void websocket::server_stops() {
  const auto& stays = state_->options->stays_at_stop;
  const auto time = stays ? stays() : 0ms;
  if (time <= 0ms) return leave_at_stop();
  (void)send_after(time, self(), ws::time_to_go{});
}
void websocket::leave_at_stop() { close(1001, "the server stops"); }

void websocket::flush() {
  state& s = *state_;
  if (s.queue().empty() || s.finished) return;
  const auto sent = s.peer.try_write_now(bytes_of(s.queue().unsent()));
  if (!sent) return s.finish(1006, sent.error().message());
  s.rarely().queue.sent(*sent);
}

void websocket::close(std::uint16_t code, std::string_view why) {
  state& s = *state_;
  if (s.finished || s.close_sent) return;
  std::string frame;
  ws::append_close(frame, static_cast<ws::close_code>(code), why, s.mask());
  const deadline limit = deadline{s.options->close_wait}.fixed();
  if (!s.write_close(frame, limit)) return;
  s.close_sent = true;
  s.peer.withdraw_announcement();
  s.wait_for_close(limit);
  s.finish(code, why);
}

// Messages that come meanwhile are dropped: RFC 6455, 1.4.
void websocket::state::wait_for_close(deadline limit) {
  do {
    taken_in_a_row = 0;
    const ws::event e = next_event(limit);
    if (finished || e.what == ws::event::kind::close || e.what == ws::event::kind::failure) return;
  } while (clock::now().time_since_epoch().count() < limit.resolve());  // also of a client that sends without a pause
}

}  // namespace joist::inline v0::web
