#include "web/http/access_line.hpp"

#include <joist/web/json_value.hpp>

#include <algorithm>
#include <string>

#include "support/catch.hpp"

using namespace std::chrono_literals;
using joist::web::request_served;
using joist::web::http::combined_line;
using joist::web::http::json_line;

namespace {

// 2026-11-28, 10:15:42.007.
constexpr joist::web::http::log_time now{std::chrono::sys_days{std::chrono::year{2026} / 11 / 28} + 10h + 15min + 42s + 7ms};

request_served usual() {
  return {{200, 1500us, 12}, {"GET", "/users/7?x=1", "192.0.2.7:5000", "/users/:id", "HTTP/1.1", "http://a/", "curl/8"}};
}

bool is_one_line_of_ascii(const std::string& line) {
  return std::all_of(line.begin(), line.end(), [](char c) { return c >= ' ' && c <= '~'; });
}

}  // namespace

TEST_CASE("access line: is that of Apache's combined format") {
  CHECK(combined_line(usual(), now) ==
        "192.0.2.7 - - [28/Nov/2026:10:15:42 +0000] \"GET /users/7?x=1 HTTP/1.1\" 200 12 \"http://a/\" \"curl/8\"");
  const request_served bare{{404, 0ns, 0}, {"GET", "/", "[2001:db8::1]:80", {}, "HTTP/1.0", {}, {}}};
  CHECK(combined_line(bare, now) == "2001:db8::1 - - [28/Nov/2026:10:15:42 +0000] \"GET / HTTP/1.0\" 404 0 \"-\" \"-\"");
  const request_served mapped{{404, 0ns, 0}, {"GET", "/", "[::ffff:192.0.2.7]:80", {}, "HTTP/1.0", {}, {}}};
  CHECK(combined_line(mapped, now).starts_with("192.0.2.7 - - ["));
  const request_served local{{200, 0ns, 0}, {"GET", "/", "unix:", {}, "HTTP/1.1", {}, {}}};
  CHECK(combined_line(local, now).starts_with("unix: - - ["));
  const request_served refused{{400, 0ns, 16}, {{}, "the request line is none", "192.0.2.7:5000"}};
  CHECK(combined_line(refused, now) == "192.0.2.7 - - [28/Nov/2026:10:15:42 +0000] \"-\" 400 16 \"-\" \"-\"");
}

TEST_CASE("access line: is an object of JSON") {
  CHECK(json_line(usual(), now) ==
        R"({"time":"2026-11-28T10:15:42.007Z","remote":"192.0.2.7","method":"GET","target":"/users/7?x=1",)"
        R"("version":"HTTP/1.1","route":"/users/:id","status":200,"bytes":12,"seconds":0.0015,"referer":"http://a/",)"
        R"("user_agent":"curl/8"})");
  const request_served refused{{408, 0ns, 0}, {{}, "the head did not come in time", "192.0.2.7:5000"}};
  CHECK(
      json_line(refused, now) ==
      R"({"time":"2026-11-28T10:15:42.007Z","remote":"192.0.2.7","refused":"the head did not come in time","status":408})");
}

TEST_CASE("access line: what clients send ends neither the line nor a quoted part, and moves no terminal") {
  for (int byte = 0; byte < 256; ++byte) {
    const std::string nasty{'a', static_cast<char>(byte), 'b'};
    request_served e = usual();
    e.metadata.method = e.metadata.target = e.metadata.referer = e.metadata.user_agent = nasty;
    const std::string line = combined_line(e, now);
    CHECK(is_one_line_of_ascii(line));
    CHECK(std::count(line.begin(), line.end(), '"') == 6);
    const auto read = joist::web::parse_json(json_line(e, now));
    REQUIRE(read);
    const std::string shown = byte < 128 ? nasty
                                         : "a\xef\xbf\xbd"
                                           "b";
    for (const char* member : {"method", "target", "referer", "user_agent"})
      CHECK(*read->find(member)->as_string() == shown);
  }
  request_served e = usual();
  e.metadata.user_agent = "x\"\n192.0.2.8 - - [forged] \"GET /";
  CHECK(combined_line(e, now).ends_with(R"("x\x22\x0a192.0.2.8 - - [forged] \x22GET /")"));
}

TEST_CASE("access line: is bounded, and cut between characters") {
  request_served e = usual();
  const std::string much(100'000, '\x01');
  e.metadata.method = e.metadata.target = e.metadata.referer = e.metadata.user_agent = e.metadata.remote = much;
  CHECK(combined_line(e, now).size() < 4 * (2000 + 4 * 500) + 200);
  CHECK(json_line(e, now).size() < 6 * (2000 + 4 * 500) + 400);
  std::string umlauts{"a"};
  for (int i = 0; i < 2000; ++i) umlauts += "\xc3\xa4";
  e.metadata.user_agent = umlauts;
  const auto read = joist::web::parse_json(json_line(e, now));
  REQUIRE(read);
  const std::string shown{*read->find("user_agent")->as_string()};
  CHECK(shown == umlauts.substr(0, 499) + "...");
}
