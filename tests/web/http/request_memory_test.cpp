// What the reader and a request take from the heap: counted by the operators of this program.
#include <joist/web/router.hpp>

#include <cstdlib>
#include <new>
#include <span>
#include <string>

#include "support/catch.hpp"
#include "web/http/request_reader.hpp"

namespace {

thread_local long live = 0;  // allocations that were not given back
thread_local long made = 0;

void* counted(std::size_t bytes) {
  void* p = std::malloc(bytes == 0 ? 1 : bytes);
  if (p == nullptr) throw std::bad_alloc{};
  ++live;
  ++made;
  return p;
}
void uncounted(void* p) noexcept {
  if (p != nullptr) --live;
  std::free(p);
}

using joist::web::http::progress;

// Reads one request, and lets go of it; the rest stays.
void read_one(joist::web::http::request_reader& reader, std::span<const std::byte>& unread) {
  for (progress what = progress::need_more; what != progress::done;) {
    const auto step = reader.read(unread);
    unread = unread.subspan(step.used);
    what = step.what;
    REQUIRE((what == progress::head || what == progress::body || what == progress::done));
  }
  reader.restart();
}

}  // namespace

void* operator new(std::size_t bytes) { return counted(bytes); }
void* operator new(std::size_t bytes, const std::nothrow_t&) noexcept { return counted(bytes); }
void operator delete(void* p) noexcept { uncounted(p); }
void operator delete(void* p, std::size_t) noexcept { uncounted(p); }

TEST_CASE("request_reader: keeps nothing on the heap between requests") {
  const std::string all =
      "PUT /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX: y\r\n\r\n"
      "GET /a/rather/long/path/that/does/not/fit?and=a&query=of&some=length HTTP/1.1\r\nHost: example.org\r\nAccept: "
      "*/*\r\n\r\n";
  joist::web::request_limits limits;
  joist::web::http::request_reader reader{limits};
  auto unread = std::as_bytes(std::span{all});
  const long before = live;
  read_one(reader, unread);
  const long between = live;
  read_one(reader, unread);
  const long after = live;
  CHECK(between == before);
  CHECK(after == before);
}

TEST_CASE(
    "request_reader: fields cost two allocations together, however many there are, and a route only those of its params") {
  std::string all = "GET /users/7 HTTP/1.1\r\nHost: example.org\r\n";
  for (int i = 0; i < 50; ++i) all += "Field-" + std::to_string(i) + ": of some value that is not short\r\n";
  all += "\r\n";
  joist::web::request_limits limits;
  joist::web::http::request_reader reader{limits};
  const long before = made;
  auto step = reader.read(std::as_bytes(std::span{all}));
  const long for_request = made - before;
  REQUIRE(step.what == progress::head);
  CHECK(step.head->fields().size() == 51);
  CHECK(for_request <= 5);  // two for the fields, two for the segments

  joist::web::router routes;
  routes.get("/users/:id", [](const joist::web::request&) { return joist::web::no_content(); });
  const long before_route = made;
  const joist::web::response answer = routes(*step.head);
  const long for_route = made - before_route;
  CHECK(answer.status == 204);
  CHECK(for_route == 1);
}
