#include "web/client/response_reader.hpp"

#include <algorithm>
#include <utility>

#include "base/assert.hpp"
#include "web/http/beast_parser.hpp"
#include "web/http/framing.hpp"

namespace joist::inline v0::web::http {
namespace {

std::string_view as_text(std::span<const std::byte> in) noexcept {
  return {reinterpret_cast<const char*>(in.data()), in.size()};
}

std::string_view sentence_of(const boost::beast::error_code& ec) noexcept {
  using boost::beast::http::error;
  if (ec == error::bad_version) return "the response does not begin with HTTP/1.1 or HTTP/1.0";
  if (ec == error::bad_status || ec == error::bad_reason) return "the status line has no status of three digits and a blank";
  if (ec == error::bad_field) return "a line has no field name, or a blank before its colon";
  if (ec == error::bad_value) return "a field has a value that it cannot have";
  if (ec == error::bad_content_length || ec == error::multiple_content_length) return "no length, or several";
  if (ec == error::bad_transfer_encoding) return "no Transfer-Encoding, or several";
  return "broken lines";
}

}  // namespace

class response_reader::parser final : public silent_parser<false> {
 public:
  parser() { body_limit(boost::none); }

  response_head head;

 private:
  void on_response_impl(int status, view_of_beast, int version, error_code&) override {
    head.status = status;
    head.version = version == 11 ? http_version::http_1_1 : http_version::http_1_0;
  }
  void on_field_impl(boost::beast::http::field, view_of_beast name, view_of_beast value, error_code&) override {
    head.fields.add(view(name), view(value));
  }
};

response_reader::response_reader(const response_limits& limits) noexcept : limits_{&limits} {}
response_reader::~response_reader() = default;

chunk_limits response_reader::limits_of_chunks() const noexcept {
  return {limits_->head_bytes, limits_->field_count, limits_->chunk_extension_bytes, {}};
}

std::size_t response_reader::most_unused() const noexcept { return chunk_reader::most_unused(limits_of_chunks()); }

void response_reader::expect(std::string_view method, bool asks_for_upgrade) noexcept {
  JOIST_ASSERT(state_ == state::idle || state_ == state::done, "a response is over before the next is expected");
  state_ = state::head;
  scanner_.reset();
  interims_ = 0;
  to_head_ = method == "HEAD";
  asks_for_upgrade_ = asks_for_upgrade;
  keep_alive_ = false;
}

response_reader::step response_reader::refuse(bool too_large, std::string_view why) noexcept {
  state_ = state::refused;
  refusal_ = {too_large, why};
  keep_alive_ = false;
  chunks_.reset();
  return {.what = progress::refused};
}

response_reader::step response_reader::read(std::span<const std::byte> in) {
  switch (state_) {
    case state::head: return read_head(in);
    case state::sized:
    case state::until_close: return read_plain(in);
    case state::chunked: return read_chunked(in);
    case state::at_end: state_ = state::done; break;
    case state::idle:
    case state::done: break;
    case state::refused: return {.what = progress::refused};
  }
  return {.what = progress::done};
}

progress response_reader::end() noexcept {
  if (state_ == state::until_close) state_ = state::at_end;
  if (state_ == state::at_end) state_ = state::done;
  if (state_ == state::done) return progress::done;
  if (state_ == state::refused) return progress::refused;
  return refuse(false, state_ == state::head ? "the connection ended in front of the response, or within its head"
                                             : "the connection ended within the body")
      .what;
}

response_reader::step response_reader::read_head(std::span<const std::byte> in) {
  std::size_t skipped = 0;  // interim responses
  for (;;) {
    const std::string_view text = as_text(in.subspan(skipped));
    switch (scanner_.next(text.substr(0, limits_->head_bytes))) {
      case line_scanner::verdict::bad: return refuse(false, scanner_.why());
      case line_scanner::verdict::more:
        if (text.size() >= limits_->head_bytes) return refuse(true, "the head is larger than limits.head_bytes");
        return {progress::need_more, skipped};
      case line_scanner::verdict::line: break;
    }
    if (!scanner_.line(text).empty()) {
      if (scanner_.lines() > limits_->field_count + 1) return refuse(true, "more fields than limits.field_count");
      continue;
    }
    if (scanner_.lines() == 1) return refuse(false, "a blank line instead of a status line");
    step done = finish_head(text.substr(0, scanner_.seen()));
    if (done.what == progress::need_more) {
      skipped += scanner_.seen();
      scanner_.reset();
      continue;
    }
    if (done.what == progress::head) done.used = skipped + scanner_.seen();
    return done;
  }
}

// need_more: that was an interim one.
response_reader::step response_reader::finish_head(std::string_view text) {
  parser beast;
  beast.head.fields.reserve(scanner_.lines(), text.size());
  boost::beast::error_code ec;
  const std::size_t used = beast.put_text(text, ec);
  if (ec) return refuse(false, sentence_of(ec));
  if (used != text.size() || !beast.is_header_done()) return refuse(false, two_readings);
  response_head& head = beast.head;
  if (head.status < 100 || head.status > 599) return refuse(false, "a status that is not from 100 to 599");
  if (const refusal r = framing_refusal(head.fields, head.version); r.status != 0) return refuse(false, r.why);
  const bool switches = head.status == 101 && asks_for_upgrade_;
  if (head.status == 101 && !switches) return refuse(false, "101 Switching Protocols, and nobody asked for it");
  if (head.status < 200 && !switches) {
    if (++interims_ > limits_->interim_count) return refuse(true, "more interim responses than the limit");
    return {.what = progress::need_more};
  }
  std::optional<std::uint64_t> length;
  if (head.fields.contains("Content-Length")) {
    const auto of_beast = beast.content_length();
    if (!of_beast) return refuse(false, two_readings);
    length = *of_beast;
  }
  if (head.fields.contains("Transfer-Encoding") != beast.chunked()) return refuse(false, two_readings);
  keep_alive_ = keeps_alive(head.fields, head.version) && !switches;
  body_bytes_.reset();
  state_ = body_of(head, length);
  step done{.what = progress::head};
  done.head.emplace(std::move(head));
  return done;
}

// What comes behind the head. RFC 9112, 6.3.
response_reader::state response_reader::body_of(const response_head& head, std::optional<std::uint64_t> length) noexcept {
  const bool chunked = head.fields.contains("Transfer-Encoding");
  if (to_head_ || head.status == 304 || head.status == 101) return state::at_end;
  if (head.status == 204) {
    // It says that there is something behind it, where nothing may be: another reader could take it for a body.
    if (chunked || length.value_or(0) > 0) keep_alive_ = false;
    return state::at_end;
  }
  if (chunked) {
    chunks_.emplace(limits_of_chunks());
    return state::chunked;
  }
  if (!length) {
    keep_alive_ = false;
    return state::until_close;
  }
  body_bytes_ = length;
  body_left_ = *length;
  return body_left_ > 0 ? state::sized : state::at_end;
}

response_reader::step response_reader::read_plain(std::span<const std::byte> in) noexcept {
  if (in.empty()) return {.what = progress::need_more};
  if (state_ == state::until_close) return {progress::body, in.size(), in};
  const auto bytes = static_cast<std::size_t>(std::min<std::uint64_t>(body_left_, in.size()));
  body_left_ -= bytes;
  if (body_left_ == 0) state_ = state::at_end;
  return {progress::body, bytes, in.first(bytes)};
}

response_reader::step response_reader::read_chunked(std::span<const std::byte> in) {
  const chunk_reader::step s = chunks_->read(in);
  if (s.what == progress::refused) return refuse(s.why.status == 431, s.why.why);
  if (s.what == progress::done) {
    chunks_.reset();
    state_ = state::done;
  }
  return {s.what, s.used, s.body};
}

}  // namespace joist::inline v0::web::http
