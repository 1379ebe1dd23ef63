// What was said: the last messages of each room, in memory. It hears a room as its members do, so it knows what was said on
// other nodes, too, and nobody has to tell it.
#pragma once

#include <joist/otp/gen_server.hpp>
#include <joist/pubsub/pubsub.hpp>
#include <joist/web/channel.hpp>
#include <joist/web/json.hpp>

#include <algorithm>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace chat {

namespace web = joist::web;

/// A message, as all see it.
struct said {
  std::string id;  // its writer's page has made it: who gets a message twice shows it once
  std::string name;
  std::string text;
  std::int64_t at = 0;  // milliseconds since 1970
};

// [snippet: history]
class history : public joist::gen_server<history> {
 public:
  using info_types = joist::type_list<std::shared_ptr<const web::broadcast_event>>;

  /// What was said in a room, the oldest first. From now on it is listened to.
  struct of {
    using reply = std::vector<said>;
    std::string topic;
  };
  struct limits {
    std::size_t rooms = 1000;  // beyond, the one that was silent for longest is forgotten
    std::size_t messages = 50;
  };

  history(joist::pubsub bus, limits most) : bus_{std::move(bus)}, most_{most} {}

  std::vector<said> handle_call(of wanted) {
    if (const auto known = rooms_.find(wanted.topic); known != rooms_.end()) {
      return {known->second.messages.begin(), known->second.messages.end()};
    }
    if (rooms_.size() >= most_.rooms) forget_one();
    bus_.subscribe(wanted.topic);
    rooms_[wanted.topic].last_used = ++now_;
    return {};
  }

  void handle_info(std::shared_ptr<const web::broadcast_event> heard) {
    const auto at = rooms_.find(heard->topic);
    if (at == rooms_.end() || heard->event != "said") return;
    auto message = web::from_json<said>(heard->body.bytes());
    if (!message) return;
    room& here = at->second;
    here.last_used = ++now_;
    const auto same = [&message](const said& other) { return other.id == message->id; };
    if (std::any_of(here.messages.begin(), here.messages.end(), same)) return;
    here.messages.push_back(*std::move(message));
    if (here.messages.size() > most_.messages) here.messages.pop_front();
  }

 private:
  struct room {
    std::deque<said> messages;
    std::uint64_t last_used = 0;
  };

  void forget_one() {
    const auto oldest = std::min_element(
        rooms_.begin(), rooms_.end(), [](const auto& a, const auto& b) { return a.second.last_used < b.second.last_used; });
    bus_.unsubscribe(oldest->first);
    rooms_.erase(oldest);
  }

  joist::pubsub bus_;
  limits most_;
  std::uint64_t now_ = 0;
  std::map<std::string, room> rooms_;
};
// [end]

}  // namespace chat
