// Handlers of all kinds are taken.
#include <joist/web/router.hpp>

namespace web = joist::web;

web::response answer(const web::request&);
struct object {
  web::response operator()(web::request&);
};

void right(web::router& routes, const web::router& others, const web::handler& made, object& kept) {
  routes.get("/", [](const web::request&) { return web::text("hello"); });
  routes.post("/", [](web::request&) { return web::text("hello"); });
  routes.put("/", [](auto&) { return web::text("hello"); });
  routes.patch("/", answer);
  routes.del("/", &answer);
  routes.add("REPORT", "/*path", others);
  routes.get("/1", made);
  routes.get("/2", web::pipeline({}, made));
  routes.get("/3", kept);
  routes.get("/4", object{});
  routes.get("/5", web::router{});
  routes.get("/6", std::function<web::response(const web::request&)>{answer});
}
