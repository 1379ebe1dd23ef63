#include <joist/web/response.hpp>

#include <joist/error.hpp>
#include <joist/web/cookie.hpp>

#include <string>

#include "support/catch.hpp"

namespace web = joist::web;

TEST_CASE("response: helpers say what the body is") {
  CHECK(web::text("x").fields.get("Content-Type") == "text/plain; charset=utf-8");
  CHECK(web::html("x").fields.get("Content-Type") == "text/html; charset=utf-8");
  CHECK(web::json_text("{}").fields.get("Content-Type") == "application/json");
  CHECK(web::bytes("image/png", "x").fields.get("Content-Type") == "image/png");
  CHECK(web::text("x").status == 200);
  CHECK(web::text("x").text() == "x");
  CHECK(web::no_content().status == 204);
  CHECK(web::redirect("/login").status == 303);
  CHECK(web::redirect("/login", 308).fields.get("Location") == "/login");
}

TEST_CASE("response: is built up in one expression") {
  const web::response out = web::text("x")
                                .with_status(201)
                                .with_field("Location", "/users/7")
                                .with_cookie({.name = "a"})
                                .with_cookie({.name = "b"});
  CHECK(out.status == 201);
  CHECK(out.fields.get("Location") == "/users/7");
  CHECK(out.fields.count("Set-Cookie") == 2);
  CHECK_THROWS_AS(web::redirect("/x\r\nSet-Cookie: y"), joist::error);
}

TEST_CASE("response: knows the size of its body, but for streams") {
  CHECK(web::text("four").body_size() == 4);
  CHECK_FALSE(web::stream("text/csv", [](web::body_sink&) {}).body_size().has_value());
  web::response sized;
  sized.body = web::streamed_body{[](web::body_sink&) {}, 7};
  CHECK(sized.body_size() == 7);
  CHECK(sized.text().empty());
  auto file = web::open_file::at("/proc/self/comm");
  REQUIRE(file.has_value());
  CHECK(web::send_file(*std::move(file), "text/plain").body_size() == 0);
}

TEST_CASE("response: the page of a status says what the status says, and nothing else") {
  CHECK(web::status_page(404).text() == "404 Not Found\n");
  CHECK(web::status_page(404).status == 404);
  CHECK(web::status_page(599).text() == "599\n");
  CHECK(web::reason_phrase(413) == "Content Too Large");
  CHECK(web::reason_phrase(299).empty());
}
