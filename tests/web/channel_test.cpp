#include <joist/web/channel.hpp>

#include <array>
#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "support/collected_log.hpp"
#include "support/ends.hpp"
#include "support/phoenix_client.hpp"

using namespace std::chrono_literals;
using namespace support;
using joist::exit_reason;
using joist::pubsub;

namespace {

/// What channels of this file tell the test.
struct told_by_channel {
  std::string what;
};

/// Everything that a channel may have.
class full : public web::channel<full> {
 public:
  struct add {
    static constexpr std::string_view event = "add-numbers";
    std::vector<int> numbers;
  };
  struct fail {};
  struct wait {
    int milliseconds = 0;
  };
  struct tick {};
  struct counted {
    using reply = int;
  };
  struct bump {};
  struct sum {
    int value;
  };
  using events = joist::type_list<add, fail, wait>;
  using info_types = joist::type_list<tick, std::string>;

  explicit full(joist::pid test) : test_{test} {}
  web::join_result join(std::string_view topic, const web::json_value& params) {
    if (topic == "full:slow") (void)joist::receive<std::string>();
    if (params.find("refuse") != nullptr) return error(web::json_value{"no"});
    if (params.find("odd") != nullptr) return {"maybe", {}};
    joist::send(test_, told_by_channel{"joined"});
    return ok(sum{0});
  }

  sum handle_in(const add& a) {
    for (const int n : a.numbers) sum_ += n;
    return {sum_};
  }
  void handle_in(const fail&) { throw std::runtime_error{"on purpose"}; }
  void handle_in(const wait& w) { info_after(std::chrono::milliseconds{w.milliseconds}, tick{}); }
  void handle_info(tick) { push("tick", sum{sum_}); }
  void handle_info(const std::string& text) { push("text", text); }
  int handle_call(counted) { return sum_; }
  void handle_cast(bump) { ++sum_; }
  void terminate(const exit_reason& why) { joist::send(test_, told_by_channel{fmt::format("{}", why)}); }

 private:
  joist::pid test_;
  int sum_ = 0;
};

/// Crashes by whatever it hears, and says at its end whom it would answer.
class fragile : public web::channel<fragile> {
 public:
  static constexpr std::array<std::string_view, 1> intercepts{"out"};
  explicit fragile(joist::pid test) : test_{test} {}
  web::join_result join(std::string_view topic, const web::json_value&) {
    if (topic == "fragile:closed") throw std::runtime_error{"on purpose"};
    return ok();
  }
  void handle_in(std::string_view, const web::client_payload&) { throw std::runtime_error{"on purpose"}; }
  void handle_out(std::string_view, const web::payload&) { throw std::runtime_error{"on purpose"}; }
  void terminate(const exit_reason&) { joist::send(test_, told_by_channel{std::string{later().ref.view()}}); }

 private:
  joist::pid test_;
};

std::string hear_of_channel() {
  return joist::receive([](const told_by_channel& t) { return t.what; });
}

struct place {
  pubsub bus;
  joist::net::endpoint at;
};

void with_channels(const std::function<void(const place&)>& body) {
  on_workers(
      [&] {
        const pubsub bus;
        web::socket<> users{bus};
        users.channel<full>("full:*", joist::self());
        web::router routes;
        users.add_to(routes, "/socket");
        phoenix_socket(bus).add_to(routes, "/phoenix");
        const auto server = serve_routes(std::move(routes));
        body({bus, server.local()});
        server.stop();
      },
      5);
}

constexpr std::string_view joined = R"(["1","1","full:1","phx_reply",{"status":"ok","response":{"value":0}}])";

}  // namespace

TEST_CASE("channel: an event is a type: its payload are the members, and what the handler returns is the answer") {
  with_channels([](const place& p) {
    phoenix_client c{p.at};
    c.say(R"(["1","1","full:1","phx_join",{}])");
    EXPECT(c.hears(joined) && hear_of_channel() == "joined");
    c.say(R"(["1","2","full:1","add-numbers",{"numbers":[1,2,3]}])");
    EXPECT(c.hears(R"(["1","2","full:1","phx_reply",{"status":"ok","response":{"value":6}}])"));
    c.say(R"(["1","3","full:1","add-numbers",{"numbers":[4],"more":true}])");
    EXPECT(c.hears(R"(["1","3","full:1","phx_reply",{"status":"ok","response":{"value":10}}])"));
  });
}

TEST_CASE("channel: a payload of another shape, or an event that it has not, is answered by an error; nothing crashes") {
  with_channels([](const place& p) {
    phoenix_client c{p.at};
    EXPECT(c.joins("full:1") && hear_of_channel() == "joined");
    c.say(R"(["1","2","full:1","add-numbers",{"numbers":"many"}])");
    EXPECT(c.hears(R"(["1","2","full:1","phx_reply",{"status":"error","response":{"reason":"invalid payload","errors":)"
                   R"([{"pointer":"/numbers","what":"expected an array, got a string"}]}}])"));
    c.say(R"(["1","3","full:1","add-numbers",null])");
    EXPECT(c.hear().find("invalid payload") != std::string::npos);
    c.peer.send(ws::opcode::binary, std::string("\0\1\1\6\x0b", 5) + "14full:1add-numbers\xff");
    EXPECT(c.hear().find("invalid payload") != std::string::npos);
    c.say(R"(["1","5","full:1","nothing",{}])");
    EXPECT(c.hears(R"(["1","5","full:1","phx_reply",{"status":"error","response":{"reason":"unmatched event"}}])"));
  });
}

TEST_CASE("channel: it is a server: calls, casts, other messages, timers") {
  with_channels([](const place& p) {
    phoenix_client c{p.at};
    EXPECT(c.joins("full:1") && hear_of_channel() == "joined");
    const joist::server_ref<full> channel{p.bus.subscribers("full:1").front()};
    channel.cast(full::bump{});
    EXPECT(channel.call(full::counted{}) == 1);
    joist::send(channel.process(), std::string{"hello"});
    EXPECT(c.hears(R"(["1",null,"full:1","text","hello"])"));
    c.say(R"(["1","2","full:1","wait",{"milliseconds":1}])");
    EXPECT(c.hears(R"(["1",null,"full:1","tick",{"value":1}])"));
  });
}

TEST_CASE("channel: joins are refused with a payload; an answer that is neither ok nor error is the channel's crash") {
  with_channels([](const place& p) {
    phoenix_client c{p.at};
    c.say(R"(["1","1","full:1","phx_join",{"refuse":1}])");
    EXPECT(c.hears(R"(["1","1","full:1","phx_reply",{"status":"error","response":"no"}])"));
    EXPECT(hear_of_channel() == "shutdown");
    c.say(R"(["2","2","full:1","phx_join",{"odd":1}])");
    EXPECT(c.hears(R"(["2","2","full:1","phx_reply",{"status":"error","response":{"reason":"join crashed"}}])"));
    (void)hear_of_channel();
    EXPECT(p.bus.subscriber_count("full:1") == 0);
  });
}

TEST_CASE("channel: terminate hears why: the client has left, is gone, joins again; or the handler that threw") {
  with_channels([](const place& p) {
    const auto end_after = [&](const char* said) {
      phoenix_client c{p.at};
      EXPECT(c.joins("full:1") && hear_of_channel() == "joined");
      if (said != nullptr) c.say(said);
      if (said == nullptr) c.peer.stream().reset();
      return hear_of_channel();
    };
    EXPECT(end_after(R"(["1","2","full:1","phx_leave",{}])") == "shutdown (left)");
    EXPECT(end_after(nullptr) == "shutdown (closed)");
    EXPECT(end_after(R"(["2","2","full:1","phx_join",{"refuse":1}])") == "shutdown (closed)");
    EXPECT(hear_of_channel() == "shutdown");  // of the one that was refused
    EXPECT(end_after(R"(["1","2","full:1","fail",{}])").find("on purpose") != std::string::npos);
  });
}

TEST_CASE("channel: a slow join holds up its own topic alone; a leave meanwhile is answered behind it") {
  with_channels([](const place& p) {
    phoenix_client c{p.at};
    c.say(R"(["1","1","full:slow","phx_join",{}])");
    c.say(R"(["2","2","full:1","phx_join",{}])");
    EXPECT(c.hears(R"(["2","2","full:1","phx_reply",{"status":"ok","response":{"value":0}}])"));
    EXPECT(hear_of_channel() == "joined");
    c.say(R"(["1","3","full:slow","phx_leave",{}])");
    c.say(R"([null,"4","phoenix","heartbeat",{}])");
    EXPECT(c.hears(R"([null,"4","phoenix","phx_reply",{"status":"ok","response":{}}])"));
    for (const joist::pid process : joist::processes()) joist::send(process, std::string{"go on"});
    const auto hears_of_slow = [&c](std::string_view text) {
      std::string said = c.hear();
      if (said.find("full:1") != said.npos) said = c.hear();  // it is told to go on, too, and says so
      return said == text;
    };
    EXPECT(hears_of_slow(R"(["1","1","full:slow","phx_reply",{"status":"ok","response":{"value":0}}])"));
    EXPECT(hears_of_slow(R"(["1","3","full:slow","phx_reply",{"status":"ok","response":{}}])"));
    EXPECT(hears_of_slow(R"(["1","1","full:slow","phx_close",{}])"));
  });
}

TEST_CASE("channel: broadcasts of intercepted events go through handle_out, others past the channel") {
  with_channels([](const place& p) {
    websocket_peer ann{p.at, "/phoenix/websocket?vsn=2.0.0&user=ann"}, bob{p.at, "/phoenix/websocket?vsn=2.0.0&user=bob"};
    for (auto* peer : {&ann, &bob}) {
      peer->text(R"(["1","1","golden:1","phx_join",{}])");
      (void)peer->message();
    }
    ann.text(R"(["1","2","golden:1","intercept_me",{"a":1}])");
    EXPECT(ann.message() == R"(["1",null,"golden:1","intercepted",{"seen_by":"ann","body":{"a":1}}])");
    EXPECT(bob.message() == R"(["1",null,"golden:1","intercepted",{"seen_by":"bob","body":{"a":1}}])");
    ann.text(R"(["1","3","golden:1","from_me",{"b":2}])");
    ann.text(R"(["1","4","golden:1","ok",{}])");
    EXPECT(ann.message() == R"(["1","4","golden:1","phx_reply",{"status":"ok","response":{}}])");
    EXPECT(bob.message() == R"([null,null,"golden:1","from_me",{"b":2}])");
    ann.text(R"(["1","5","golden:1","stop",{}])");
    EXPECT(ann.message() == R"(["1","1","golden:1","phx_close",{}])");
  });
}

TEST_CASE("channel: the report of a crash says which event came on which topic, printable; terminate has nobody to answer") {
  const std::string text = logged_while([] {
    const pubsub bus;
    web::socket<> users{bus};
    users.channel<fragile>("fragile:*", joist::self());
    web::router routes;
    users.add_to(routes, "/socket");
    const auto server = serve_routes(std::move(routes));
    phoenix_client c{server.local()};
    EXPECT(c.joins("fragile:1", "1"));
    c.say(R"(["1","2","fragile:1","cr\u000aash",{}])");
    EXPECT(hear_of_channel().empty());
    EXPECT(c.hears(R"(["1","1","fragile:1","phx_error",{}])"));
    EXPECT(c.joins("fragile:2", "3"));
    (void)web::broadcast(bus, "fragile:2", "out", web::payload{1});
    EXPECT(hear_of_channel().empty());
    EXPECT(c.hears(R"(["3","3","fragile:2","phx_error",{}])"));
    EXPECT(!c.joins("fragile:closed", "4"));
    EXPECT(hear_of_channel().empty());
    server.stop();
  });
  INFO(text);
  CHECK(text.find("\n  last message: event \"cr\\x0aash\" on fragile:1\n") != std::string::npos);
  CHECK(text.find("\n  last message: broadcast \"out\" on fragile:2\n") != std::string::npos);
  CHECK(text.find("\n  last message: join of fragile:closed\n") != std::string::npos);
}
