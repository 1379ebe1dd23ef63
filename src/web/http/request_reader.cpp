#include "web/http/request_reader.hpp"

#include <algorithm>
#include <utility>

#include "base/assert.hpp"
#include "web/http/beast_parser.hpp"
#include "web/http/characters.hpp"
#include "web/http/framing.hpp"
#include "web/http/request_access.hpp"
#include "web/http/target.hpp"

namespace joist::inline v0::web::http {
namespace {

constexpr std::size_t most_blank_lines = 4;      // in front of a request: RFC 9112, 2.2, asks for one
constexpr std::size_t around_target_bytes = 64;  // the method and the version

std::string_view as_text(std::span<const std::byte> in) noexcept {
  return {reinterpret_cast<const char*>(in.data()), in.size()};
}

// A version that we know of, and do not speak: 505 instead of 400.
bool names_other_version(std::string_view head) noexcept {
  const std::string_view line = head.substr(0, head.find('\r'));
  const std::string_view version = line.substr(std::min(line.rfind(' ') + 1, line.size()));
  return version.size() == 8 && version.starts_with("HTTP/") && is_digit(version[5]) && version[6] == '.' &&
         is_digit(version[7]) && version != "HTTP/1.0" && version != "HTTP/1.1";
}

refusal refusal_of(const boost::beast::error_code& ec, std::string_view text) noexcept {
  using boost::beast::http::error;
  if (ec == error::body_limit) return {413, "the body is larger than the limit"};  // by its length
  if (ec == error::bad_version && names_other_version(text)) return {505, "another version than HTTP/1.0 and HTTP/1.1"};
  if (ec == error::bad_version) return {400, "the request line has no version, or more behind it"};
  if (ec == error::bad_method) return {400, "the request line begins with no method"};
  if (ec == error::bad_target) return {400, "the request line has no target"};
  if (ec == error::bad_field) return {400, "a line has no field name, or a blank before its colon"};
  if (ec == error::bad_value) return {400, "a field has a value that it cannot have"};
  if (ec == error::bad_content_length || ec == error::multiple_content_length) return {400, "no length, or several"};
  if (ec == error::bad_transfer_encoding) return {400, "no Transfer-Encoding, or several"};
  return {400, "broken lines"};
}

// Status 0: nothing is refused.
refusal host_refusal(const fields& f, http_version version, std::string_view authority) {
  const std::size_t hosts = f.count("Host");
  if (hosts > 1) return {400, "several Hosts"};
  if (hosts == 0 && version == http_version::http_1_1) return {400, "no Host"};
  const std::string_view host = f.get("Host");
  if (!is_host(host)) return {400, "a Host that is none"};
  if (!authority.empty() && hosts > 0 && !same_word(host, authority)) return {400, "a Host that is not the target's"};
  return {0, {}};
}

}  // namespace

// What a head says goes where we keep it.
class request_reader::parser final : public silent_parser<true> {
 public:
  explicit parser(const request_limits& limits) { body_limit(limits.body_bytes); }

  request_parts parts;

 private:
  void on_request_impl(boost::beast::http::verb, view_of_beast method, view_of_beast target, int version,
                       error_code&) override {
    parts.method = view(method);
    parts.target = view(target);
    parts.version = version == 11 ? http_version::http_1_1 : http_version::http_1_0;
  }
  void on_field_impl(boost::beast::http::field, view_of_beast name, view_of_beast value, error_code&) override {
    parts.fields.add(view(name), view(value));
  }
};

request_reader::request_reader(const request_limits& limits) noexcept : limits_{&limits} {}
request_reader::~request_reader() = default;

chunk_limits request_reader::limits_of_chunks() const noexcept {
  return {limits_->head_bytes, limits_->field_count, limits_->chunk_extension_bytes, limits_->body_bytes};
}

// Enough for a head, too.
std::size_t request_reader::most_unused() const noexcept { return chunk_reader::most_unused(limits_of_chunks()); }

void request_reader::restart() noexcept {
  JOIST_ASSERT(state_ == state::done, "a request is over before the next is read");
  scanner_.reset();
  state_ = state::head;
}

request_reader::step request_reader::refuse(refusal why) noexcept {
  state_ = state::refused;
  refusal_ = why;
  chunks_.reset();
  return {progress::refused, 0};
}

request_reader::step request_reader::read(std::span<const std::byte> in) {
  switch (state_) {
    case state::head: return read_head(in);
    case state::sized: return read_sized(in);
    case state::chunked: return read_chunked(in);
    case state::at_end: state_ = state::done; break;
    case state::done: break;
    case state::refused: return {progress::refused, 0};
  }
  return {progress::done, 0};
}

request_reader::step request_reader::read_head(std::span<const std::byte> in) {
  std::string_view text = as_text(in);
  for (;;) {
    const bool in_first_line = scanner_.lines() == 0;
    const std::size_t most =
        in_first_line ? std::min(limits_->target_bytes + around_target_bytes, limits_->head_bytes) : limits_->head_bytes;
    switch (scanner_.next(text.substr(0, most))) {
      case line_scanner::verdict::bad: return refuse({400, scanner_.why()});
      case line_scanner::verdict::more:
        if (text.size() >= most && in_first_line) return refuse({414, "the request line is longer than the limit"});
        if (text.size() >= most) return refuse({431, "the head is larger than the limit"});
        return {progress::need_more, in.size() - text.size()};
      case line_scanner::verdict::line: break;
    }
    if (!scanner_.line(text).empty()) {
      if (scanner_.lines() > limits_->field_count + 1) return refuse({431, "more fields than the limit"});
    } else if (in_first_line) {  // left over from a body, say
      if (++blank_lines_ > most_blank_lines) return refuse({400, "blank lines instead of a request"});
      text.remove_prefix(scanner_.seen());
      scanner_.reset();
    } else {
      step done = finish_head(text.substr(0, scanner_.seen()));
      if (done.what == progress::head) done.used += in.size() - text.size();
      return done;
    }
  }
}

request_reader::step request_reader::finish_head(std::string_view head) {
  parser beast{*limits_};
  beast.parts.fields.reserve(scanner_.lines(), head.size());
  boost::beast::error_code ec;
  const std::size_t used = beast.put_text(head, ec);
  if (ec) return refuse(refusal_of(ec, head));
  if (used != head.size() || !beast.is_header_done()) return refuse({400, two_readings});
  request_parts& parts = beast.parts;
  const fields& f = parts.fields;
  if (parts.target.size() > limits_->target_bytes) return refuse({414, "the target is longer than the limit"});
  auto target = parse_target(parts.method, parts.target);
  if (!target) return refuse(target.error());
  if (const refusal r = host_refusal(f, parts.version, target->authority); r.status != 0) return refuse(r);
  if (const refusal r = framing_refusal(f, parts.version); r.status != 0) return refuse(r);

  const bool speaks_1_1 = parts.version == http_version::http_1_1;
  const bool chunked = f.contains("Transfer-Encoding");
  content_length_.reset();
  if (f.contains("Content-Length")) content_length_ = beast.content_length().value();
  if (chunked != beast.chunked()) return refuse({400, two_readings});
  body_left_ = chunked ? 0 : content_length_.value_or(0);
  has_body_ = chunked || body_left_ > 0;
  const bool expects = f.contains("Expect");
  if (expects && !same_word(f.joined("Expect"), "100-continue")) return refuse({417, "an Expect other than 100-continue"});
  expects_continue_ = expects && speaks_1_1 && has_body_;
  keep_alive_ = keeps_alive(f, parts.version);
  wants_upgrade_ = speaks_1_1 && f.has_element("Connection", "upgrade") && !f.get("Upgrade").empty();
  state_ = chunked ? state::chunked : has_body_ ? state::sized : state::at_end;
  step done{progress::head, used};
  done.head.emplace(request_access::make(std::move(parts), *std::move(target)));
  if (chunked) chunks_.emplace(limits_of_chunks());
  blank_lines_ = 0;
  scanner_.reset();
  return done;
}

request_reader::step request_reader::read_sized(std::span<const std::byte> in) noexcept {
  const auto bytes = static_cast<std::size_t>(std::min<std::uint64_t>(body_left_, in.size()));
  if (bytes == 0) return {progress::need_more, 0};
  body_left_ -= bytes;
  if (body_left_ == 0) state_ = state::at_end;
  return {progress::body, bytes, in.first(bytes)};
}

request_reader::step request_reader::read_chunked(std::span<const std::byte> in) {
  const chunk_reader::step s = chunks_->read(in);
  if (s.what == progress::refused) return refuse(s.why);
  if (s.what == progress::done) {
    chunks_.reset();
    state_ = state::done;
  }
  return {s.what, s.used, s.body};
}

}  // namespace joist::inline v0::web::http
