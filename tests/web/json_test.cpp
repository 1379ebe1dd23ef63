#include <joist/web/json.hpp>

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "support/catch.hpp"

namespace web = joist::web;
using web::from_json;
using web::to_json;

// [snippet: format]
// Points of time are seconds since 1970 in our JSON.
template <>
struct joist::web::json_format<std::chrono::sys_seconds> {
  static json_value write(std::chrono::sys_seconds t) { return t.time_since_epoch().count(); }
  static result<std::chrono::sys_seconds, std::string> read(const json_value& from) {
    if (const std::int64_t* seconds = from.as_int64()) return std::chrono::sys_seconds{std::chrono::seconds{*seconds}};
    return failure{std::string{"expected seconds since 1970, got "}.append(from.kind())};
  }
};
// [end]
// An aggregate that is written as one text.
struct money {
  int cents = 0;
};
template <>
struct joist::web::json_format<money> {
  static std::string write(const money& m) { return std::to_string(m.cents) + " ct"; }
  static result<money, std::string> read(const json_value&) { return failure{std::string{"nothing is money"}}; }
};

namespace {

struct meeting {
  std::string about;
  std::chrono::sys_seconds begin;
  std::optional<std::chrono::sys_seconds> end{};
  std::vector<std::chrono::sys_seconds> breaks{};
};

enum class role : std::uint8_t { admin, guest };

struct address {
  std::string street;
  int number = 0;
  friend bool operator==(const address& a, const address& b) = default;
};
struct user {
  std::string name;
  std::optional<int> age{};
  std::vector<role> roles{};
  std::map<std::string, double> scores{};
  address home{};
  bool active = false;
  friend bool operator==(const user& a, const user& b) = default;
};
struct numbers {
  std::int8_t i8 = 0;
  std::uint8_t u8 = 0;
  std::int64_t i64 = 0;
  std::uint64_t u64 = 0;
  float f = 0;
};
struct defaults {
  int limit = 10;
  std::string order = "asc";
};

template <class T>
std::string problems(std::string_view text, const web::json_options& options = {}) {
  const auto read = from_json<T>(text, options);
  std::string all;
  if (!read) {
    for (const auto& e : read.error()) all += e.pointer + ": " + e.what + "\n";
  }
  return all;
}

}  // namespace

TEST_CASE("json: an aggregate is read member by member, and written so") {
  const user ann{.name = "Ann \"A\"",
                 .age = 7,
                 .roles = {role::guest, role::admin},
                 .scores = {{"a", 1.5}, {"b", 2}},
                 .home = {"x", 3},
                 .active = true};
  const std::string text =
      R"({"name":"Ann \"A\"","age":7,"roles":["guest","admin"],"scores":{"a":1.5,"b":2.0},"home":{"street":"x","number":3},"active":true})";
  CHECK(to_json(ann) == text);
  CHECK(from_json<user>(text).value() == ann);
}

TEST_CASE("json: an optional may be missing or null, and is left out when it is written") {
  const std::string rest = R"("roles":[],"scores":{},"home":{"street":"","number":0},"active":false})";
  CHECK(from_json<user>(R"({"name":"x",)" + rest).value().age == std::nullopt);
  CHECK(from_json<user>(R"({"name":"x","age":null,)" + rest).value().age == std::nullopt);
  CHECK(to_json(user{.name = "x"}) == R"({"name":"x",)" + rest);
  CHECK(to_json(std::vector<std::optional<int>>{1, std::nullopt}) == "[1,null]");
}

TEST_CASE("json: all that is wrong is told at once, with the place") {
  CHECK(problems<user>(
            R"({"name":1,"age":"x","roles":["guest","king",2],"scores":{"a/b~":true},"home":{"street":null},"active":0})") ==
        "/name: expected a string, got an integer\n"
        "/age: expected an integer, got a string\n"
        "/roles/1: expected one of admin, guest\n"
        "/roles/2: expected one of admin, guest, got an integer\n"
        "/scores/a~1b~0: expected a number, got true or false\n"
        "/home/street: expected a string, got null\n"
        "/home/number: expected it: it is missing\n"
        "/active: expected true or false, got an integer\n");
  CHECK(problems<user>("[]") == ": expected an object, got an array\n");
  CHECK(problems<user>("{") == ": at byte 1: expected a name in quotes\n");
  CHECK(problems<std::vector<int>>("[" + std::string(400, 'x') + "]").find("byte 1") != std::string::npos);
  std::string many = "[\"x\"";
  for (int i = 0; i < 500; ++i) many += ",\"x\"";
  CHECK(from_json<std::vector<int>>(many + "]").error().size() == 20);
}

TEST_CASE("json: a number that the type cannot hold is refused") {
  CHECK(problems<numbers>(R"({"i8":-128,"u8":255,"i64":-9223372036854775808,"u64":18446744073709551615,"f":1})").empty());
  CHECK(problems<numbers>(R"({"i8":128,"u8":-1,"i64":9223372036854775808,"u64":-1,"f":1e39})") ==
        "/i8: expected an integer from -128 to 127, got 128\n"
        "/u8: expected an integer from 0 to 255, got -1\n"
        "/i64: expected an integer from -9223372036854775808 to 9223372036854775807, got 9223372036854775808\n"
        "/u64: expected an integer from 0 to 18446744073709551615, got -1\n"
        "/f: expected a number that is not so large\n");
  CHECK(problems<int>("1.0") == ": expected an integer, got a number\n");
  CHECK(from_json<double>("3").value() == 3.0);
}

TEST_CASE("json: unknown members are ignored, or refused where that is asked for") {
  const std::string text = R"({"street":"x","number":1,"zip":"y","to/wn":"z"})";
  CHECK(problems<address>(text).empty());
  CHECK(problems<address>(text, {.unknown = web::unknown_members::refuse}) ==
        "/zip: expected no such member\n/to~1wn: expected no such member\n");
}

TEST_CASE("json: missing members keep their defaults where that is asked for") {
  CHECK_FALSE(problems<defaults>("{}").empty());
  const auto read = from_json<defaults>(R"({"order":"desc"})", {.keep_defaults = true});
  CHECK(read.value().limit == 10);
  CHECK(read.value().order == "desc");
}

TEST_CASE("json: bodies of the type are read, and others refused") {
  const auto read = [](std::string type) {
    return web::read_json<address>(
        web::request{{.method = "POST", .fields = {{"Content-Type", type}}, .body = R"({"street":"x","number":1})"}});
  };
  CHECK(read("application/json").value() == address{"x", 1});
  CHECK(read("application/problem+JSON; charset=utf-8").has_value());
  CHECK_FALSE(read("text/plain").has_value());
  CHECK_FALSE(read("").has_value());
}

TEST_CASE("json: a response has the value, or all that was wrong with the request") {
  const web::response out = web::json(address{"x", 1});
  CHECK(out.text() == R"({"street":"x","number":1})");
  CHECK(out.fields.get("Content-Type") == "application/json");
  const auto bad = from_json<address>(R"({"street":1,"number":1})");
  const web::response refused = web::json_errors(bad.error());
  CHECK(refused.status == 422);
  CHECK(refused.text() == R"({"errors":[{"pointer":"/street","what":"expected a string, got an integer"}]})");
}

TEST_CASE("json: other shapes: nested sequences, values of any shape, truth values, and texts that are views") {
  CHECK(to_json(from_json<std::vector<std::vector<bool>>>("[[true,false],[]]").value()) == "[[true,false],[]]");
  CHECK(to_json(from_json<web::json_value>("[1,{\"a\":null}]").value()) == "[1,{\"a\":null}]");
  struct row {
    std::string_view text;
    const char* more;
  };
  CHECK(to_json(row{"a", "b"}) == R"({"text":"a","more":"b"})");
  CHECK(to_json(role::guest) == "\"guest\"");
}

TEST_CASE("json: a type with a json_format is written and read by it, wherever it is, and its errors have their place") {
  const std::string text = R"({"about":"x","begin":60,"breaks":[61,62]})";
  const auto read = from_json<meeting>(text).value();
  CHECK(read.begin == std::chrono::sys_seconds{std::chrono::minutes{1}});
  CHECK_FALSE(read.end.has_value());
  CHECK(to_json(read) == text);
  CHECK(to_json(std::map<std::string, std::chrono::sys_seconds>{{"a", {}}}) == R"({"a":0})");
  CHECK(problems<meeting>(R"({"about":"x","begin":"noon","end":null,"breaks":[1,2.5]})") ==
        "/begin: expected seconds since 1970, got a string\n"
        "/breaks/1: expected seconds since 1970, got a number\n");
  CHECK(problems<meeting>(R"({"about":"x","breaks":[]})") == "/begin: expected it: it is missing\n");
  CHECK(to_json(std::vector<money>{{1}, {2}}) == R"(["1 ct","2 ct"])");
  CHECK(problems<money>("{}") == ": nothing is money\n");
}
