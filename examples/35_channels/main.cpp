// Channels: an auction that clients follow, bid in, and ask about. The client here speaks by hand what the official one
// speaks: new Socket("/socket", {params: {name: "ann"}}).channel("auction:vase").join()
#include <joist/joist.hpp>
#include <joist/otp/gen_server.hpp>
#include <joist/web/channel.hpp>
#include <joist/web/server.hpp>
#include <joist/web/socket.hpp>
#include <joist/web/websocket_client.hpp>

#include <array>
#include <optional>
#include <string>
#include <string_view>

namespace web = joist::web;

struct user {
  std::string name;
};
struct refusal {
  std::string reason;
};

// What all clients share is in a server, and not in a channel, of which each client has one of its own.
class lot : public joist::gen_server<lot> {
 public:
  struct raise {
    using reply = bool;  // false: there is a higher one
    int cents;
  };
  struct highest {
    using reply = int;
  };
  bool handle_call(raise r) { return r.cents > highest_ && (highest_ = r.cents) > 0; }
  int handle_call(highest) { return highest_; }

 private:
  int highest_ = 0;
};

// [snippet: channel]
class auction : public web::channel<auction, user> {
 public:
  struct bid {  // pushed as channel.push("bid", {cents: 100})
    int cents = 0;
  };
  using events = joist::type_list<bid>;

  struct state {
    int highest = 0;
  };
  web::join_result join(std::string_view topic, const web::json_value& /* params */) {
    const auto found = joist::find_server<lot>(topic);
    if (!found) return error(refusal{"there is no such auction"});
    lot_ = *found;
    return ok(state{lot_.call(lot::highest{})});
  }

  web::reply handle_in(const bid& b) {
    if (!lot_.call(lot::raise{b.cents})) return error(state{lot_.call(lot::highest{})});
    broadcast("highest", web::json_value{web::json_value::object{{"by", socket().name}, {"cents", b.cents}}});
    return ok();
  }
  // [end]

  // [snippet: others]
  // All events that are no type in `events`.
  void handle_in(std::string_view event, const web::client_payload&) {
    if (event == "appraise") {
      // Who knows takes its time; this channel goes on meanwhile.
      joist::spawn_link([answer = later()] { web::reply_to(answer, {"ok", web::payload{"a fine vase"}}); });
    } else if (event == "leave quietly") {
      stop();
    }
  }
  // [end]

  // [snippet: out]
  // Broadcasts of these come here first, and each client is told in its own way.
  static constexpr auto intercepts = std::to_array<std::string_view>({"highest"});
  void handle_out(std::string_view event, const web::payload& told) {
    const web::json_value by = told.json();
    push(event, web::json_value{web::json_value::object{{"cents", *by.find("cents")},
                                                        {"yours", *by.find("by")->as_string() == socket().name}}});
  }
  // [end]

 private:
  joist::server_ref<lot> lot_;
};

// [snippet: socket]
web::socket<user> sockets(const joist::pubsub& bus) {
  web::socket<user> users{bus, {.messages_per_second = 50}};
  users.on_connect([](const web::request& in) -> std::optional<user> {
    const auto name = in.query("name");
    return name ? std::optional{user{std::string{*name}}} : std::nullopt;  // nothing: 403
  });
  users.id([](const user& u) { return "users:" + u.name; });
  users.channel<auction>("auction:*");
  return users;
}
// [end]

// A client: says a frame, and prints the beginning of what it hears.
class client {
 public:
  client(const joist::net::endpoint& server, const std::string& name)
      : socket_{web::websocket::connect("ws://" + server.to_string() + "/socket/websocket?vsn=2.0.0&name=" + name)} {}
  void say(const std::string& frame) { socket_.send_text(frame); }
  void hear() {
    if (const auto heard = socket_.next()) {
      fmt::print("{:.110}\n", heard->data);
    } else {
      fmt::print("closed: {} {}\n", socket_.close_reason().code, socket_.close_reason().reason);
    }
  }
  void ask(const std::string& frame) {
    say(frame);
    hear();
  }

 private:
  web::websocket socket_;
};

void talk(const joist::net::endpoint& server, const joist::pubsub& bus) {
  client ann{server, "ann"};
  ann.ask(R"(["1","1","auction:chair","phx_join",{}])");
  ann.ask(R"(["2","2","auction:vase","phx_join",{}])");
  ann.ask(R"(["2","3","auction:vase","bid",{"cents":"much"}])");
  ann.ask(R"(["2","4","auction:vase","bid",{"cents":0}])");
  client bob{server, "bob"};
  bob.ask(R"(["1","1","auction:vase","phx_join",{}])");
  ann.say(R"(["2","5","auction:vase","bid",{"cents":60}])");
  ann.hear();
  ann.hear();
  bob.hear();
  ann.ask(R"(["2","6","auction:vase","appraise",{}])");

  // [snippet: anywhere]
  web::broadcast(bus, "auction:vase", "closing", web::payload{});  // to all who have joined
  web::disconnect(bus, "users:bob");                               // all sockets of bob; he may come back
  // [end]
  ann.hear();
  bob.hear();
  bob.hear();
}

void try_it() {
  const joist::pubsub bus;
  const auto vase = joist::start_link<lot>({.name = "auction:vase"});
  web::router routes;
  sockets(bus).add_to(routes, "/socket");
  const auto server = web::start_server({.at = joist::net::endpoint::loopback(0)}, routes);
  talk(server.local(), bus);
  server.stop();
  vase.stop();
}

int main() { return joist::run(try_it); }

// Output:
// ["1","1","auction:chair","phx_reply",{"status":"error","response":{"reason":"there is no such auction"}}]
// ["2","2","auction:vase","phx_reply",{"status":"ok","response":{"highest":0}}]
// ["2","3","auction:vase","phx_reply",{"status":"error","response":{"reason":"invalid payload","errors":[{"point
// ["2","4","auction:vase","phx_reply",{"status":"error","response":{"highest":0}}]
// ["1","1","auction:vase","phx_reply",{"status":"ok","response":{"highest":0}}]
// ["2","5","auction:vase","phx_reply",{"status":"ok","response":{}}]
// ["2",null,"auction:vase","highest",{"cents":60,"yours":true}]
// ["1",null,"auction:vase","highest",{"cents":60,"yours":false}]
// ["2","6","auction:vase","phx_reply",{"status":"ok","response":"a fine vase"}]
// [null,null,"auction:vase","closing",{}]
// [null,null,"auction:vase","closing",{}]
// closed: 1001 disconnected
