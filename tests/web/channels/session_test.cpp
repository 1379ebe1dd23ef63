#include "web/channels/session.hpp"

#include <joist/joist.hpp>

#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "support/phoenix_app.hpp"
#include "support/world.hpp"

using namespace support;
using namespace joist::web::channels;
using joist::web::nobody;

namespace {

class any_topic : public joist::web::channel<any_topic> {
 public:
  joist::web::join_result join(std::string_view, const joist::web::json_value&) { return ok(); }
};

class unbuildable : public joist::web::channel<unbuildable> {
 public:
  unbuildable() { throw std::runtime_error{"on purpose"}; }
  joist::web::join_result join(std::string_view, const joist::web::json_value&) { return ok(); }
};

class closed_topic : public joist::web::channel<closed_topic> {
 public:
  joist::web::join_result join(std::string_view, const joist::web::json_value&) { return error(); }
};

/// Handles nothing before it is told to.
class slow_topic : public joist::web::channel<slow_topic> {
 public:
  joist::web::join_result join(std::string_view, const joist::web::json_value&) { return ok(); }
  joist::web::reply handle_in(std::string_view, const joist::web::client_payload&) {
    (void)joist::receive<go_on>();
    return ok();
  }
  struct go_on {};
};

/// Says who it is, and does not come to an end of its join.
class slow_join : public joist::web::channel<slow_join> {
 public:
  explicit slow_join(joist::pid told) : told_{told} {}
  joist::web::join_result join(std::string_view, const joist::web::json_value&) {
    joist::send(told_, joist::self());
    (void)joist::receive<slow_topic::go_on>();
    return error();
  }

 private:
  joist::pid told_;
};

/// Answers in bytes, and pushes them.
class of_bytes : public joist::web::channel<of_bytes> {
 public:
  joist::web::join_result join(std::string_view, const joist::web::json_value&) { return ok(joist::web::binary{"in"}); }
  joist::web::reply handle_in(std::string_view event, const joist::web::client_payload&) {
    push(event, joist::web::binary{"pushed"});
    return ok(joist::web::binary{"answer"});
  }
};

struct written final : frame_sink {
  void send(const encoded_frame& f) override { texts.push_back(f.bytes); }
  std::vector<std::string> texts;
};

template <class Channel>
joist::monitored starting(std::string_view, const joist::web::client_payload&) {
  return start_channel<Channel>();
}

/// A session in the calling process, and what it writes.
struct connection {
  explicit connection(const joist::pubsub& bus, joist::web::socket_options o = {}) {
    auto core = std::make_shared<socket_core>(bus, std::move(o));
    core->add({"*", starting<any_topic>});
    core->add({"bad", starting<unbuildable>});
    core->add({"slow", starting<slow_topic>});
    core->add({"slow-join:*", [to = joist::self()](std::string_view, const joist::web::client_payload&) {
                 return start_channel<slow_join>(to);
               }});
    core->add({"bytes:*", starting<of_bytes>});
    core->add({"closed", starting<closed_topic>});
    channels.emplace(std::make_shared<const identity>(
                         identity{core, std::make_shared<const nobody>(), joist::self(), joist::web::protocol_version::v2}),
                     out);
  }
  written out;
  std::optional<session> channels;
};

encoded news() { return write_broadcast(joist::web::protocol_version::v2, "t", "news", joist::web::payload{1}); }

}  // namespace

TEST_CASE("session: what is broadcast to a topic that is being joined comes behind the answer", "[S1]") {
  everywhere([] {
    connection c{joist::pubsub{}};
    EXPECT(!c.channels->take(true, R"(["1","1","t","phx_join",{}])"));
    auto joined = joist::receive<channel_joined>();
    c.channels->take(outgoing{news()});
    EXPECT(c.out.texts.empty());
    c.channels->take(std::move(joined));
    c.channels->take(outgoing{news()});
    EXPECT(c.out.texts == (std::vector<std::string>{R"(["1","1","t","phx_reply",{"status":"ok","response":{}}])",
                                                    R"([null,null,"t","news",1])", R"([null,null,"t","news",1])"}));
  });
}

TEST_CASE("session: a topic that is joined again before it was joined has one place, and one channel in the end", "[S1]") {
  everywhere([] {
    const joist::pubsub bus;
    connection c{bus};
    EXPECT(!c.channels->take(true, R"(["1","1","t","phx_join",{}])"));
    EXPECT(!c.channels->take(true, R"(["2","2","t","phx_join",{}])"));
    EXPECT(!c.channels->take(true, R"(["3","3","t","phx_join",{}])"));
    for (bool is_in = false; !is_in;) {
      joist::receive([&](channel_joined j) { c.channels->take(std::move(j)); },
                     [&](const joist::down& d) { EXPECT(c.channels->take(d)); });
      is_in = !c.out.texts.empty();
    }
    EXPECT(c.out.texts == std::vector<std::string>{R"(["3","3","t","phx_reply",{"status":"ok","response":{}}])"});
    EXPECT(bus.subscriber_count("t") == 1);
  });
}

TEST_CASE("session: a channel whose constructor throws is a join that has crashed") {
  everywhere([] {
    connection c{joist::pubsub{}};
    EXPECT(!c.channels->take(true, R"(["1","1","bad","phx_join",{}])"));
    EXPECT(c.channels->take(joist::receive<joist::down>()));
    EXPECT(c.out.texts == std::vector<std::string>{
                              R"(["1","1","bad","phx_reply",{"status":"error","response":{"reason":"join crashed"}}])"});
  });
}

TEST_CASE("session: who leaves while it joins is answered both, whatever comes of the join", "[S2]") {
  everywhere([] {
    const auto answers = [](const std::string& topic) {
      connection c{joist::pubsub{}};
      EXPECT(!c.channels->take(true, R"(["1","1",")" + topic + R"(","phx_join",{}])"));
      EXPECT(!c.channels->take(true, R"(["1","2",")" + topic + R"(","phx_leave",{}])"));
      for (bool is_over = false; !is_over;) {
        joist::receive([&](channel_joined j) { c.channels->take(std::move(j)); },
                       [&](channel_refused r) { c.channels->take(std::move(r)); },
                       [&](const outgoing& o) { c.channels->take(o); },
                       [&](const joist::down& d) { is_over = c.channels->take(d); });
      }
      return c.out.texts;
    };
    using texts = std::vector<std::string>;
    EXPECT(answers("t") ==
           (texts{R"(["1","1","t","phx_reply",{"status":"ok","response":{}}])",
                  R"(["1","2","t","phx_reply",{"status":"ok","response":{}}])", R"(["1","1","t","phx_close",{}])"}));
    EXPECT(answers("closed") == (texts{R"(["1","1","closed","phx_reply",{"status":"error","response":{}}])",
                                       R"(["1","2","closed","phx_reply",{"status":"ok","response":{}}])"}));
    EXPECT(answers("bad") == (texts{R"(["1","1","bad","phx_reply",{"status":"error","response":{"reason":"join crashed"}}])",
                                    R"(["1","2","bad","phx_reply",{"status":"ok","response":{}}])"}));
  });
}

TEST_CASE("session: who leaves again while it leaves is answered at once, and the channel hears of it once") {
  everywhere([] {
    const joist::pubsub bus;
    connection c{bus};
    EXPECT(!c.channels->take(true, R"(["1","1","slow","phx_join",{}])"));
    c.channels->take(joist::receive<channel_joined>());
    EXPECT(!c.channels->take(true, R"(["1","2","slow","push",{}])"));  // it works on this
    EXPECT(!c.channels->take(true, R"(["1","3","slow","phx_leave",{}])"));
    const joist::pid channel = bus.subscribers("slow").front();
    const std::size_t before = c.out.texts.size();
    for (int i = 0; i < 100; ++i) EXPECT(!c.channels->take(true, R"(["1","4","slow","phx_leave",{}])"));
    EXPECT(c.out.texts.size() == before + 100);
    EXPECT(c.out.texts.back() == R"(["1","4","slow","phx_reply",{"status":"ok","response":{}}])");
    joist::send(channel, slow_topic::go_on{});
    for (int answers = 0; answers < 2; ++answers) c.channels->take(joist::receive<outgoing>());
    EXPECT(c.channels->take(joist::receive<joist::down>()));
    EXPECT(c.out.texts.back() == R"(["1","1","slow","phx_close",{}])");
    EXPECT(!joist::receive<outgoing>(joist::after(std::chrono::seconds{0})));
  });
}

TEST_CASE("session: each end of a channel that was joined is told once", "[S2]") {
  everywhere([] {
    const joist::pubsub bus;
    connection c{bus};
    EXPECT(!c.channels->take(true, R"(["1","1","t","phx_join",{}])"));
    c.channels->take(joist::receive<channel_joined>());
    joist::exit(bus.subscribers("t").front(), joist::exit_reason::kill);
    const auto end = joist::receive<joist::down>();
    EXPECT(c.channels->take(end) && !c.channels->take(end));
    EXPECT(c.out.texts.size() == 2 && c.out.texts.back() == R"(["1","1","t","phx_error",{}])");
  });
}

TEST_CASE(
    "session: who sends faster than its channels work is closed; what is handled, or lost with a channel, weighs nothing") {
  everywhere([] {
    for (const bool is_killed : {false, true}) {
      const joist::pubsub bus;
      connection c{bus, {.unhandled_bytes = 10'000}};
      const auto push = [&c] { return c.channels->take(true, R"(["1","2","slow","push","12345678"])"); };
      EXPECT(!c.channels->take(true, R"(["1","1","slow","phx_join",{}])"));
      c.channels->take(joist::receive<channel_joined>());
      int taken = 0;
      std::optional<session::wrong> refused;
      for (; !refused && taken < 1000; ++taken) refused = push();
      EXPECT(taken > 50 && taken < 100 && refused->why.find("10000 bytes of it wait") != std::string::npos);
      const joist::pid channel = bus.subscribers("slow").front();
      if (is_killed) {
        joist::exit(channel, joist::exit_reason::kill);
        EXPECT(
            c.channels->take(joist::receive<joist::down>([channel](const joist::down& d) { return d.process == channel; })));
        EXPECT(!c.channels->take(true, R"(["2","1","slow","phx_join",{}])"));
        c.channels->take(joist::receive<channel_joined>());
        EXPECT(!c.channels->take(true, R"(["2","2","slow","push",1])"));
      } else {
        joist::send(channel, slow_topic::go_on{});
        c.channels->take(joist::receive<outgoing>());
        while (push()) joist::yield();  // the message lives a little longer than its answer takes
      }
    }
  });
}

TEST_CASE("session: what a client has sent weighs what it takes in memory, and not what its text takes") {
  everywhere([] {
    const joist::pubsub bus;
    connection c{bus, {.unhandled_bytes = 1 << 20}};
    EXPECT(!c.channels->take(true, R"(["1","1","slow","phx_join",{}])"));
    c.channels->take(joist::receive<channel_joined>());
    std::string zeros = "0";
    for (int i = 1; i < 1000; ++i) zeros += ",0";
    const std::string push = R"(["1","2","slow","push",[)" + zeros + "]]";
    int taken = 0;
    while (taken < 1000 && !c.channels->take(true, push)) ++taken;
    EXPECT(taken >= 10 && taken <= (1 << 20) / (1000 * static_cast<int>(sizeof(joist::web::json_value))));
    joist::exit(bus.subscribers("slow").front(), joist::exit_reason::kill);
    EXPECT(c.channels->take(joist::receive<joist::down>()));
    EXPECT(!c.channels->take(true, R"(["2","1","slow","phx_join",{}])"));
    c.channels->take(joist::receive<channel_joined>());
    while (c.channels->take(true, push))
      joist::yield();  // until what the process that is gone had in its mailbox is gone, too
  });
}

TEST_CASE("session: joins that wait, and those behind them, weigh what they take, too, until they have been handled") {
  everywhere([] {
    connection c{joist::pubsub{}, {.unhandled_bytes = 100'000}};
    const std::string text(20'000, 'x');
    const auto join = [&](const std::string& number) {
      return c.channels->take(true, R"(["1","1","slow-join:)" + number + R"(","phx_join",")" + text + "\"]");
    };
    EXPECT(!join("1") && !join("2"));
    EXPECT(!join("1"));  // waits for the end of the first
    EXPECT(!c.channels->take(true, R"(["1","2","slow-join:2","phx_leave",")" + text + "\"]"));
    EXPECT(join("3").value().told == "too much is not handled");
    c.channels->end();
    for (int joins = 0; joins < 2; ++joins) joist::exit(joist::receive<joist::pid>(), joist::exit_reason::kill);
    while (join("4")) joist::yield();
  });
}

TEST_CASE("session: no length of a topic, an event or a ref makes a channel crash that sends bytes") {
  everywhere([] {
    const auto texts_of = [](const std::string& topic, const std::string& ref, const std::string& event) {
      connection c{joist::pubsub{}};
      EXPECT(!c.channels->take(true, "[\"" + ref + "\",\"" + ref + "\",\"" + topic + R"(","phx_join",{}])"));
      if (!c.out.texts.empty()) return c.out.texts;
      c.channels->take(joist::receive<channel_joined>());
      EXPECT(!c.channels->take(true, "[\"" + ref + "\",\"" + ref + "\",\"" + topic + "\",\"" + event + "\",{}]"));
      for (int frames = 0; frames < 2; ++frames) c.channels->take(joist::receive<outgoing>());
      return c.out.texts;
    };
    const std::string most(255, 'x');
    EXPECT(texts_of("bytes:" + most.substr(6), most, most).size() == 3);
    for (const std::size_t bytes : {256U, 70'000U}) {
      const std::string topic = "bytes:" + std::string(bytes - 6, 'x');
      EXPECT(texts_of(topic, "1", "e") ==
             std::vector<std::string>{"[\"1\",\"1\",\"" + topic +
                                      R"(","phx_reply",{"status":"error","response":{"reason":"topic too long"}}])"});
    }
    connection c{joist::pubsub{}};
    const std::string more(256, 'x');
    EXPECT(c.channels->take(true, R"(["1",")" + more + R"(","bytes:1","phx_join",{}])").value().told == "not a message");
    EXPECT(c.channels->take(true, R"(["1","1","bytes:1",")" + more + R"(",{}])").value().told == "not a message");
  });
}

TEST_CASE("session: when it ends its channels end, whoever ends it") {
  everywhere([] {
    const joist::pubsub bus;
    for (const bool is_killed : {false, true}) {
      const auto client = joist::spawn_monitor([bus, parent = joist::self(), is_killed] {
        connection c{bus};
        EXPECT(!c.channels->take(true, R"(["1","1","t","phx_join",{}])"));
        c.channels->take(joist::receive<channel_joined>());
        joist::send(parent, 1);
        if (is_killed) joist::sleep_for(joist::infinity);
      });
      (void)joist::receive<int>();
      if (is_killed) joist::exit(client.process, joist::exit_reason::kill);
      while (bus.subscriber_count("t") > 0) joist::yield();
      (void)joist::receive<joist::down>();
    }
  });
}
