// web/channels/broadcast.hpp: a broadcast to clients, on its way: to their connections, encoded once for each version of the
// protocol, and to channels that intercept it.
#pragma once

#include <joist/pubsub/pubsub.hpp>
#include <joist/web/channel.hpp>

#include <array>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>

namespace joist::inline v0::web::channels {

/// What a channel puts beside its subscription: where to write to, past it.
struct fastlane {
  pid connection;
  protocol_version version;
  std::span<const std::string_view> intercepts;  // of its class
};

class channel_broadcast {
 public:
  channel_broadcast(std::string_view topic, std::string_view event, payload body)
      : event_{std::make_shared<const broadcast_event>(
            broadcast_event{std::string{topic}, std::string{event}, std::move(body)})} {}
  /// In the process that broadcasts, for one after the other.
  void deliver_to(const pubsub_subscriber& to) const;
  [[nodiscard]] const broadcast_event& event() const noexcept { return *event_; }

 private:
  [[nodiscard]] const encoded& frame_for(protocol_version v) const;

  std::shared_ptr<const broadcast_event> event_;
  mutable std::array<encoded, 2> frames_;  // made when the first needs it; null: nobody has, or it has no such form
};

}  // namespace joist::inline v0::web::channels

namespace joist::inline v0 {

template <>
struct enable_sendable<web::channels::fastlane> : std::true_type {};  // its views are of constants of the program

template <>
struct message_format<web::channels::channel_broadcast> {
  static constexpr std::string_view name = "joist.channel";
  [[nodiscard]] static std::string write(const web::channels::channel_broadcast& b);
  [[nodiscard]] static std::optional<web::channels::channel_broadcast> read(std::string_view bytes);
};

}  // namespace joist::inline v0
