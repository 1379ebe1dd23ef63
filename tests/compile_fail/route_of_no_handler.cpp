// expect: joist: a handler is callable as joist::web::response\(const joist::web::request&\), and can be copied
#include <joist/web/router.hpp>

#include <memory>

namespace web = joist::web;

void wrong(web::router& routes) {
  routes.get("/", [](const web::request&) { return "hello"; });
  routes.post("/", [] { return web::text("hello"); });
  routes.put("/", [](web::request) { return web::text("hello"); });
  routes.patch("/", [n = std::make_unique<int>(1)](const web::request&) { return web::text(std::to_string(*n)); });
  routes.del("/", [](const web::request&) {});
  routes.add("REPORT", "/", 7);
}
