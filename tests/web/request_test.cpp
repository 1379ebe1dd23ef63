#include <joist/web/request.hpp>

#include <joist/error.hpp>
#include <joist/web/http_error.hpp>

#include <algorithm>
#include <string>

#include "support/catch.hpp"

using joist::web::request;

namespace {

std::size_t read_text(request& in, std::string& into, std::size_t most) {
  std::string piece(most, '\0');
  const std::size_t n = in.read_body(std::as_writable_bytes(std::span{piece}));
  into.append(piece, 0, n);
  return n;
}

// A body in pieces; then its end, or a refusal.
class pieces : public joist::web::body_source {
 public:
  pieces(std::string text, std::size_t at_once, bool fails = false)
      : text_{std::move(text)}, at_once_{at_once}, fails_{fails} {}
  std::size_t read(std::span<std::byte> into) override {
    const std::size_t n = std::min({into.size(), at_once_, text_.size()});
    if (n == 0 && fails_) throw joist::web::http_error{413, "too large"};
    std::ranges::copy(std::as_bytes(std::span{text_}.first(n)), into.begin());
    text_.erase(0, n);
    return n;
  }

 private:
  std::string text_;
  std::size_t at_once_;
  bool fails_;
};

}  // namespace

TEST_CASE("request: has a method, a target, a decoded path and a query") {
  const request in{{.method = "PUT", .target = "/a%20b//c?x=1&y=two+words", .fields = {{"Host", "example.org:80"}}}};
  CHECK(in.method() == "PUT");
  CHECK(in.target() == "/a%20b//c?x=1&y=two+words");
  CHECK(in.path() == "/a b//c");
  CHECK(in.segment_count() == 2);
  CHECK(in.segment(0) == "a b");
  CHECK(in.segment(1) == "c");
  CHECK(in.query("y").value() == "two words");
  CHECK_FALSE(in.query("z").has_value());
  CHECK(in.query().size() == 2);
  CHECK(in.host() == "example.org:80");
  CHECK(in.field("host") == "example.org:80");
}

TEST_CASE("request: the host of an absolute target goes before the field, also after a move") {
  request in{{.target = "http://a.example:8080/x?y", .fields = {{"Host", "b.example"}}}};
  CHECK(in.host() == "a.example:8080");
  CHECK(in.path() == "/x");
  const request moved = std::move(in);
  CHECK(moved.host() == "a.example:8080");
  CHECK(moved.segment(0) == "x");
}

TEST_CASE("request: one that no client could send is refused") {
  CHECK_THROWS_AS((request{{.target = "no slash"}}), joist::error);
  CHECK_THROWS_AS((request{{.target = "/../x"}}), joist::error);
  CHECK_THROWS_AS((request{{.method = "GET /"}}), joist::error);
  CHECK_THROWS_AS((request{{.method = ""}}), joist::error);
}

TEST_CASE("request: knows where it came from, and whether over TLS") {
  const request in{{.remote = joist::net::endpoint{"10.0.0.1:99"}, .secure = true}};
  CHECK(in.remote().to_string() == "10.0.0.1:99");
  CHECK(in.is_secure());
  CHECK_FALSE(request{{}}.is_secure());
}

TEST_CASE("request: cookies are found in all fields that have some") {
  const request in{{.fields = {{"Cookie", "a=1; b=\"two\";c = 3; d"}, {"Cookie", "e=a=b; a=9"}}}};
  CHECK(in.cookie("a").value() == "1");
  CHECK(in.cookie("b").value() == "two");
  CHECK(in.cookie("c").value() == "3");
  CHECK(in.cookie("e").value() == "a=b");
  CHECK_FALSE(in.cookie("d").has_value());
  CHECK_FALSE(in.cookie("A").has_value());
}

TEST_CASE("request: a name that the route does not have is a wrong call") {
  const request in{{}};
  CHECK_THROWS_AS(in.param("id"), joist::error);
}

TEST_CASE("request: a body that is there is had whole, or piece by piece") {
  request in{{.body = "hello world"}};
  CHECK(in.body() == "hello world");
  std::string read;
  CHECK(read_text(in, read, 6) == 6);
  CHECK(in.body() == "world");
  while (read_text(in, read, 2) > 0) {
  }
  CHECK(read == "hello world");
  CHECK(in.body().empty());
}

TEST_CASE("request: a body comes from its source when it is asked for") {
  const std::string text(100'000, 'x');
  for (const std::size_t at_once : {std::size_t{1}, std::size_t{1000}, std::size_t{1'000'000}}) {
    pieces source{text, at_once};
    request in{{}};
    in.read_body_from(source);
    CHECK(in.body() == text);
    CHECK(in.body() == text);
  }
  pieces source{text, 7};
  request in{{}};
  in.read_body_from(source);
  std::string read;
  CHECK(read_text(in, read, 100) == 7);
  CHECK(in.body().size() == text.size() - 7);
}

TEST_CASE("request: what the source refuses, the handler hears of as an error with a status") {
  pieces source{"some bytes", 3, true};
  request in{{}};
  in.read_body_from(source);
  try {
    static_cast<void>(in.body());
    FAIL("no error");
  } catch (const joist::web::http_error& e) {
    CHECK(e.status() == 413);
  }
}

TEST_CASE("request: plugs leave values for handlers, one for each type") {
  struct user {
    int id;
  };
  request in{{}};
  CHECK(in.assigned<user>() == nullptr);
  in.assign(user{7});
  in.assign(std::string{"text"});
  in.assign(user{8});
  CHECK(in.assigned<user>()->id == 8);
  CHECK(*std::as_const(in).assigned<std::string>() == "text");
  in.assigned<user>()->id = 9;
  CHECK(in.assigned<user>()->id == 9);
}
