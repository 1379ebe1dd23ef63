// A service as it is run: its socket comes from systemd, which hears when it is ready and when it stops; metrics, health and
// an access log say how it fares. shop.service and shop.socket beside this file start it; docs/guides/deploying.md explains.
// `example_28_deploy serve` serves on port 8083, and to operators on 127.0.0.1:9464 (`curl localhost:9464/metrics`), until
// SIGTERM or SIGINT. Without an argument it asks its own handlers.
#include <joist/joist.hpp>
#include <joist/net/activation.hpp>
#include <joist/otp/application.hpp>
#include <joist/web/access_log.hpp>
#include <joist/web/compress.hpp>
#include <joist/web/health.hpp>
#include <joist/web/observe.hpp>
#include <joist/web/server.hpp>

#include <string>
#include <string_view>

namespace web = joist::web;
namespace net = joist::net;
using namespace std::chrono_literals;

// [snippet: figures]
struct figures {
  web::metrics all;
  web::metric_family<web::counter> orders =
      all.counter("shop_orders_total", "Orders that were placed, by what was ordered.", {.labels = {"kind"}});
  web::metric_family<web::histogram> cents =
      all.histogram("shop_order_cents", "How much orders were.", {.buckets = {100, 1'000, 10'000}});
};
// [end]

// [snippet: routes]
// For everybody: texts are packed for clients that take it.
web::router shop_routes(const figures& f) {
  web::router r;
  r.scope("/", {web::compress()}, [&f](web::router& shop) {
    shop.get("/", [](const web::request&) { return web::html("<h1>The shop</h1>"); });
    shop.post("/orders/:kind", [f](const web::request& in) {
      f.orders.with(in.param("kind")).add();
      f.cents->observe(1250);
      return web::no_content();
    });
  });
  return r;
}

// For operators, on an address of its own.
web::router operator_routes(const figures& f, const web::health& well) {
  web::router r;
  r.get("/metrics", web::metrics_page(f.all));
  r.get("/health", web::health_page(well));
  return r;
}
// [end]

// [snippet: application]
joist::application shop() {
  const figures f;
  web::health well;
  well.add("web", [] { return joist::whereis("web").has_value(); });

  joist::application a{"shop"};
  a.defaults = {{"port", "8083"}};  // SHOP_PORT in the environment wins
  a.start = [f, well](const joist::environment& env) -> joist::supervisor_init {
    web::observe(f.all, {.servers = {"web"}});
    web::access_log({.quiet_routes = {"/metrics", "/health"}});
    web::server_options open{.at = net::endpoint::any(env.get<std::uint16_t>("port")), .listening = {.inherited = "http"}};
    open.name = "web";
    open.drain = 20s;  // shorter than application_options::stop_limit
    return {{},
            {web::child_server("operators", {.at = net::endpoint{"127.0.0.1:9464"}}, operator_routes(f, well)),
             web::child_server("web", open, shop_routes(f)),  // after them, so it stops before them
             net::child_watchdog()}};
  };
  a.phases = {"ready"};
  a.start_phase = [](std::string_view, const joist::environment&) { net::notify("READY=1"); };
  a.prepare_stop = [well] {
    net::notify("STOPPING=1");
    well.drain();
  };
  return a;
}
// [end]

std::string ask(const web::router& asked, std::string method, std::string target) {
  web::request in{{.method = std::move(method), .target = std::move(target)}};
  const web::response out = asked(in);
  return fmt::format("{} {}", out.status, out.text());
}

void try_it() {
  const figures f;
  const web::health well;
  const web::router orders = shop_routes(f), operators = operator_routes(f, well);
  for (const char* kind : {"book", "book", "pen"}) fmt::print("{}\n", ask(orders, "POST", std::string{"/orders/"} + kind));
  fmt::print("{}", ask(operators, "GET", "/metrics"));
  fmt::print("{}", ask(operators, "GET", "/health"));
  well.drain();
  fmt::print("{}", ask(operators, "GET", "/health"));
}

int main(int argc, char**) { return argc > 1 ? joist::run_applications({shop()}) : joist::run(try_it); }

// Output:
// 204
// 204
// 204
// 200 # HELP shop_orders_total Orders that were placed, by what was ordered.
// # TYPE shop_orders_total counter
// shop_orders_total{kind="book"} 2
// shop_orders_total{kind="pen"} 1
// # HELP shop_order_cents How much orders were.
// # TYPE shop_order_cents histogram
// shop_order_cents_bucket{le="100"} 0
// shop_order_cents_bucket{le="1000"} 0
// shop_order_cents_bucket{le="10000"} 3
// shop_order_cents_bucket{le="+Inf"} 3
// shop_order_cents_sum 3750
// shop_order_cents_count 3
// 200 {"status":"ok"}
// 503 {"status":"draining"}
