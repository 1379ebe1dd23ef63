#include <joist/error.hpp>
#include <joist/web/socket.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "web/channels/broadcast.hpp"

namespace joist::inline v0::web {
namespace channels {

socket_core::socket_core(pubsub b, socket_options o) : bus{std::move(b)}, options{std::move(o)} {
  if (options.silence <= std::chrono::milliseconds{0}) {
    throw error{errc::bad_argument,
                fmt::format("socket: expected a silence above zero, got {} ms", options.silence.count())};
  }
  bus.accept<channel_broadcast>();
}

void socket_core::add(channel_kind kind) {
  const auto star = kind.pattern.find('*');
  if (kind.pattern.empty() || (star != std::string::npos && star + 1 != kind.pattern.size())) {
    throw error{errc::bad_argument,
                fmt::format("socket: expected a topic, or the beginning of topics and a star, \"room:*\", got \"{}\"",
                            kind.pattern)};
  }
  const auto same = [&kind](const channel_kind& other) { return other.pattern == kind.pattern; };
  if (std::any_of(kinds.begin(), kinds.end(), same)) {
    throw error{errc::bad_argument,
                fmt::format("socket: \"{}\" has a channel already: give each pattern one", kind.pattern)};
  }
  kinds.push_back(std::move(kind));
}

const channel_kind* socket_core::find(std::string_view topic) const noexcept {
  const channel_kind* best = nullptr;
  for (const channel_kind& k : kinds) {
    if (k.pattern == topic) return &k;
    const std::string_view begin{k.pattern.data(), k.pattern.size() - 1};
    if (k.pattern.back() == '*' && topic.substr(0, begin.size()) == begin &&
        (best == nullptr || best->pattern.size() < k.pattern.size()))
      best = &k;
  }
  return best;
}

}  // namespace channels

bool broadcast(const pubsub& bus, std::string_view topic, std::string_view event, const payload& body) {
  return bus.broadcast(topic, channels::channel_broadcast{topic, event, body}).has_value();
}

bool disconnect(const pubsub& bus, std::string_view id) { return broadcast(bus, id, "disconnect", payload{}); }

}  // namespace joist::inline v0::web
