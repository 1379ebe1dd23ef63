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

struct written final : frame_sink {
  void send(const encoded_frame& f) override { texts.push_back(f.bytes); }
  std::vector<std::string> texts;
};

/// A session in the calling process, and what it writes.
struct connection {
  explicit connection(const joist::pubsub& bus) {
    auto core = std::make_shared<socket_core>(bus, joist::web::socket_options{});
    core->add({"*", [] { return joist::spawn_monitor([] { run<any_topic>(); }); }});
    core->add({"bad", [] { return joist::spawn_monitor([] { run<unbuildable>(); }); }});
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
