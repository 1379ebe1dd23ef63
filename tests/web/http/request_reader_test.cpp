#include "web/http/request_reader.hpp"

#include <random>
#include <string>
#include <vector>

#include "support/catch.hpp"
#include "web/http/smuggling.hpp"
#include "web/http/transcript.hpp"

using joist::web::request_limits;
using joist_test::transcript;

namespace {

// What is told of the bytes; also of each byte alone, and of random cuts.
std::string told(std::string_view all, const request_limits& limits = {}) {
  static std::mt19937 random{3};
  std::string whole = transcript(all, limits);
  CHECK(transcript(all, limits, [](std::size_t) { return 1; }) == whole);
  for (int i = 0; i < 5; ++i) {
    CHECK(transcript(all, limits, [](std::size_t) { return static_cast<std::size_t>(1 + random() % 20); }) == whole);
    CHECK(transcript(all, limits, [](std::size_t left) { return static_cast<std::size_t>(1 + random() % left); }) == whole);
  }
  return whole;
}

std::string status_of(std::string_view all, const request_limits& limits = {}) {
  const std::string text = told(all, limits);
  return text.substr(0, 3);
}

}  // namespace

TEST_CASE("request_reader: a request has a head, and perhaps a body") {
  CHECK(told("GET /a%20b?x=1 HTTP/1.1\r\nHost: h\r\nX: \t y \r\n\r\n") ==
        "GET /a b query=x=1 1.1 keep {Host: h\r\nX: y\r\n} []\nidle");
  CHECK(told("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello") ==
        "POST / 1.1 keep body length=5 {Host: h\r\nContent-Length: 5\r\n} [hello]\nidle");
  CHECK(told("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n") ==
        "POST / 1.1 keep length=0 {Host: h\r\nContent-Length: 0\r\n} []\nidle");
  CHECK(told("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n") ==
        "POST / 1.1 keep body {Host: h\r\nTransfer-Encoding: chunked\r\n} [hello world]\nidle");
}

TEST_CASE("request_reader: requests in a row are read one after the other") {
  const std::string one = "GET /1 HTTP/1.1\r\nHost: h\r\n\r\n";
  const std::string two = "PUT /2 HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: Chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n";
  const std::string three = "PUT /3 HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc";
  CHECK(told(one + two + three + "\r\n" + one) ==
        "GET /1 1.1 keep {Host: h\r\n} []\n"
        "PUT /2 1.1 keep body {Host: h\r\nTransfer-Encoding: Chunked\r\n} [x]\n"
        "PUT /3 1.1 keep body length=3 {Host: h\r\nContent-Length: 3\r\n} [abc]\n"
        "GET /1 1.1 keep {Host: h\r\n} []\nidle");
}

TEST_CASE("request_reader: a connection that ends within a request has not ended well") {
  CHECK(told("GET / HT") == "unfinished");
  CHECK(told("") == "idle");
  CHECK(told("\r\n") == "idle");
  CHECK(told("PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nab").ends_with("(ab)unfinished"));
  CHECK(told("PUT / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n").ends_with("(ab)unfinished"));
}

TEST_CASE("request_reader: extensions of chunks and trailers are read over") {
  const std::string head = "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n";
  const std::string before = "POST / 1.1 keep body {Host: h\r\nTransfer-Encoding: chunked\r\n} ";
  CHECK(told(head + "2;a=b;c=\"d;e\"\r\nab\r\n000;x\r\n\r\n") == before + "[ab]\nidle");
  CHECK(told(head + "0\r\nExpires: never\r\nX-Sum: 1\r\n\r\n") == before + "[]\nidle");
  CHECK(told(head + "A\r\n0123456789\r\n0000000f\r\n0123\r\n\r\n0123456\r\n0\r\n\r\n") ==
        before + "[01234567890123\r\n\r\n0123456]\nidle");
}

TEST_CASE("request_reader: who stays connected, by version and Connection") {
  const auto keeps = [](std::string_view version, std::string_view fields) {
    const std::string all = "GET / " + std::string{version} + "\r\nHost: h\r\n" + std::string{fields} + "\r\n";
    return told(all).find(" keep ") != std::string::npos;
  };
  CHECK(keeps("HTTP/1.1", ""));
  CHECK_FALSE(keeps("HTTP/1.1", "Connection: close\r\n"));
  CHECK_FALSE(keeps("HTTP/1.1", "Connection: x, CLOSE\r\n"));
  CHECK_FALSE(keeps("HTTP/1.1", "Connection: keep-alive\r\nConnection: close\r\n"));
  CHECK(keeps("HTTP/1.1", "Proxy-Connection: close\r\n"));
  CHECK_FALSE(keeps("HTTP/1.0", ""));
  CHECK(keeps("HTTP/1.0", "Connection: Keep-Alive\r\n"));
  CHECK_FALSE(keeps("HTTP/1.0", "Connection: keep-alive, close\r\n"));
}

TEST_CASE("request_reader: says when the client waits for 100 Continue, and when it asks for another protocol") {
  CHECK(told("PUT / HTTP/1.1\r\nHost: h\r\nExpect: 100-Continue\r\nContent-Length: 1\r\n\r\nx").find(" expect body") !=
        std::string::npos);
  CHECK(told("GET / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\n\r\n").find("expect") == std::string::npos);
  CHECK(told("PUT / HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\nx").find(" expect") == std::string::npos);
  CHECK(status_of("PUT / HTTP/1.1\r\nHost: h\r\nExpect: 200-ok\r\nContent-Length: 1\r\n\r\nx") == "417");
  CHECK(told("GET / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n").find(" upgrade ") !=
        std::string::npos);
  CHECK(told("GET / HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\n\r\n").find(" upgrade ") == std::string::npos);
  CHECK(told("GET / HTTP/1.0\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n").find(" upgrade ") == std::string::npos);
}

TEST_CASE("request_reader: smuggling: what may be read in two ways is refused") {
  for (const joist_test::smuggling_attempt& a : joist_test::smuggling_attempts()) {
    INFO(a.what);
    const std::string text = told(a.bytes);
    INFO(text);
    const auto last_line = text.rfind('\n') == std::string::npos ? 0 : text.rfind('\n') + 1;
    const bool refused = text.compare(last_line, 3, a.status) == 0 ||
                         text.find(std::string{"} "} + a.status) != std::string::npos ||
                         text.find(std::string{"]\n"} + a.status) != std::string::npos;
    CHECK(refused);
    CHECK(text.find(joist::web::http::two_readings) == std::string::npos);
  }
}

TEST_CASE("request_reader: what is larger than the limits is refused, and what is as large is not") {
  const request_limits limits{
      .head_bytes = 300, .field_count = 5, .target_bytes = 50, .body_bytes = 20, .chunk_extension_bytes = 30};
  const auto with_target = [](std::size_t bytes) {
    return "GET /" + std::string(bytes - 1, 'a') + " HTTP/1.1\r\nHost: h\r\n\r\n";
  };
  CHECK(status_of(with_target(50), limits) == "GET");
  CHECK(status_of(with_target(51), limits) == "414");
  CHECK(status_of(with_target(5000), limits) == "414");
  CHECK(status_of("GET /" + std::string(5000, 'a'), limits) == "414");
  const auto with_head = [](std::size_t bytes) {
    const std::string begin = "GET / HTTP/1.1\r\nHost: h\r\nA: ";
    return begin + std::string(bytes - begin.size() - 4, 'a') + "\r\n\r\n";
  };
  CHECK(status_of(with_head(300), limits) == "GET");
  CHECK(status_of(with_head(301), limits) == "431");
  CHECK(status_of(with_head(9000), limits) == "431");
  const auto with_fields = [](int count) {
    std::string all = "GET / HTTP/1.1\r\nHost: h\r\n";
    for (int i = 1; i < count; ++i) all += "A: b\r\n";
    return all + "\r\n";
  };
  CHECK(status_of(with_fields(5), limits) == "GET");
  CHECK(status_of(with_fields(6), limits) == "431");
  const auto with_body = [](int bytes) {
    return "PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: " + std::to_string(bytes) + "\r\n\r\n" +
           std::string(static_cast<std::size_t>(bytes), 'x');
  };
  CHECK(status_of(with_body(20), limits) == "PUT");
  CHECK(status_of(with_body(21), limits) == "413");
}

TEST_CASE("request_reader: chunked bodies have the same limits, and some of their own") {
  const request_limits limits{.head_bytes = 100, .field_count = 4, .body_bytes = 20, .chunk_extension_bytes = 30};
  const std::string head = "PUT / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n";
  const auto ends_with = [&](const std::string& chunks, std::string_view status) {
    const std::string text = told(head + chunks, limits);
    INFO(text);
    return status.empty() ? text.ends_with("]\nidle") : text.find(std::string{"} "}.append(status)) != std::string::npos;
  };
  CHECK(ends_with("a\r\n0123456789\r\na\r\n0123456789\r\n0\r\n\r\n", ""));
  CHECK(ends_with("a\r\n0123456789\r\nb\r\n01234567890\r\n0\r\n\r\n", "413"));
  CHECK(ends_with("15\r\n", "413"));
  const std::string extension = ";a=" + std::string(12, 'b');
  CHECK(ends_with("1" + extension + "\r\nx\r\n0" + extension + "\r\n\r\n", ""));
  CHECK(ends_with("1" + extension + "\r\nx\r\n1" + extension + "b\r\nx\r\n0\r\n\r\n", "400"));
  CHECK(ends_with("1;" + std::string(5000, 'a'), "400"));
  CHECK(ends_with(std::string(5000, '0'), "400"));
  CHECK(ends_with("0\r\n" + std::string("A: b\r\nA: b\r\nA: b\r\nA: b\r\n") + "\r\n", ""));
  CHECK(ends_with("0\r\n" + std::string("A: b\r\nA: b\r\nA: b\r\nA: b\r\nA: b\r\n") + "\r\n", "431"));
  CHECK(ends_with("0\r\nA: " + std::string(93, 'a') + "\r\n\r\n", ""));
  CHECK(ends_with("0\r\nA: " + std::string(94, 'a') + "\r\n\r\n", "431"));
  CHECK(ends_with("0\r\nA: " + std::string(9000, 'a'), "431"));
}

TEST_CASE("request_reader: a body that says its length comes in views of what was given") {
  const request_limits limits;
  joist::web::http::request_reader reader{limits};
  const std::string all = "PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello";
  const auto bytes = std::as_bytes(std::span{all});
  const auto head = reader.read(bytes);
  REQUIRE(head.what == joist::web::http::progress::head);
  const auto body = reader.read(bytes.subspan(head.used));
  REQUIRE(body.what == joist::web::http::progress::body);
  CHECK(body.body.data() == bytes.subspan(head.used).data());
  CHECK(reader.read({}).what == joist::web::http::progress::done);
  CHECK(reader.read({}).what == joist::web::http::progress::done);
}

TEST_CASE("request_reader: any bytes, however they are cut, come to the same end") {
  std::mt19937 random{5};
  const std::vector<std::string> words{"GET ",
                                       "POST ",
                                       "/",
                                       "/a",
                                       " HTTP/1.1",
                                       "\r\n",
                                       "\r\n\r\n",
                                       "Host: h",
                                       "\r\n",
                                       "Content-Length: ",
                                       "5",
                                       "hello",
                                       "0",
                                       "Transfer-Encoding: chunked",
                                       "5\r\nhello\r\n",
                                       "0\r\n\r\n",
                                       ";a=b",
                                       " ",
                                       "\n",
                                       ",",
                                       "Connection: close",
                                       "%41",
                                       "A: b\r\n"};
  for (int round = 0; round < 3000; ++round) {
    std::string all = random() % 2 == 0 ? "POST / HTTP/1.1\r\nHost: h\r\n" : "";
    for (auto n = random() % 12; n > 0; --n) all += words[random() % words.size()];
    const std::string whole = transcript(all);
    INFO(all);
    REQUIRE(transcript(all, {}, [](std::size_t) { return 1; }) == whole);
    REQUIRE(transcript(all, {}, [&](std::size_t) { return static_cast<std::size_t>(1 + random() % 7); }) == whole);
    REQUIRE(whole.find(joist::web::http::two_readings) == std::string::npos);
  }
}
