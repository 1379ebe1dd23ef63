#include "web/http/request_reader.hpp"

#include <algorithm>
#include <utility>

#include "base/assert.hpp"
#include "web/http/beast_parser.hpp"
#include "web/http/characters.hpp"
#include "web/http/request_access.hpp"
#include "web/http/target.hpp"

namespace joist::inline v0::web::http {
namespace {

constexpr std::size_t most_blank_lines = 4;          // in front of a request: RFC 9112, 2.2, asks for one
constexpr std::size_t around_target_bytes = 64;      // the method and the version
constexpr std::size_t around_extensions_bytes = 32;  // the size of the chunk, and line ends

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
  if (ec == error::body_limit) return {413, "the body is larger than the limit"};
  if (ec == error::bad_version && names_other_version(text)) return {505, "another version than HTTP/1.0 and HTTP/1.1"};
  if (ec == error::bad_version) return {400, "the request line has no version, or more behind it"};
  if (ec == error::bad_method) return {400, "the request line begins with no method"};
  if (ec == error::bad_target) return {400, "the request line has no target"};
  if (ec == error::bad_field) return {400, "a line has no field name, or a blank before its colon"};
  if (ec == error::bad_value) return {400, "a field has a value that it cannot have"};
  if (ec == error::bad_content_length || ec == error::multiple_content_length) return {400, "no length, or several"};
  if (ec == error::bad_transfer_encoding) return {400, "no Transfer-Encoding, or several"};
  if (ec == error::bad_chunk) return {400, "a chunk without a size, or with other data than its size says"};
  if (ec == error::bad_chunk_extension) return {400, "broken chunk extensions, or too many"};
  return {400, "broken lines"};
}

// What of the Transfer-Encodings is refused. RFC 9112, 6.1 and 6.3: a body whose end is not certain is nobody's body.
refusal encoding_refusal(const fields& f) {
  constexpr std::string_view name{"Transfer-Encoding"};
  if (f.count(name) == 1 && same_word(f.get(name), "chunked")) return {0, {}};
  std::size_t codings = 0, chunked = 0;
  bool chunked_last = false;
  const std::string all = f.joined(name);
  for_each_element(all, [&](std::string_view coding) {
    chunked_last = same_word(coding, "chunked");
    ++codings;
    chunked += chunked_last ? 1U : 0U;
  });
  if (codings == 0 || chunked > 1 || (chunked == 1 && !chunked_last))
    return {400, "the last Transfer-Encoding, and it alone, is chunked"};
  if (codings == 1 && chunked == 1) return {400, "an empty Transfer-Encoding beside chunked"};
  return {501, "a Transfer-Encoding other than chunked"};
}

}  // namespace

request_reader::request_reader(const request_limits& limits) noexcept : limits_{&limits} {}
request_reader::~request_reader() = default;

std::size_t request_reader::most_unused() const noexcept {
  return limits_->head_bytes + limits_->chunk_extension_bytes + around_extensions_bytes;
}

void request_reader::restart() noexcept {
  JOIST_ASSERT(state_ == state::done, "a request is over before the next is read");
  scanner_.reset();
  state_ = state::head;
}

request_reader::step request_reader::refuse(int status, std::string_view why) noexcept {
  state_ = state::refused;
  refusal_ = {status, why};
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
      case line_scanner::verdict::bad: return refuse(400, scanner_.why());
      case line_scanner::verdict::more:
        if (text.size() >= most && in_first_line) return refuse(414, "the request line is longer than the limit");
        if (text.size() >= most) return refuse(431, "the head is larger than the limit");
        return {progress::need_more, in.size() - text.size()};
      case line_scanner::verdict::line: break;
    }
    if (!scanner_.line(text).empty()) {
      if (scanner_.lines() > limits_->field_count + 1) return refuse(431, "more fields than the limit");
    } else if (in_first_line) {  // left over from a body, say
      if (++blank_lines_ > most_blank_lines) return refuse(400, "blank lines instead of a request");
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
  if (ec) {
    const refusal r = refusal_of(ec, head);
    return refuse(r.status, r.why);
  }
  if (used != head.size() || !beast.is_header_done()) return refuse(400, two_readings);
  request_parts& parts = beast.parts;
  const fields& f = parts.fields;
  if (parts.target.size() > limits_->target_bytes) return refuse(414, "the target is longer than the limit");
  auto target = parse_target(parts.method, parts.target);
  if (!target) return refuse(target.error().status, target.error().why);
  if (const refusal r = framing_refusal(f, parts.version, target->authority); r.status != 0) return refuse(r.status, r.why);

  const bool speaks_1_1 = parts.version == http_version::http_1_1;
  const bool chunked = f.contains("Transfer-Encoding");
  content_length_.reset();
  if (f.contains("Content-Length")) content_length_ = beast.content_length().value();
  if (chunked != beast.chunked()) return refuse(400, two_readings);
  body_left_ = chunked ? 0 : content_length_.value_or(0);
  has_body_ = chunked || body_left_ > 0;
  const bool expects = f.contains("Expect");
  if (expects && !same_word(f.joined("Expect"), "100-continue")) return refuse(417, "an Expect other than 100-continue");
  expects_continue_ = expects && speaks_1_1 && has_body_;
  keep_alive_ = !f.has_element("Connection", "close") && (speaks_1_1 || f.has_element("Connection", "keep-alive"));
  wants_upgrade_ = speaks_1_1 && f.has_element("Connection", "upgrade") && !f.get("Upgrade").empty();
  state_ = chunked ? state::chunked : has_body_ ? state::sized : state::at_end;
  step done{progress::head, used};
  done.head.emplace(request_access::make(std::move(parts), *std::move(target)));
  if (chunked) chunks_ = std::make_unique<parser>(std::move(beast));
  between_chunks_ = false;
  blank_lines_ = 0;
  scanner_.reset();
  return done;
}

// Status 0: nothing is refused.
refusal request_reader::framing_refusal(const fields& f, http_version version, std::string_view authority) const {
  const std::size_t hosts = f.count("Host");
  if (hosts > 1) return {400, "several Hosts"};
  if (hosts == 0 && version == http_version::http_1_1) return {400, "no Host"};
  const std::string_view host = f.get("Host");
  if (!is_host(host)) return {400, "a Host that is none"};
  if (!authority.empty() && hosts > 0 && !same_word(host, authority)) return {400, "a Host that is not the target's"};

  const std::size_t lengths = f.count("Content-Length");
  const std::string_view length = f.get("Content-Length");
  if (lengths > 1 || (lengths == 1 && (length.empty() || !std::all_of(length.begin(), length.end(), is_digit))))
    return {400, "no length, or several"};
  if (!f.contains("Transfer-Encoding")) return {0, {}};
  if (lengths > 0) return {400, "a length beside Transfer-Encoding"};
  if (version == http_version::http_1_0) return {400, "Transfer-Encoding in HTTP/1.0"};
  return encoding_refusal(f);
}

request_reader::step request_reader::read_sized(std::span<const std::byte> in) noexcept {
  const auto bytes = static_cast<std::size_t>(std::min<std::uint64_t>(body_left_, in.size()));
  if (bytes == 0) return {progress::need_more, 0};
  body_left_ -= bytes;
  if (body_left_ == 0) state_ = state::at_end;
  return {progress::body, bytes, in.first(bytes)};
}

request_reader::step request_reader::read_chunked(std::span<const std::byte> in) {
  boost::beast::error_code ec;
  std::size_t used = 0;
  if (body_left_ == 0) {
    const std::string_view text = as_text(in);
    if (auto unfinished = find_chunk(text)) return *std::move(unfinished);
    used = scanner_.seen();
    const std::size_t put = chunks_->put_text(text.substr(0, used), ec);
    if (ec) {
      const refusal r = refusal_of(ec, {});
      return refuse(r.status, r.why);
    }
    const bool last = chunk_line_end_ != 0;
    if (put != used || last != chunks_->is_done() || last != (chunks_->chunk_size == 0)) return refuse(400, two_readings);
    body_left_ = chunks_->chunk_size;
    between_chunks_ = true;
    chunk_line_end_ = 0;
    scanner_.reset();
    if (last) {
      chunks_.reset();
      state_ = state::done;
      return {progress::done, used};
    }
  }
  const auto bytes = static_cast<std::size_t>(std::min<std::uint64_t>(body_left_, in.size() - used));
  if (bytes == 0) return {progress::need_more, used};
  const auto piece = in.subspan(used, bytes);
  const std::size_t put = chunks_->put_text(as_text(piece), ec);
  if (ec || put != bytes) return refuse(400, two_readings);
  body_left_ -= bytes;
  return {progress::body, used + bytes, piece};
}

// Until the scanner is behind the line of a chunk, and of the last also behind the trailer; else what read is to return.
std::optional<request_reader::step> request_reader::find_chunk(std::string_view text) noexcept {
  const std::size_t end_lines = between_chunks_ ? 1 : 0;
  for (;;) {
    const bool in_trailer = chunk_line_end_ != 0;
    const std::size_t most =
        in_trailer ? chunk_line_end_ + limits_->head_bytes : limits_->chunk_extension_bytes + around_extensions_bytes;
    switch (scanner_.next(text.substr(0, most))) {
      case line_scanner::verdict::bad: return refuse(400, scanner_.why());
      case line_scanner::verdict::more:
        if (text.size() >= most && in_trailer) return refuse(431, "the trailer is larger than the limit");
        if (text.size() >= most) return refuse(400, "the line of a chunk is longer than the limit");
        return step{progress::need_more, 0};
      case line_scanner::verdict::line: break;
    }
    const std::string_view line = scanner_.line(text);
    if (in_trailer) {
      if (line.empty()) return std::nullopt;
      if (scanner_.lines() > end_lines + 1 + limits_->field_count)
        return refuse(431, "more fields in the trailer than the limit");
    } else if (scanner_.lines() <= end_lines) {
      if (!line.empty()) return refuse(400, "a chunk with more data than its size says");
    } else {
      const auto digits = std::min(line.find_first_not_of("0123456789abcdefABCDEF"), line.size());
      const std::string_view rest = line.substr(digits);
      if (digits == 0 || !(rest.empty() || rest.front() == ';' || rest.front() == ' ' || rest.front() == '\t'))
        return refuse(400, "a chunk without a size");
      if (line.substr(0, digits).find_first_not_of('0') != line.npos) return std::nullopt;
      chunk_line_end_ = scanner_.seen();
    }
  }
}

}  // namespace joist::inline v0::web::http
