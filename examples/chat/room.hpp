// A room: what its members say to it, and hear from it. static/app.js is the other end.
//
//   they push   say {id, text}      answered with {at, everywhere}, or with {reason}
//               typing {now}
//   they hear   history {messages}  once, when they have joined
//               said {id, name, text, at}, typing {name, now}
//               presence_state, presence_diff: who is here, for Presence of the client
#pragma once

#include <joist/joist.hpp>
#include <joist/pubsub/presence.hpp>
#include <joist/web/channel.hpp>
#include <joist/web/presence.hpp>

#include <algorithm>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "history.hpp"

namespace chat {

// [snippet: room]
struct user {
  std::string name;  // as the page says it: nobody has verified it
};

struct refusal {
  std::string reason;
};

class room : public web::channel<room, user> {
 public:
  struct say {
    std::string id;
    std::string text;
  };
  struct typing {
    bool now = false;
  };
  using events = joist::type_list<say, typing>;

  explicit room(joist::presence online) : online_{std::move(online)} {}

  web::join_result join(std::string_view topic, const web::json_value&) {
    if (topic.size() > longest_topic) return error(refusal{"the name of the room is too long"});
    joist::send(joist::self(), joined{});
    return ok();
  }

  web::reply handle_in(const say& s) {
    if (s.id.empty() || s.id.size() > longest_id) return error(refusal{"expected an id"});
    if (s.text.find_first_not_of(" \t\r\n") == std::string::npos) return error(refusal{"there is nothing in it"});
    if (s.text.size() > longest_text) return error(refusal{"it is too long"});
    const said message{s.id, socket().name, s.text, now()};
    return ok(confirmed{.at = message.at, .everywhere = broadcast_from(message)});
  }
  void handle_in(const typing& t) { broadcast_from(is_typing{socket().name, t.now}); }

  // Now it has subscribed: what is said from here on comes by itself, and nothing lies between. Something may come twice.
  struct joined {};
  using info_types = joist::type_list<joined>;
  void handle_info(joined) {
    (void)online_.track(topic(), socket().name, "{}");  // until this process ends
    push("presence_state", web::presence_state(online_.list(topic())));
    if (const auto store = joist::find_server<history>("history")) {
      if (auto before = store->try_call(history::of{topic()})) push(past{*std::move(before)});
    }
  }
  // [end]

 private:
  static constexpr std::size_t longest_topic = 64, longest_id = 64, longest_text = 8000;  // bytes

  struct is_typing {
    static constexpr std::string_view event = "typing";
    std::string name;
    bool now = false;
  };
  struct past {
    static constexpr std::string_view event = "history";
    std::vector<said> messages;
  };
  struct confirmed {
    std::int64_t at = 0;
    bool everywhere = true;  // false: those on other nodes have not heard it
  };

  static std::int64_t now() {
    const auto since_1970 = std::chrono::system_clock::now().time_since_epoch();
    return std::chrono::duration_cast<std::chrono::milliseconds>(since_1970).count();
  }

  joist::presence online_;
};

/// Who a client says it is: a name without blanks around it and without control characters. Nothing: it has none.
inline std::optional<user> user_of(std::string_view name) {
  constexpr std::size_t longest_name = 64;  // bytes
  const auto begin = name.find_first_not_of(' ');
  if (begin == std::string_view::npos) return std::nullopt;
  name = name.substr(begin, name.find_last_not_of(' ') + 1 - begin);
  const auto is_control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; };
  if (name.size() > longest_name || std::any_of(name.begin(), name.end(), is_control)) return std::nullopt;
  return user{std::string{name}};
}

}  // namespace chat
