#include "web/http/serving.hpp"

#include <joist/joist.hpp>
#include <joist/otp/proc.hpp>
#include <joist/telemetry.hpp>
#include <joist/web/http_error.hpp>

#include <sys/ioctl.h>

#include <algorithm>
#include <array>
#include <utility>

#include "web/http/date_now.hpp"
#include "web/http/linger.hpp"
#include "web/http/request_access.hpp"
#include "web/http/shown.hpp"

namespace joist::inline v0::web::http {
namespace {

using namespace std::chrono_literals;
using joist::detail::deadline;

constexpr std::size_t answers_gathered_bytes = std::size_t{64} << 10;  // of requests that came together
constexpr std::size_t sent_piece_bytes = std::size_t{128} << 10;  // of an answer: who does not take it in times.write is cut
constexpr std::uint64_t body_skipped_bytes = std::uint64_t{64}
                                             << 10;  // unread by the handler: skipped, else the connection is closed

// Of the path alone: in a query, and in fields, there may be secrets.
std::string words_for_report(const request& in) {
  constexpr std::size_t longest_path_bytes = 200;
  std::string words = fmt::format("{} {}", shown(in.method()), shown(in.path(), longest_path_bytes));
  if (!in.route().empty()) words += fmt::format(" (route {})", in.route());
  return words + fmt::format(" from {}", in.remote().to_string());
}

// The client is gone, or too slow: nothing more can be said to it.
struct gone {};

}  // namespace

serving::received serving::receive_more(deadline limit) {
  const auto got = peer_.try_read_some(in_.room(), limit);
  if (!got && got.error() == std::errc::timed_out) return received::nothing;
  if (!got || *got == 0) return received::end;
  in_.came(*got);
  return received::some;
}

void serving::flush() {
  if (!lost_ && !out_.empty()) lost_ = !peer_.try_write(std::exchange(out_, {}), how_.options.times.write);
  if (lost_) throw gone{};
}

// What is in out_, and these behind it. The limit is for a piece: a large answer has as much time as it is large.
bool serving::send_in_pieces(std::string_view bytes, std::string_view end) {
  if (lost_) return false;
  do {
    const std::string_view piece = bytes.substr(0, sent_piece_bytes);
    bytes.remove_prefix(piece.size());
    const std::array pieces{std::as_bytes(std::span{out_}), std::as_bytes(std::span{piece}),
                            std::as_bytes(std::span{bytes.empty() ? end : std::string_view{}})};
    lost_ = !peer_.try_write(pieces, how_.options.times.write);
    if (lost_) return false;
    out_.clear();
  } while (!bytes.empty());
  return true;
}

bool serving::send_file(const file_body& part, std::uint64_t bytes) {
  for (std::uint64_t sent = 0; sent < bytes;) {
    const std::uint64_t piece = std::min<std::uint64_t>(bytes - sent, sent_piece_bytes);
    const auto went = peer_.try_send_file(part.file.descriptor(), part.offset + sent, piece, how_.options.times.write);
    lost_ = !went;
    if (lost_ || *went < piece) return false;  // the client is gone, or the file is shorter now
    sent += piece;
  }
  return true;
}

bool serving::run() {
  try {
    const received first = receive_more(0ms);
    if (first != received::some) return first == received::nothing;  // told once too often
    for (;;) {
      const outcome o = next_request();
      if (o == outcome::next) continue;
      flush();
      if (o == outcome::close && taken_ == nullptr && may_be_sending()) linger(peer_);
      return o == outcome::wait;
    }
  } catch (const gone&) {
    taken_ = nullptr;
    return false;
  }
}

// Of what was refused, of a body, or of requests behind the one that ends the connection: some is here, or with the system,
// and more may be on its way.
bool serving::may_be_sending() const {
  if (refused_ || !in_.empty() || (reader_.has_body() && !body_over_)) return true;
  int unread_bytes = 0;
  return ::ioctl(peer_.native_handle(), FIONREAD, &unread_bytes) == 0 && unread_bytes > 0;
}

serving::outcome serving::next_request() {
  deadline limit;
  for (;;) {
    if (in_.empty() && reader_.is_idle()) return outcome::wait;
    request_reader::step s = reader_.read(in_.unread());
    in_.use(s.used);
    if (s.what == progress::head) return answer(*std::move(s.head));
    if (s.what == progress::refused) {
      refuse(reader_.refused());
      return outcome::close;
    }
    flush();
    if (limit.is_never()) limit = deadline{how_.options.times.head}.fixed();
    const received more = receive_more(limit);
    if (more == received::end) return outcome::close;
    if (more == received::nothing) {
      refuse({408, "the head of the request did not come in time"});
      return outcome::close;
    }
  }
}

// Why the handler ended otherwise than by an answer; then `out` is a page for that.
std::optional<exit_reason> serving::call_handler(request& in, response& out) {
  return catch_end([&] {
    try {
      out = how_.answers(in);
    } catch (const http_error& e) {
      out = status_page(e);
    }
  });
}

// Another request may come behind this one: decided before the answer is written, for it says so. A stop that is heard of
// here is said again: a streamed body may listen for it.
bool serving::goes_on(bool crashed) {
  if (crashed || refused_ || !reader_.keep_alive() || served_ >= how_.options.max_requests) return false;
  if (receive<net::stopping>(after(0ms))) {
    joist::send(self(), net::stopping{});
    return false;
  }
  return skip_body();
}

serving::outcome serving::answer(request in) {
  const clock::time_point begun = clock::now();
  ++served_;
  body_over_ = false;
  continued_ = !reader_.expects_continue();
  body_limit_ = deadline{how_.options.times.body}.fixed();
  request_access::came_by(in, peer_, how_.options.tls.has_value());
  in.read_body_from(*this);

  response out;
  std::optional<exit_reason> crash = call_handler(in, out);
  if (crash) out = status_page(500);
  // Who takes the connection over hears of a stop itself, and begins behind the request.
  bool is_taken = !crash && std::holds_alternative<takeover_body>(out.body);
  if (is_taken && !skip_body()) {
    out = status_page(400);
    is_taken = false;
    refused_ = true;
  }
  const bool keep_alive = !is_taken && goes_on(crash.has_value());
  auto bad_answer = write_answer(in, out, keep_alive);
  if (!crash) crash = std::move(bad_answer);
  if (crash) out.why = crash->to_string();
  telemetry::execute_with([&] {
    return request_served{{out.status, clock::now() - begun, out.body_size().value_or(0)},
                          {in.method(), in.target(), in.remote().to_string(), in.route(),
                           in.version() == http_version::http_1_1 ? "HTTP/1.1" : "HTTP/1.0", in.field("Referer"),
                           in.field("User-Agent"), out.why}};
  });
  if (auto* other = std::get_if<takeover_body>(&out.body); other != nullptr && !crash) {
    const auto rest = in_.unread();
    taken_ = std::make_unique<takeover>();
    taken_->protocol = std::move(other->protocol);
    taken_->already_come.assign(reinterpret_cast<const char*>(rest.data()), rest.size());
    return outcome::close;
  }
  if (crash) {  // told of before its page is sent, for the client may be gone
    if (!crash->is_orderly()) joist::detail::report_crash_of_process(*crash, {{"request", words_for_report(in)}});
    joist::detail::exit_on_return(*std::move(crash));
    return outcome::close;
  }
  if (!keep_alive) return outcome::close;
  reader_.restart();
  if (out_.size() > answers_gathered_bytes) flush();
  return outcome::next;
}

// Why there is no answer that can be written: its head was refused, or what streams the body has ended with it.
std::optional<exit_reason> serving::write_answer(const request& in, response& out, bool keep_alive) {
  const date_text date = date_now();
  exchange with{in.method(), in.version(), keep_alive, {date.data(), date.size()}, how_.options.server_field};
  framing frame;
  auto refused = catch_end([&] { frame = append_head(out_, out, with); });
  if (refused) {
    out = status_page(500);
    with.keep_alive = false;
    frame = append_head(out_, out, with);
  }
  bool lost = false;
  auto broken = catch_end([&] {
    try {
      write_body(out, frame);
    } catch (const gone&) {
      lost = true;
    }
  });
  if (lost) throw gone{};
  return refused ? refused : broken;
}

void serving::write_body(response& out, framing frame) {
  if (frame.body == body_framing::none) return;
  if (const auto* text = std::get_if<std::string>(&out.body)) {
    constexpr std::size_t copied_bytes = 16 * 1024;
    if (text->size() <= copied_bytes) {
      out_ += *text;
      return;
    }
    if (!send_in_pieces(*text)) joist::exit(exit_reason::normal);
    return;
  }
  flush();
  if (const auto* part = std::get_if<file_body>(&out.body)) {
    // The head has promised more: only an end of the connection can say that it does not come.
    if (!send_file(*part, frame.size)) joist::exit(exit_reason::normal);
    return;
  }
  if (auto* streamed = std::get_if<streamed_body>(&out.body)) {
    streams_ = frame;
    streamed->write(*this);
    if (frame.body == body_framing::chunked) out_ += last_chunk;
    if (frame.body == body_framing::sized && streams_->size > 0)
      throw error{errc::bad_argument,
                  fmt::format("streamed body: expected the {} bytes that its size promised, {} are missing", frame.size,
                              streams_->size)};
    streams_.reset();
  }
}

// A piece of a streamed body.
void serving::write(std::string_view bytes) {
  if (bytes.empty() || !streams_) return;
  if (streams_->body == body_framing::sized) {
    if (bytes.size() > streams_->size)
      throw error{errc::bad_argument, "streamed body: expected no more bytes than its size promised, got more"};
    streams_->size -= bytes.size();
  }
  const bool chunked = streams_->body == body_framing::chunked;
  if (chunked) append_chunk_begin(out_, bytes.size());
  if (!send_in_pieces(bytes, chunked ? chunk_end : std::string_view{})) joist::exit(exit_reason::normal);
}

void serving::refuse_body(const refusal& why) {
  refused_ = true;
  throw http_error{why.status, std::string{why.why}};
}

// In a handler: what is wrong with the connection is said as what is wrong with the body.
void serving::receive_body() {
  try {
    flush();
  } catch (const gone&) {
    refuse_body({400, "the client has gone"});
  }
  const auto pause = deadline{how_.options.times.body_pause}.fixed();
  switch (receive_more(pause.resolve() < body_limit_.resolve() ? pause : body_limit_)) {
    case received::some: return;
    case received::nothing: return refuse_body({408, "the body did not come in time"});
    case received::end: return refuse_body({400, "the body ended early"});
  }
}

// Some bytes of the body.
std::size_t serving::read(std::span<std::byte> into) {
  while (piece_.empty()) {
    if (body_over_) return 0;
    if (!std::exchange(continued_, true) && in_.empty()) out_ += continue_response;
    const request_reader::step s = reader_.read(in_.unread());
    if (s.what == progress::body) {
      piece_ = s.body;
      piece_used_ = s.used;
      break;
    }
    in_.use(s.used);
    if (s.what == progress::done) {
      body_over_ = true;
    } else if (s.what == progress::refused) {
      refuse_body(reader_.refused());
    } else {
      receive_body();
    }
  }
  const std::size_t count = std::min(into.size(), piece_.size());
  std::copy_n(piece_.begin(), count, into.begin());
  piece_ = piece_.subspan(count);
  if (piece_.empty()) in_.use(std::exchange(piece_used_, 0));
  return count;
}

// What the handler has not read of the body stands before the next request. False: it is too much to be worth it.
// noinline: what has a large frame is not part of the frame that every request has.
[[gnu::noinline]] bool serving::skip_body() {
  if (!continued_ && in_.empty()) return false;  // the client waits for 100, and may send it or not
  std::array<std::byte, 1024> nowhere;
  std::uint64_t skipped = 0;
  try {
    while (const std::size_t got = read(nowhere)) {
      skipped += got;
      if (skipped > body_skipped_bytes) return false;
    }
    return true;
  } catch (const http_error&) {
    return false;
  }
}

void serving::refuse(const refusal& why) {
  refused_ = true;
  const response page = status_page(why.status);
  const date_text date = date_now();
  const framing frame = append_head(
      out_, page, {.keep_alive = false, .date = {date.data(), date.size()}, .server = how_.options.server_field});
  if (frame.body != body_framing::none) out_ += page.text();
  telemetry::execute_with([&] {
    return request_served{{why.status, std::chrono::nanoseconds{0}, page.text().size()},
                          {{}, why.why, peer_.peer().to_string()}};
  });
}

}  // namespace joist::inline v0::web::http
