#include <joist/web/socket.hpp>

#include <memory>
#include <string>
#include <vector>

#include "support/ends.hpp"
#include "support/phoenix_client.hpp"
#include "support/two_nodes.hpp"

using namespace std::chrono_literals;
using namespace support;
using joist::exit_reason;
using joist::pubsub;

namespace {

void with_server(const served_body& body) { with_phoenix({}, body); }

void await_subscribers(const pubsub& bus, std::string_view topic, std::size_t count) {
  while (bus.subscriber_count(topic) != count) joist::yield();
}

}  // namespace

TEST_CASE("socket: what is broadcast from anywhere comes to all who have joined the topic, and to nobody else") {
  with_server([](const pubsub& bus, const joist::net::endpoint& at) {
    phoenix_client ann{at}, bob{at}, eve{at};
    EXPECT(ann.joins("room:1") && bob.joins("room:1") && eve.joins("room:2"));
    EXPECT(web::broadcast(bus, "room:1", "news", web::payload{7}));
    EXPECT(web::broadcast(bus, "room:2", room_channel::new_msg{"hello"}));
    EXPECT(ann.hears(R"([null,null,"room:1","news",7])") && bob.hears(R"([null,null,"room:1","news",7])"));
    EXPECT(eve.hears(R"([null,null,"room:2","new_msg",{"body":"hello"}])"));
  });
}

TEST_CASE("socket: a process that has subscribed to a topic hears its broadcasts as a value") {
  with_server([](const pubsub& bus, const joist::net::endpoint& at) {
    phoenix_client ann{at};
    EXPECT(ann.joins("room:1"));
    bus.subscribe("room:1");
    ann.say(R"(["1","2","room:1","new_msg",{"body":"hello"}])");
    const auto heard = joist::receive<std::shared_ptr<const web::broadcast_event>>();
    EXPECT(heard->event == "new_msg" && heard->body.bytes() == R"({"body":"hello"})");
  });
}

TEST_CASE("socket: two programs on one network are one system") {
  on_workers(
      [] {
        const two_nodes nodes;
        nodes.start();
        const auto one = serve_phoenix(nodes.a), other = serve_phoenix(nodes.b);
        phoenix_client ann{one.local()}, bob{other.local()};
        EXPECT(ann.joins("room:1") && bob.joins("room:1"));
        ann.say(R"(["1","2","room:1","new_msg",{"body":"hello"}])");
        EXPECT(ann.hears(R"([null,null,"room:1","new_msg",{"body":"hello"}])"));
        EXPECT(bob.hears(R"([null,null,"room:1","new_msg",{"body":"hello"}])"));
        EXPECT(web::broadcast(nodes.b, "room:1", "bytes", web::binary{std::string{"\x00\xff", 2}}));
        EXPECT(ann.hear() == std::string("\x02\x06\x05room:1bytes\x00\xff", 16));
        one.stop();
        other.stop();
      },
      5);
}

TEST_CASE("socket: a second join of a topic closes the first channel and begins anew") {
  with_server([](const pubsub& bus, const joist::net::endpoint& at) {
    phoenix_client ann{at};
    EXPECT(ann.joins("room:1", "1"));
    ann.say(R"(["2","2","room:1","phx_join",{}])");
    EXPECT(ann.hears(R"(["1","1","room:1","phx_close",{}])"));
    EXPECT(ann.hears(R"(["2","2","room:1","phx_reply",{"status":"ok","response":{}}])"));
    EXPECT(bus.subscriber_count("room:1") == 1);
    ann.say(R"(["2","3","room:1","ping",{}])");
    EXPECT(ann.hears(R"(["2","3","room:1","phx_reply",{"status":"ok","response":{}}])"));
  });
}

TEST_CASE("socket: a leave with an old join_ref is no leave") {
  with_server([](const pubsub& bus, const joist::net::endpoint& at) {
    phoenix_client ann{at};
    EXPECT(ann.joins("room:1", "7"));
    ann.say(R"(["6","8","room:1","phx_leave",{}])");
    ann.say(R"(["7","9","room:1","ping",{}])");
    EXPECT(ann.hears(R"(["7","9","room:1","phx_reply",{"status":"ok","response":{}}])"));
    EXPECT(bus.subscriber_count("room:1") == 1);
  });
}

TEST_CASE("socket: channels end with their client, however it goes") {
  with_server([](const pubsub& bus, const joist::net::endpoint& at) {
    {
      phoenix_client ann{at}, bob{at};
      EXPECT(ann.joins("room:1") && bob.joins("room:1") && bus.subscriber_count("room:1") == 2);
      ann.peer.send(ws::opcode::close, "\x03\xe8");
      EXPECT(ann.peer.closed_with() == 1000);
      await_subscribers(bus, "room:1", 1);
      bob.peer.stream().reset();
    }
    await_subscribers(bus, "room:1", 0);
  });
}

TEST_CASE("socket: a killed channel is told to its client as phx_error; others of the client go on") {
  with_server([](const pubsub& bus, const joist::net::endpoint& at) {
    phoenix_client ann{at};
    EXPECT(ann.joins("room:1", "1") && ann.joins("room:2", "2"));
    joist::exit(bus.subscribers("room:1").front(), exit_reason::kill);
    EXPECT(ann.hears(R"(["1","1","room:1","phx_error",{}])"));
    ann.say(R"(["2","3","room:2","ping",{}])");
    EXPECT(ann.hears(R"(["2","3","room:2","phx_reply",{"status":"ok","response":{}}])"));
    ann.say(R"(["1","4","room:1","ping",{}])");
    EXPECT(ann.hears(R"([null,"4","room:1","phx_reply",{"status":"error","response":{"reason":"unmatched topic"}}])"));
  });
}

TEST_CASE("socket: disconnect closes all sockets of an id") {
  with_server([](const pubsub& bus, const joist::net::endpoint& at) {
    phoenix_client ann{at, "&user=ann"}, again{at, "&user=ann"}, bob{at, "&user=bob"};
    EXPECT(ann.joins("room:1") && again.joins("room:1") && bob.joins("room:1"));
    EXPECT(web::disconnect(bus, "users:ann"));
    EXPECT(ann.peer.closed_with() == 1001 && again.peer.closed_with() == 1001);
    bob.say(R"(["1","2","room:1","whoami",{}])");
    EXPECT(bob.hears(R"(["1","2","room:1","phx_reply",{"status":"ok","response":{"reason":"bob"}}])"));
  });
}

TEST_CASE("socket: what is no message of the protocol closes the connection with 1008, too large ones with 1009") {
  with_phoenix({.max_message_bytes = 1000}, [](const pubsub&, const joist::net::endpoint& at) {
    for (const char* text : {"", "x", "{}", "[]", "[1,2,3,4]", R"(["1","1",7,"phx_join",{}])",
                             R"(["1","1","room:1",null,{}])", R"([{},"1","room:1","phx_join",{}])"}) {
      phoenix_client c{at};
      c.say(text);
      EXPECT(c.peer.closed_with() == 1008);
    }
    phoenix_client binary{at}, large{at};
    binary.peer.send(ws::opcode::binary, std::string("\x00\x01\x01\x09\x01", 5));
    EXPECT(binary.peer.closed_with() == 1008);
    large.say(std::string(1001, ' '));
    EXPECT(large.peer.closed_with() == 1009);
  });
}

TEST_CASE("socket: limits: channels of a client, messages a second") {
  with_phoenix({.max_channels = 2, .messages_per_second = 5}, [](const pubsub&, const joist::net::endpoint& at) {
    phoenix_client c{at};
    EXPECT(c.joins("room:1") && c.joins("room:2"));
    c.say(R"(["3","3","room:3","phx_join",{}])");
    EXPECT(c.hears(R"(["3","3","room:3","phx_reply",{"status":"error","response":{"reason":"too many channels joined"}}])"));
    for (int i = 0; i < 10; ++i) c.say(R"([null,"9","phoenix","heartbeat",{}])");
    told last;
    do last = c.peer.next();
    while (last.what == ws::event::kind::text);
    EXPECT(last.what == ws::event::kind::close && last.code == 1008);
  });
}

TEST_CASE("socket: a client that says nothing for `silence` is closed, without being asked") {
  with_phoenix({.silence = 50ms}, [](const pubsub&, const joist::net::endpoint& at) {
    phoenix_client c{at};
    EXPECT(c.joins("room:1"));
    EXPECT(c.peer.closed_with() == 1001);
  });
}

TEST_CASE("socket: pages of other origins are refused, but those that are allowed") {
  with_phoenix({.allow_origins = {"https://friend.example"}}, [](const pubsub&, const joist::net::endpoint& at) {
    const auto status = [&](const char* origin) {
      return phoenix_client{at, {}, std::string{"Origin: "} + origin + "\r\n"}.peer.answer.substr(9, 3);
    };
    EXPECT(status("http://localhost") == "101" && status("https://friend.example") == "101");
    EXPECT(status("http://evil.example") == "403" && status("null") == "403");
  });
}

TEST_CASE("socket: at a stop of the server clients are closed with 1001") {
  on_workers(
      [] {
        const auto server = serve_phoenix(pubsub{});
        phoenix_client c{server.local()};
        EXPECT(c.joins("room:1"));
        const auto stopping = joist::spawn_monitor([server] { server.stop(); });
        EXPECT(c.peer.closed_with() == 1001);
        (void)reason_of(stopping);
      },
      5);
}

TEST_CASE("socket: at a stop of the server clients are closed at a rate, the first ones at once") {
  on_workers(
      [] {
        const auto server = serve_phoenix(pubsub{}, {.drain_batch = 2, .drain_pause = 200ms}, 20s);
        std::vector<std::unique_ptr<phoenix_client>> all;
        for (int i = 0; i < 5; ++i) {
          all.push_back(std::make_unique<phoenix_client>(server.local()));
          EXPECT(all.back()->joins("room:1"));
        }
        const auto begin = joist::clock::now();
        const auto stopping = joist::spawn_monitor([server] { server.stop(); });
        for (const auto& c : all) EXPECT(c->peer.closed_with() == 1001);
        EXPECT(joist::clock::now() - begin >= 300ms);  // 0, 0, 100, 200, 300
        (void)reason_of(stopping);
      },
      2);
}

TEST_CASE(
    "socket: patterns: the topic itself goes before the longest beginning; the same twice, and stars inside, are refused") {
  const auto pattern_of = [](const web::channels::socket_core& core, std::string_view topic) {
    const auto* kind = core.find(topic);
    return kind != nullptr ? kind->pattern : "none";
  };
  web::channels::socket_core core{pubsub{}, {}};
  for (const char* p : {"room:*", "room:lobby", "room:private:*", "*"}) core.add({p, {}});
  CHECK(pattern_of(core, "room:lobby") == "room:lobby");
  CHECK(pattern_of(core, "room:lobby2") == "room:*");
  CHECK(pattern_of(core, "room:private:7") == "room:private:*");
  CHECK(pattern_of(core, "other") == "*");
  for (const char* p : {"room:*", "", "a*b", "*:*"}) CHECK(refuses(joist::errc::bad_argument, [&] { core.add({p, {}}); }));
  CHECK(refuses(joist::errc::bad_argument, [] {
    web::router routes;
    web::socket<phoenix_user>{pubsub{}}.add_to(routes, "/socket");  // nobody says who its users are
  }));
}
