#include "web/websocket/decoder.hpp"

#include <algorithm>

#include "base/assert.hpp"
#include "web/websocket/utf8.hpp"

namespace joist::inline v0::web::ws {
namespace {

std::string_view view(std::span<const char> bytes) noexcept { return {bytes.data(), bytes.size()}; }

std::span<char> cut_front(std::span<char>& bytes, std::size_t size) noexcept {
  const auto front = bytes.first(size);
  bytes = bytes.subspan(size);
  return front;
}

constexpr refusal not_utf8{close_code::invalid_payload, "a text message is not UTF-8"};

}  // namespace

struct decoder::progress {
  // -- the message
  std::vector<char> message;  // what has come of it, unmasked and inflated
  opcode type = opcode::text;
  bool open = false;  // more of it is to come
  bool compressed = false;
  utf8_check utf8;
  // -- the frame
  bool in_frame = false;  // more of it is to come
  frame_header header;
  std::uint64_t left = 0;
  std::uint8_t control_bytes = 0;
  std::array<char, most_control_bytes> control;  // what has come of a control frame
};

decoder::decoder(const decoder_options& options)
    : most_frame_bytes_{options.most_frame_bytes}, most_message_bytes_{options.most_message_bytes}, self_{options.self} {
  if (options.inflate) inflater_.emplace(*options.inflate);
}
decoder::decoder(decoder&&) noexcept = default;
decoder& decoder::operator=(decoder&&) noexcept = default;
decoder::~decoder() = default;

std::size_t decoder::buffered_bytes() const noexcept {
  return progress_ != nullptr ? sizeof(progress) + progress_->message.capacity() : 0;
}

bool decoder::in_frame() const noexcept { return progress_ != nullptr && progress_->in_frame; }

decoder::progress& decoder::progressing() {
  if (progress_ == nullptr) progress_ = std::make_unique<progress>();
  return *progress_;
}

event decoder::next(std::span<char>& bytes) {
  // What the last event was a view of.
  if (progress_ != nullptr && (finished_ || (!progress_->open && !progress_->in_frame))) progress_.reset();
  while (!finished_) {
    if (!in_frame()) {
      const auto reading = head_bytes_ == 0 ? take_header(bytes) : take_rest_of_header(bytes);
      if (reading.what == header_reading::verdict::incomplete) return {};
      if (reading.what == header_reading::verdict::refused) return refuse(reading.why);
      const auto& header = reading.header;
      if (const auto wrong = wrong_here(header)) return refuse(*wrong);
      const bool open = progress_ != nullptr && progress_->open;
      const bool alone = is_control(header.op) || (header.final && !header.compressed && !open);
      if (alone && header.payload_bytes <= bytes.size()) return take_whole(header, bytes);
      begin(header);
    }
    if (const auto e = take_payload(bytes)) return e;
    if (in_frame()) return {};
  }
  inflater_.reset();
  bytes = {};
  return {};
}

header_reading decoder::take_header(std::span<char>& bytes) noexcept {
  auto reading = read_header(view(bytes), {self_, inflater_.has_value()});
  if (reading.what == header_reading::verdict::incomplete) {
    std::ranges::copy(bytes, head_.begin());
    head_bytes_ = static_cast<std::uint8_t>(bytes.size());
    bytes = {};
  }
  cut_front(bytes, reading.header_bytes);
  return reading;
}

header_reading decoder::take_rest_of_header(std::span<char>& bytes) noexcept {
  header_reading reading;
  while (reading.what == header_reading::verdict::incomplete && !bytes.empty()) {
    head_[head_bytes_++] = cut_front(bytes, 1).front();
    reading = read_header({head_.data(), head_bytes_}, {self_, inflater_.has_value()});
  }
  if (reading.what != header_reading::verdict::incomplete) head_bytes_ = 0;
  return reading;
}

// What a header says is right by itself, and may be wrong where it comes, or too much.
std::optional<refusal> decoder::wrong_here(const frame_header& header) const noexcept {
  if (is_control(header.op)) return {};
  const bool open = progress_ != nullptr && progress_->open;
  const bool continues = header.op == opcode::continuation;
  if (continues && !open) return refusal{close_code::protocol_error, "a continuation comes where no message is open"};
  if (!continues && open) return refusal{close_code::protocol_error, "a message begins where another one is open"};
  if (header.payload_bytes > most_frame_bytes_)
    return refusal{close_code::message_too_big, "a frame has more bytes than are allowed"};
  const bool compressed = open ? progress_->compressed : header.compressed;
  const std::size_t before = open ? progress_->message.size() : 0;
  if (!compressed && header.payload_bytes > most_message_bytes_ - before)
    return refusal{close_code::message_too_big, "a message has more bytes than are allowed"};
  return {};
}

// A control frame, or a message of one frame, all of which lies in front.
event decoder::take_whole(const frame_header& header, std::span<char>& bytes) {
  const auto payload = cut_front(bytes, static_cast<std::size_t>(header.payload_bytes));
  if (header.masked) mask(payload, *header.masked);
  if (is_control(header.op)) return control(header.op, view(payload));
  if (header.op == opcode::binary) return {event::kind::binary, {}, view(payload)};
  if (!is_utf8(view(payload))) return refuse(not_utf8);
  return {event::kind::text, {}, view(payload)};
}

void decoder::begin(const frame_header& header) {
  auto& p = progressing();
  p.in_frame = true;
  p.header = header;
  p.left = header.payload_bytes;
  p.control_bytes = 0;
  if (is_control(header.op) || header.op == opcode::continuation) return;
  JOIST_ASSERT(!p.open && p.message.empty(), "a message begins where none is open");
  p.open = true;
  p.type = header.op;
  p.compressed = header.compressed;
}

event decoder::take_payload(std::span<char>& bytes) {
  auto& p = *progress_;
  const auto piece = cut_front(bytes, static_cast<std::size_t>(std::min<std::uint64_t>(p.left, bytes.size())));
  if (p.header.masked) mask(piece, *p.header.masked, p.header.payload_bytes - p.left);
  p.left -= piece.size();
  p.in_frame = p.left > 0;
  if (is_control(p.header.op)) {
    std::ranges::copy(piece, p.control.begin() + p.control_bytes);
    p.control_bytes = static_cast<std::uint8_t>(p.control_bytes + piece.size());
    return p.in_frame ? event{} : control(p.header.op, {p.control.data(), p.control_bytes});
  }
  if (const auto wrong = add(view(piece))) return refuse(*wrong);
  return p.in_frame || !p.header.final ? event{} : message_end();
}

// Text is checked as far as it is known, also where more of it is refused: so the refusal is that of the first byte that
// is wrong, however the bytes are cut.
std::optional<refusal> decoder::add(std::string_view piece) {
  auto& p = *progress_;
  const std::size_t before = p.message.size();
  std::optional<refusal> refused;
  if (p.compressed) {
    refused = inflater_->add(piece, p.message, most_message_bytes_);
  } else {
    make_room(p.message, piece.size(), most_message_bytes_);
    p.message.insert(p.message.end(), piece.begin(), piece.end());
  }
  if (p.type == opcode::text && !p.utf8.add(view(p.message).substr(before))) return not_utf8;
  return refused;
}

event decoder::message_end() {
  auto& p = *progress_;
  if (p.compressed) {
    const std::size_t before = p.message.size();
    const auto refused = inflater_->end(p.message, most_message_bytes_);
    if (p.type == opcode::text && !p.utf8.add(view(p.message).substr(before))) return refuse(not_utf8);
    if (refused) return refuse(*refused);
  }
  if (p.type == opcode::text && !p.utf8.complete()) return refuse(not_utf8);
  p.open = false;
  return {p.type == opcode::text ? event::kind::text : event::kind::binary, {}, view(p.message)};
}

event decoder::control(opcode op, std::string_view payload) noexcept {
  if (op == opcode::ping) return {event::kind::ping, {}, payload};
  if (op == opcode::pong) return {event::kind::pong, {}, payload};
  const auto said = parse_close(payload);
  if (!said) return refuse(said.error());
  finished_ = true;
  return {event::kind::close, said->code, said->text};
}

event decoder::refuse(refusal why) noexcept {
  finished_ = true;
  return {event::kind::failure, why.code, why.sentence};
}

}  // namespace joist::inline v0::web::ws
