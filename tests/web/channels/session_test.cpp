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
