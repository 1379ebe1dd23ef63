#include "web/http/chunk_reader.hpp"

#include <algorithm>

#include "base/assert.hpp"
#include "web/http/beast_parser.hpp"

namespace joist::inline v0::web::http {
namespace {

constexpr std::size_t around_extensions_bytes = 32;  // the size of the chunk, and line ends
// What Beast is told in front of the chunks, whatever head they had.
constexpr std::string_view any_head{"PUT / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"};

refusal refusal_of(const boost::beast::error_code& ec) noexcept {
  using boost::beast::http::error;
  if (ec == error::body_limit) return {413, "the body is larger than the limit"};
  if (ec == error::bad_field) return {400, "a line of the trailer has no field name, or a blank before its colon"};
  if (ec == error::bad_value) return {400, "a field of the trailer has a value that it cannot have"};
  if (ec == error::bad_chunk) return {400, "a chunk without a size, or with other data than its size says"};
  if (ec == error::bad_chunk_extension) return {400, "broken chunk extensions, or too many"};
  return {400, "broken lines between chunks"};
}

}  // namespace

class chunk_reader::parser final : public silent_parser<true> {
 public:
  explicit parser(const chunk_limits& limits) : most_extension_bytes_{limits.extension_bytes} {
    if (limits.body_bytes) {
      body_limit(*limits.body_bytes);
    } else {
      body_limit(boost::none);
    }
    error_code ec;
    (void)put_text(any_head, ec);
    JOIST_ASSERT(!ec && is_header_done(), "Beast reads a head of ours");
  }

  std::uint64_t chunk_size = 0;  // of the chunk whose line was put last

 private:
  void on_chunk_header_impl(std::uint64_t size, view_of_beast extensions, error_code& ec) override {
    chunk_size = size;
    extension_bytes_ += extensions.size();
    if (extension_bytes_ > most_extension_bytes_) ec = boost::beast::http::error::bad_chunk_extension;
  }

  const std::size_t most_extension_bytes_;
  std::size_t extension_bytes_ = 0;
};

chunk_reader::chunk_reader(const chunk_limits& limits) : limits_{limits}, beast_{std::make_unique<parser>(limits)} {}
chunk_reader::~chunk_reader() = default;

std::size_t chunk_reader::most_unused(const chunk_limits& limits) noexcept {
  return limits.trailer_bytes + limits.extension_bytes + around_extensions_bytes;
}

chunk_reader::step chunk_reader::read(std::span<const std::byte> in) {
  boost::beast::error_code ec;
  std::size_t used = 0;
  const std::string_view text{reinterpret_cast<const char*>(in.data()), in.size()};
  const auto refuse = [](refusal why) { return step{.what = progress::refused, .why = why}; };
  if (left_ == 0) {
    if (auto unfinished = find_chunk(text)) return *unfinished;
    used = scanner_.seen();
    const std::size_t put = beast_->put_text(text.substr(0, used), ec);
    if (ec) return refuse(refusal_of(ec));
    const bool last = last_line_end_ != 0;
    if (put != used || last != beast_->is_done() || last != (beast_->chunk_size == 0)) return refuse({400, two_readings});
    if (last) return {progress::done, used};
    left_ = beast_->chunk_size;
    between_ = true;
    scanner_.reset();
  }
  const auto bytes = static_cast<std::size_t>(std::min<std::uint64_t>(left_, in.size() - used));
  if (bytes == 0) return {progress::need_more, used};
  const std::size_t put = beast_->put_text(text.substr(used, bytes), ec);
  if (ec || put != bytes) return refuse({400, two_readings});
  left_ -= bytes;
  return {progress::body, used + bytes, in.subspan(used, bytes)};
}

// Until the scanner is behind the line of a chunk, and of the last also behind the trailer; else what read is to return.
std::optional<chunk_reader::step> chunk_reader::find_chunk(std::string_view text) noexcept {
  const auto refuse = [](int status, std::string_view why) { return step{.what = progress::refused, .why = {status, why}}; };
  const std::size_t end_lines = between_ ? 1 : 0;
  for (;;) {
    const bool in_trailer = last_line_end_ != 0;
    const std::size_t most =
        in_trailer ? last_line_end_ + limits_.trailer_bytes : limits_.extension_bytes + around_extensions_bytes;
    switch (scanner_.next(text.substr(0, most))) {
      case line_scanner::verdict::bad: return refuse(400, scanner_.why());
      case line_scanner::verdict::more:
        if (text.size() >= most && in_trailer) return refuse(431, "the trailer is larger than the limit");
        if (text.size() >= most) return refuse(400, "the line of a chunk is longer than the limit");
        return step{.what = progress::need_more};
      case line_scanner::verdict::line: break;
    }
    const std::string_view line = scanner_.line(text);
    if (in_trailer) {
      if (line.empty()) return std::nullopt;
      if (scanner_.lines() > end_lines + 1 + limits_.field_count)
        return refuse(431, "more fields in the trailer than the limit");
    } else if (scanner_.lines() <= end_lines) {
      if (!line.empty()) return refuse(400, "a chunk with more data than its size says");
    } else {
      const auto digits = std::min(line.find_first_not_of("0123456789abcdefABCDEF"), line.size());
      const std::string_view rest = line.substr(digits);
      if (digits == 0 || !(rest.empty() || rest.front() == ';' || rest.front() == ' ' || rest.front() == '\t'))
        return refuse(400, "a chunk without a size");
      if (line.substr(0, digits).find_first_not_of('0') != line.npos) return std::nullopt;
      last_line_end_ = scanner_.seen();
    }
  }
}

}  // namespace joist::inline v0::web::http
