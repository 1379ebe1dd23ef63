// The tests of the chat: clients on real sockets, which speak as the page does. Any test framework will do.
#include <joist/web/websocket_client.hpp>

#include <fmt/format.h>

#include <cstdio>
#include <initializer_list>
#include <stdexcept>
#include <string>
#include <utility>

#include "service.hpp"

namespace {

namespace web = joist::web;

#define EXPECT(...)                                               \
  if (!(__VA_ARGS__)) throw std::runtime_error {                  \
      fmt::format("line {}: expected {}", __LINE__, #__VA_ARGS__) \
    }

std::string text_in(const web::json_value& message, std::string_view name) { return *message.find(name)->as_string(); }

/// A page that has joined a room.
class member {
 public:
  member(const joist::net::endpoint& server, std::string_view name, std::string room = "room:lobby")
      : socket_{web::websocket::connect(
            fmt::format("ws://{}/socket/websocket?vsn=2.0.0&name={}", server.to_string(), name))},
        room_{std::move(room)} {
    push("phx_join", "{}");
    EXPECT(text_in(answer(), "status") == "ok");
    present = next("presence_state");
    history = next("history");
  }

  void push(std::string_view event, std::string_view payload) {
    socket_.send_text(fmt::format(R"(["1","{}","{}","{}",{}])", ++ref_, room_, event, payload));
  }
  void say(std::string_view id, std::string_view text) {
    push("say", web::json_value{web::json_value::object{{"id", std::string{id}}, {"text", std::string{text}}}}.to_string());
  }
  /// The payload of the next such event. Others in between are an error: nothing is to come but what is waited for, and
  /// who comes and goes meanwhile.
  web::json_value next(std::string_view event) {
    const auto frame = socket_.next();
    EXPECT(frame);
    const web::json_value all = *web::parse_json(frame->data);
    const auto& parts = *all.as_array();
    if (*parts[3].as_string() == "presence_diff" && event != "presence_diff") return next(event);
    if (*parts[3].as_string() != event) throw std::runtime_error{fmt::format("expected {}, got {}", event, frame->data)};
    return parts[4];
  }
  /// To what was pushed.
  web::json_value answer() { return next("phx_reply"); }

  web::json_value present;
  web::json_value history;

 private:
  web::websocket socket_;
  std::string room_;
  int ref_ = 0;
};

const web::json_value::array& messages(const member& m) { return *m.history.find("messages")->as_array(); }
std::string reason(member& m) { return text_in(*m.answer().find("response"), "reason"); }

/// The service, on a port that is free.
joist::net::endpoint start() {
  joist::application_options o;
  o.settings["chat"] = {{"at", "127.0.0.1:0"}, {"phoenix", CHAT_PAGES}};  // the client is not needed here
  const auto started = joist::try_start_applications({chat::service(joist::pubsub{})}, o);
  if (!started) throw std::runtime_error{started.error().to_string()};
  return joist::net::server_ref{*joist::whereis("web")}.local();
}

// [snippet: tests]
void what_is_said_is_heard_by_others_and_confirmed_to_its_writer() {
  const auto at = start();
  member ann{at, "ann"}, bob{at, "bob"};
  ann.say("1", "<b>hello</b> \"all\"");
  const auto heard = bob.next("said");
  EXPECT(text_in(heard, "name") == "ann" && text_in(heard, "text") == "<b>hello</b> \"all\"" && text_in(heard, "id") == "1");
  const auto confirmed = ann.answer();
  EXPECT(*confirmed.find("response")->find("at") == *heard.find("at"));
  EXPECT(*confirmed.find("response")->find("everywhere")->as_bool());
}

void who_comes_later_is_told_what_was_said_once_each() {
  const auto at = start();
  member ann{at, "ann"};
  for (const char* id : {"1", "2", "2"}) {  // a page that had no answer says it again
    ann.say(id, "text");
    (void)ann.answer();
  }
  const member bob{at, "bob"}, elsewhere{at, "bob", "room:other"};
  EXPECT(messages(bob).size() == 2 && text_in(messages(bob)[1], "id") == "2");
  EXPECT(messages(elsewhere).empty());
}
// [end]

void that_somebody_types_is_told_to_others() {
  const auto at = start();
  member ann{at, "ann"}, bob{at, "bob"};
  ann.push("typing", R"({"now":true})");
  const auto heard = bob.next("typing");
  EXPECT(text_in(heard, "name") == "ann" && *heard.find("now")->as_bool());
  bob.say("1", "yes?");
  EXPECT(text_in(ann.next("said"), "text") == "yes?");  // and nothing before it
}

void who_is_here_is_told() {
  const auto at = start();
  member ann{at, "ann"};
  const auto awaits = [&ann](std::string_view what, std::string_view name) {
    for (;;) {
      const auto diff = ann.next("presence_diff");
      if (diff.find(what)->find(name) != nullptr) return;
    }
  };
  {
    const member bob{at, "bob"}, again{at, "bob"};
    EXPECT(again.present.find("ann") != nullptr);
    EXPECT(again.present.find("bob")->find("metas")->as_array()->size() == 2);
    awaits("joins", "bob");
  }
  awaits("leaves", "bob");
}

void what_makes_no_message_is_refused() {
  const auto at = start();
  member ann{at, "ann"};
  ann.say("1", " \n ");
  EXPECT(reason(ann) == "there is nothing in it");
  ann.say("1", std::string(8001, 'x'));
  EXPECT(reason(ann) == "it is too long");
  ann.say("", "text");
  EXPECT(reason(ann) == "expected an id");
  ann.push("say", R"({"id":1,"text":"text"})");
  EXPECT(reason(ann) == "invalid payload");
  ann.push("dance", "{}");
  EXPECT(reason(ann) == "unmatched event");
}

void who_has_no_name_is_not_let_in() {
  const auto at = start();
  for (const std::string& name : {std::string{}, std::string{"%20"}, std::string{"a%00b"}, std::string(65, 'x')}) {
    const auto url = fmt::format("ws://{}/socket/websocket?vsn=2.0.0&name={}", at.to_string(), name);
    EXPECT(!web::websocket::try_connect(url, {}));
  }
  EXPECT(chat::user_of("  zo\xc3\xab 7 ")->name == "zo\xc3\xab 7");
}

void a_crash_of_the_history_leaves_those_who_are_there_alone() {
  const auto at = start();
  member ann{at, "ann"}, bob{at, "bob"};
  const auto gone = joist::monitor(*joist::whereis("history"));
  joist::exit(*joist::whereis("history"), joist::exit_reason::kill);
  joist::receive(joist::when([&](const joist::down& d) { return d.monitor == gone; }, [](const joist::down&) {}));
  ann.say("1", "still here");
  EXPECT(text_in(bob.next("said"), "text") == "still here");
}

// Of the store alone: in virtual time, in many interleavings.
void rooms_and_messages_are_bounded() {
  const joist::pubsub bus;
  const auto store = joist::start_link<chat::history>({}, bus, chat::history::limits{.rooms = 2, .messages = 3});
  const auto of = [&](const char* topic) { return store.call(chat::history::of{topic}); };
  const auto say = [&](const char* topic, int id) {
    web::broadcast(bus, topic, chat::said{std::to_string(id), "ann", "text"});
  };
  EXPECT(of("a").empty() && of("b").empty());
  for (int id = 1; id <= 5; ++id) say("a", id);
  EXPECT(of("a").size() == 3 && of("a").front().id == "3");
  EXPECT(of("c").empty() && bus.subscriber_count("b") == 0);  // b was silent for longest
  EXPECT(of("a").size() == 3);
}

}  // namespace

int main() try {
  for (const auto test :
       {what_is_said_is_heard_by_others_and_confirmed_to_its_writer, who_comes_later_is_told_what_was_said_once_each,
        that_somebody_types_is_told_to_others, who_is_here_is_told, what_makes_no_message_is_refused,
        who_has_no_name_is_not_let_in, a_crash_of_the_history_leaves_those_who_are_there_alone}) {
    joist::runtime_options quiet;
    quiet.log = joist::silent_sink();
    if (const int result = joist::run(test, quiet); result != 0) return result;
  }
  joist::for_each_schedule(100, rooms_and_messages_are_bounded);
} catch (const std::exception& failure) {
  fmt::print(stderr, "{}\n", failure.what());
  return 1;
}
