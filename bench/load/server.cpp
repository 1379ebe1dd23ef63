// joist_bench_server: what joist_load is pointed at: `GET /` over HTTP, a WebSocket that sends back what comes at /echo,
// channels at /socket, a live view at /counter, and an echo over bare TCP. usage: joist_bench_server PORT TCP_PORT [WORKERS
// [SLOTS]] JOIST_BENCH_REDIS=redis://... in the environment: one system with other servers there.
#include <joist/joist.hpp>
#include <joist/pubsub/presence.hpp>
#if JOIST_BENCH_LIVE
#include <joist/live/site.hpp>
#include <joist/live/view.hpp>
#endif
#include <joist/web/channel.hpp>
#include <joist/web/presence.hpp>
#include <joist/web/server.hpp>
#include <joist/web/socket.hpp>
#include <joist/web/websocket.hpp>

#include <array>
#include <cstdlib>
#include <limits>

#if JOIST_BENCH_DIST
#include <joist/dist/redis.hpp>
#endif

namespace web = joist::web;
using joist::net::endpoint;

namespace {

void echo(web::websocket& socket) {
  while (const auto m = socket.next()) socket.send_text(m->data);
}

struct new_msg {
  std::string body;
};

// As bench/peers/phoenix has it.
class room : public web::channel<room> {
 public:
  web::join_result join(std::string_view, const web::json_value&) { return ok(); }
  using events = joist::type_list<new_msg>;
  void handle_in(const new_msg& m) { broadcast(m); }
  web::reply handle_in(std::string_view, const web::client_payload& body) { return ok(body.to_payload()); }
};

// Who has joined is present, under one of a hundred keys.
class crowd : public web::channel<crowd> {
 public:
  explicit crowd(joist::presence online) : online_{std::move(online)} {}
  struct joined {
    std::string key;
  };
  using info_types = joist::type_list<joined>;
  web::join_result join(std::string_view, const web::json_value& params) {
    const web::json_value* key = params.find("key");
    if (key == nullptr || key->as_string() == nullptr) return error();
    joist::send(joist::self(), joined{*key->as_string()});
    return ok();
  }
  void handle_info(const joined& j) {
    (void)online_.track(topic(), j.key, R"({"on":"phone"})");
    push("presence_state", web::presence_state(online_.list(topic())));
  }

 private:
  joist::presence online_;
};

joist::pubsub one_system() {
#if JOIST_BENCH_DIST
  if (const char* url = std::getenv("JOIST_BENCH_REDIS"); url != nullptr)
    return joist::pubsub{{.adapter = joist::dist::redis({.url = url})}};
#endif
  return joist::pubsub{};
}

void echo_bytes(joist::net::stream& peer) {
  std::array<std::byte, 4096> buffer;
  while (const std::size_t got = peer.read_some(buffer)) peer.write(std::span{buffer}.first(got));
}

#if JOIST_BENCH_LIVE
class counter : public joist::live::view<counter> {
 public:
  struct add {};
  using events = joist::type_list<add>;
  void handle_event(const add&) { ++count_; }
  joist::live::rendered render() const { return html<R"(<p>{}</p><button phx-click="add">more</button>)">(count_); }

 private:
  int count_ = 0;
};

void serve_views(web::router& routes, const joist::pubsub& bus) {
  joist::live::site<> pages{bus, {.secrets = {web::random_secret()}, .layout = [](const joist::live::page& p) {
                                    return joist::live::html<"<!DOCTYPE html><html><body>{}</body></html>">(p.body);
                                  }}};
  pages.view<counter>("/counter");
  pages.add_to(routes);
}
#endif

void serve(std::uint16_t port, std::uint16_t tcp_port) {
  web::router routes;
  routes.get("/", [](const web::request&) { return web::text("Hello, world!\n"); });
  routes.get("/echo", web::websocket_handler({}, echo));
  const joist::pubsub bus = one_system();
  joist::start_pubsub(bus);
  const joist::presence online{bus, web::telling_clients(bus)};
  joist::start_presence(online);
  web::socket<> users{bus};
  users.channel<room>("room:*").channel<crowd>("presence:*", online);
  users.add_to(routes, "/socket");
#if JOIST_BENCH_LIVE
  serve_views(routes, bus);
#endif
  web::server_options options{.at = endpoint::loopback(port)};
  options.max_requests = std::numeric_limits<std::uint64_t>::max();
  options.max_connections = 1'000'000;
  (void)web::start_server(options, routes);
  (void)joist::net::start_server({.at = endpoint::loopback(tcp_port)}, echo_bytes);
  joist::sleep_for(joist::infinity);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) {
    fmt::print(stderr, "usage: joist_bench_server PORT TCP_PORT [WORKERS [SLOTS]]\n");
    return 2;
  }
  joist::runtime_options options;
  if (argc > 3) options.workers = static_cast<std::size_t>(std::atoi(argv[3]));
  if (argc > 4) options.slots = static_cast<std::size_t>(std::atoi(argv[4]));
  const auto port = static_cast<std::uint16_t>(std::atoi(argv[1])),
             tcp_port = static_cast<std::uint16_t>(std::atoi(argv[2]));
  return joist::run([port, tcp_port] { serve(port, tcp_port); }, options);
}
