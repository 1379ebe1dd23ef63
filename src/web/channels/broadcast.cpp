#include "web/channels/broadcast.hpp"

#include <joist/log.hpp>

#include <algorithm>
#include <utility>

#include "pubsub/length_fields.hpp"
#include "web/channels/frames.hpp"

namespace joist::inline v0 {
namespace web::channels {

const encoded& channel_broadcast::frame_for(protocol_version v) const {
  encoded& frame = frames_[static_cast<std::size_t>(v) - 1];
  if (frame == nullptr && !(v == protocol_version::v1 && event_->body.is_binary()))
    frame = write_broadcast(v, event_->topic, event_->event, event_->body);
  return frame;
}

void channel_broadcast::deliver_to(const pubsub_subscriber& to) const {
  const fastlane* direct = to.metadata<fastlane>();
  if (direct == nullptr ||
      std::find(direct->intercepts.begin(), direct->intercepts.end(), event_->event) != direct->intercepts.end()) {
    (void)send(to.process(), event_);
    return;
  }
  if (const encoded& frame = frame_for(direct->version)) (void)send(direct->connection, outgoing{frame});
}

}  // namespace web::channels

namespace {

constexpr unsigned length_bytes = 4;  // of topic and event

}  // namespace

using web::channels::channel_broadcast;

std::string message_format<channel_broadcast>::write(const channel_broadcast& b) {
  const web::broadcast_event& e = b.event();
  std::string out;
  out.reserve(9 + e.topic.size() + e.event.size() + e.body.bytes().size());
  out += e.body.is_binary() ? 'b' : 'j';
  detail::append_field(out, e.topic, length_bytes);
  detail::append_field(out, e.event, length_bytes);
  out += e.body.bytes();
  return out;
}

std::optional<channel_broadcast> message_format<channel_broadcast>::read(std::string_view bytes) {
  if (bytes.empty() || (bytes[0] != 'b' && bytes[0] != 'j')) return std::nullopt;
  const bool is_binary = bytes[0] == 'b';
  bytes.remove_prefix(1);
  const auto topic = detail::take_field(bytes, length_bytes);
  const auto event = topic ? detail::take_field(bytes, length_bytes) : std::nullopt;
  if (!event) return std::nullopt;
  web::payload body = is_binary ? web::payload{web::binary{std::string{bytes}}} : web::payload::of_json(std::string{bytes});
  return channel_broadcast{*topic, *event, std::move(body)};
}

}  // namespace joist::inline v0
