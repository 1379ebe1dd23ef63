// Clients of channels on two nodes, while channels and connections are killed at random and the nodes lose sight of each
// other. Each message is a number. Who is not killed hears each that was sent to it, once, and those of one node in order;
// who is killed joins again, and hears none twice.
#include <joist/pubsub/memory_adapter.hpp>
#include <joist/web/server.hpp>
#include <joist/web/socket.hpp>

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "support/ends.hpp"
#include "support/websocket_peer.hpp"
#include "support/websocket_server.hpp"
#include "support/world.hpp"

using namespace support;
namespace web = joist::web;

namespace {

constexpr std::int64_t last = 1'000'000;  // there is no more of its node

struct number {
  int from = 0;
  std::int64_t n = 0;
};

class room : public web::channel<room> {
 public:
  web::join_result join(std::string_view, const web::json_value&) { return ok(); }
};

class client {
 public:
  client(const joist::net::endpoint& at, std::string topic)
      : peer_{at, "/socket/websocket?vsn=2.0.0"}, topic_{std::move(topic)} {}

  void join() {
    const std::string ref = std::to_string(++ref_);
    peer_.text("[\"" + ref + "\",\"" + ref + "\",\"" + topic_ + "\",\"phx_join\",{}]");
  }
  enum class what { number, joined, error, end };
  what next() {
    const told t = peer_.next();
    if (t.what != ws::event::kind::text) return what::end;
    const web::json_value frame = *web::parse_json(t.payload);
    const auto& all = *frame.as_array();
    const std::string& event = *all[3].as_string();
    if (event == "phx_reply") return what::joined;
    if (event == "phx_error") return what::error;
    EXPECT(event == "number");
    heard = {static_cast<int>(*all[4].find("from")->as_int64()), *all[4].find("n")->as_int64()};
    return what::number;
  }
  number heard;

 private:
  websocket_peer peer_;
  std::string topic_;
  int ref_ = 0;
};

struct ready {};
struct report {
  int node;
  std::array<std::vector<std::int64_t>, 2> heard;  // of each node
};

// Hears all.
void stay(const joist::net::endpoint& at, int node, joist::pid test) {
  client c{at, "room:steady"};
  c.join();
  EXPECT(c.next() == client::what::joined);
  joist::send(test, ready{});
  report r{node, {}};
  for (int over = 0; over < 2;) {
    EXPECT(c.next() == client::what::number);
    if (c.heard.n == last) {
      ++over;
    } else {
      r.heard[static_cast<std::size_t>(c.heard.from)].push_back(c.heard.n);
    }
  }
  joist::send(test, std::move(r));
}

// Comes back, whatever happens to it.
void come_back(const joist::net::endpoint& at, joist::pid test) {
  std::array<std::int64_t, 2> before{-1, -1};
  for (bool first = true;; first = false) {
    client c{at, "room:victim"};
    c.join();
    if (first) joist::send(test, ready{});
    for (auto w = c.next(); w != client::what::end; w = c.next()) {
      if (w == client::what::error) c.join();
      if (w != client::what::number) continue;
      auto& of_node = before[static_cast<std::size_t>(c.heard.from)];
      EXPECT(c.heard.n > of_node);
      of_node = c.heard.n;
    }
  }
}

struct nodes {
  joist::memory_exchange network;
  std::array<joist::pubsub, 2> bus{joist::pubsub{{.adapter = network.adapter(), .node = "a"}},
                                   joist::pubsub{{.adapter = network.adapter(), .node = "b"}}};
  std::array<joist::net::server_ref, 2> server;

  nodes() {
    for (std::size_t i = 0; i < 2; ++i) {
      joist::start_pubsub(bus[i]);
      web::socket<> users{bus[i]};
      users.channel<room>("room:*");
      web::router routes;
      users.add_to(routes, "/socket");
      server[i] = serve_routes(std::move(routes));
    }
  }
};

void kill_somebody(const joist::pubsub& bus, std::mt19937& random) {
  const auto all = bus.subscribers("room:victim");
  if (!all.empty()) joist::exit(all[random() % all.size()], joist::exit_reason::kill);
}

void storm() {
  constexpr int clients = 12;  // of each kind, on each node
  constexpr std::int64_t messages = checked_build ? 200 : 4000;
  nodes all;
  std::vector<joist::monitored> victims;
  for (int node = 0; node < 2; ++node) {
    const auto at = all.server[static_cast<std::size_t>(node)].local();
    for (int i = 0; i < clients; ++i) {
      (void)joist::spawn_link([at, node, test = joist::self()] { stay(at, node, test); });
      victims.push_back(joist::spawn_monitor([at, test = joist::self()] { come_back(at, test); }));
    }
  }
  for (int i = 0; i < 4 * clients; ++i) joist::receive<ready>();

  std::mt19937 random{std::random_device{}()};
  std::array<std::array<std::vector<std::int64_t>, 2>, 2> sent;  // to the clients of a node, of a node
  for (std::int64_t n = 0; n < messages; ++n) {
    if (n % 100 == 30) all.network.split({{"a"}, {"b"}});
    if (n % 100 == 60) all.network.heal();
    const std::size_t from = random() % 2;
    sent[from][from].push_back(n);
    if (web::broadcast(all.bus[from], "room:steady", number{static_cast<int>(from), n})) sent[1 - from][from].push_back(n);
    (void)web::broadcast(all.bus[from], "room:victim", number{static_cast<int>(from), n});
    if (n % 5 == 0) kill_somebody(all.bus[random() % 2], random);
    if (n % 50 == 7) {
      // A connection that dies takes its channels with it: those of victims, which say so by their parents.
      const auto of = all.bus[from].subscribers("room:victim");
      const auto seen = of.empty() ? std::nullopt : joist::process_info(of.front());
      if (seen) joist::exit(seen->parent, joist::exit_reason::kill);
    }
  }
  all.network.heal();
  for (int from = 0; from < 2; ++from) {
    EXPECT(web::broadcast(all.bus[static_cast<std::size_t>(from)], "room:steady", number{from, last}));
  }
  for (int i = 0; i < 2 * clients; ++i) {
    const auto r = joist::receive<report>();
    EXPECT(r.heard == sent[static_cast<std::size_t>(r.node)]);
  }
  for (const auto& v : victims) {
    EXPECT(joist::is_alive(v.process));  // none has heard a number twice
    joist::exit(v.process, joist::exit_reason::kill);
    (void)reason_of(v);
  }
  for (std::size_t i = 0; i < 2; ++i) {
    while (all.bus[i].subscriber_count("room:victim") + all.bus[i].subscriber_count("room:steady") > 0) joist::yield();
    all.server[i].stop();
  }
}

}  // namespace

TEST_CASE("channels: while channels, connections and the network fail, who lives hears each message once, and no other") {
  on_workers(storm, checked_build ? 2 : 5);
}
