#include "web/client/exchange.hpp"

#include <joist/error.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "web/client/request_writer.hpp"

namespace joist::inline v0::web::http {
namespace {

using joist::detail::deadline;
using kind = client_error::kind;

constexpr std::size_t piece_bytes = std::size_t{128} << 10;  // of a body in memory or a file: what times.write is for

constexpr std::size_t received_bytes = std::size_t{16} << 10;  // at once

std::span<const std::byte> bytes_of(std::string_view text) noexcept { return std::as_bytes(std::span{text}); }

// RFC 9110, 9.2.2.
bool is_idempotent(std::string_view method) noexcept {
  constexpr std::array<std::string_view, 6> all{"GET", "HEAD", "PUT", "DELETE", "OPTIONS", "TRACE"};
  return std::ranges::find(all, method) != all.end();
}

// Through the function that streams a body: the server takes no more of it.
struct not_taken {
  std::error_code why;
};

}  // namespace

// A process that is being ended may send, but not wait; what is not sent then, its monitor tells the pool.
void lease::give_back(net::stream usable) noexcept {
  const auto pool = std::exchange(of_, {});
  if (pool.process()) pool.cast(client_pool::give_back{as_, std::move(usable)});
}

// What a streamed body is written to.
class client_exchange::sink final : public body_sink {
 public:
  sink(client_exchange& to, std::optional<std::uint64_t> size) : to_{to}, left_{size} {}

  void write(std::string_view bytes) override {
    if (bytes.empty()) return;
    if (!left_) {
      std::string begin;
      append_chunk_begin(begin, bytes.size());
      const std::array pieces{bytes_of(begin), bytes_of(bytes), bytes_of(chunk_end)};
      if (const auto sent = to_.peer_.try_write(pieces, to_.write_limit()); !sent) throw not_taken{sent.error()};
      return;
    }
    if (bytes.size() > *left_)
      throw error{errc::bad_argument, "streamed body: expected no more bytes than its size promised, got more"};
    *left_ -= bytes.size();
    if (const auto why = to_.write(bytes_of(bytes))) throw not_taken{why};
  }
  void finish() {
    if (left_.value_or(0) > 0)
      throw error{errc::bad_argument,
                  fmt::format("streamed body: expected as many bytes as its size promised, {} are missing", *left_)};
    if (left_) return;
    if (const auto why = to_.write(bytes_of(last_chunk))) throw not_taken{why};
  }

 private:
  client_exchange& to_;
  std::optional<std::uint64_t> left_;
};

client_exchange::client_exchange(lease place, exchange_rules rules, deadline whole)
    : rules_{std::move(rules)}, whole_{whole}, place_{std::move(place)} {}

client_error client_exchange::failed(kind what, std::string_view text, std::error_code system) const {
  return {what, fmt::format("{}: {}", name_, text), system};
}

client_error client_exchange::refused() const {
  return failed(reader_->refused().too_large ? kind::too_large : kind::protocol, reader_->refused().why);
}

deadline client_exchange::write_limit() const { return earlier(deadline{rules_.times.write}.fixed(), whole_); }

std::error_code client_exchange::write(std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const auto piece = bytes.first(std::min(bytes.size(), piece_bytes));
    if (const auto sent = peer_.try_write(piece, write_limit()); !sent) return sent.error();
    bytes = bytes.subspan(piece.size());
  }
  return {};
}

std::error_code client_exchange::write_file(const file_body& part) {
  for (std::uint64_t written = 0; written < part.size;) {
    const auto piece = std::min<std::uint64_t>(part.size - written, piece_bytes);
    const auto sent = peer_.try_send_file(part.file.descriptor(), part.offset + written, piece, write_limit());
    if (!sent) return sent.error();
    if (*sent == 0)
      throw error{errc::bad_argument,
                  fmt::format("file body: expected {} bytes, the file ended behind {}", part.size, written)};
    written += *sent;
  }
  return {};
}

std::error_code client_exchange::write_body(const client_request& request, std::string& head) {
  if (const auto* text = std::get_if<std::string>(&request.body)) {
    if (head.size() + text->size() <= piece_bytes) {
      const std::array pieces{bytes_of(head), bytes_of(*text)};
      const auto sent = peer_.try_write(pieces, write_limit());
      return sent ? std::error_code{} : sent.error();
    }
    const auto why = write(bytes_of(head));
    return why ? why : write(bytes_of(*text));
  }
  if (const auto why = write(bytes_of(head))) return why;
  if (const auto* part = std::get_if<file_body>(&request.body)) return write_file(*part);
  const auto& streamed = std::get<streamed_body>(request.body);
  sink to{*this, streamed.size};
  try {
    streamed.write(to);
    to.finish();
  } catch (const not_taken& e) {
    return e.why;
  }
  return {};
}

// No error, and sent_all_ is false: the server has closed before all was written, and may have said why.
std::optional<client_error> client_exchange::write_request(const client_request& request, const url& to) {
  outgoing_head head{.method = request.method, .to = to, .own = request.fields, .user_agent = rules_.user_agent};
  if (const auto* text = std::get_if<std::string>(&request.body)) {
    head.body = text->empty() ? body_framing::none : body_framing::sized;
    head.body_bytes = text->size();
  } else if (const auto* part = std::get_if<file_body>(&request.body)) {
    head.body = body_framing::sized;
    head.body_bytes = part->size;
  } else {
    const auto size = std::get<streamed_body>(request.body).size;
    head.body = size ? body_framing::sized : body_framing::chunked;
    head.body_bytes = size.value_or(0);
  }
  std::string text;
  append_request_head(text, head);
  const std::error_code why = write_body(request, text);
  if (why == std::errc::timed_out)
    return failed(kind::timed_out, "the server did not take the request within times.write or times.whole", why);
  sent_all_ = !why;
  return std::nullopt;
}

result<response_head, client_error> client_exchange::ask(net::stream connection, const client_request& request,
                                                         const url& to) {
  peer_ = std::move(connection);
  name_ = fmt::format("{} {}{}", request.method, to.origin(), to.path());
  stays_ = !request.fields.has_element("Connection", "close");
  may_ask_again_ = answered_ = false;
  in_ = input{received_bytes};
  reader_.emplace(rules_.limits).expect(request.method);
  if (auto problem = write_request(request, to)) return failure{*std::move(problem)};
  auto head = read_head();
  if (!head) {
    const bool written_once = std::holds_alternative<streamed_body>(request.body);
    may_ask_again_ = head.error().what == kind::closed && !answered_ && !written_once && is_idempotent(request.method);
  } else if (reader_->is_over()) {
    finish();
  }
  return head;
}

// More bytes, or why there are none.
std::optional<client_error> client_exchange::receive(std::chrono::milliseconds limit, std::string_view name) {
  const auto got = peer_.try_read_some(in_.room(), earlier(deadline{limit}.fixed(), whole_));
  if (got && *got > 0) {
    in_.came(*got);
    answered_ = true;
    return std::nullopt;
  }
  if (!got && got.error() == std::errc::timed_out)
    return failed(kind::timed_out,
                  fmt::format("nothing came within times.{} ({} ms), or times.whole ({} ms) is over", name, limit.count(),
                              rules_.times.whole.count()),
                  got.error());
  if (!got) return failed(kind::closed, fmt::format("the connection broke: {}", got.error().message()), got.error());
  if (reader_->end() == progress::done) return std::nullopt;
  return failed(kind::closed, answered_ ? reader_->refused().why : "the server closed the connection without an answer");
}

result<response_head, client_error> client_exchange::read_head() {
  for (;;) {
    auto step = reader_->read(in_.unread());
    in_.use(step.used);
    if (step.what == progress::head) return *std::move(step.head);
    if (step.what == progress::refused) return failure{refused()};
    auto problem = !answered_ ? receive(rules_.times.first_byte, "first_byte") : receive(rules_.times.pause, "pause");
    if (problem) return failure{*std::move(problem)};
  }
}

result<std::size_t, client_error> client_exchange::read_body(std::span<std::byte> into) {
  while (piece_.empty()) {
    if (broken_) return failure{*broken_};
    if (over_) return std::size_t{0};
    const auto step = reader_->read(in_.unread());
    if (step.what == progress::body) {
      piece_ = step.body;
      piece_used_ = step.used;
      break;
    }
    in_.use(step.used);
    if (step.what == progress::refused) return failure{give_up(refused())};
    if (step.what == progress::done) {
      finish();
    } else if (auto problem = receive(rules_.times.pause, "pause")) {
      return failure{give_up(*std::move(problem))};
    }
  }
  const std::size_t count = std::min(into.size(), piece_.size());
  std::copy_n(piece_.begin(), count, into.begin());
  piece_ = piece_.subspan(count);
  if (piece_.empty()) in_.use(std::exchange(piece_used_, 0));
  return count;
}

void client_exchange::skip_body(std::uint64_t most_bytes) {
  if (body_bytes().value_or(0) > most_bytes) return close();
  std::vector<std::byte> nowhere(std::size_t{4} * 1024);
  std::uint64_t skipped = 0;
  while (!over_) {
    const auto got = read_body(nowhere);
    if (!got) return;
    skipped += *got;
    if (skipped > most_bytes) return close();
  }
}

client_error client_exchange::give_up(client_error why) {
  close();
  broken_ = why;
  return why;
}

void client_exchange::close() {
  over_ = true;
  peer_.close();
  place_.give_back({});
}

// What has come behind the response belongs to nobody: nobody is to find it in front of the next one.
void client_exchange::finish() {
  if (!reader_->keep_alive() || !sent_all_ || !stays_ || !in_.empty()) return close();
  over_ = true;
  in_ = input{};
  place_.give_back(std::move(peer_));
}

}  // namespace joist::inline v0::web::http
