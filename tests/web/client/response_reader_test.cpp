#include "web/client/response_reader.hpp"

#include <random>
#include <string>

#include "support/catch.hpp"
#include "web/client/transcript.hpp"

using joist::web::response_limits;
using joist_test::asked;
using joist_test::transcript;

namespace {

// What is told of the bytes; also of each byte alone, and of random cuts.
std::string told(std::string_view all, const asked& request = {}, const response_limits& limits = {}) {
  static std::mt19937 random{5};
  std::string whole = transcript(all, request, limits);
  CHECK(transcript(all, request, limits, [](std::size_t) { return 1; }) == whole);
  for (int i = 0; i < 5; ++i) {
    CHECK(transcript(all, request, limits, [](std::size_t) { return static_cast<std::size_t>(1 + random() % 20); }) ==
          whole);
    CHECK(transcript(all, request, limits, [](std::size_t left) { return static_cast<std::size_t>(1 + random() % left); }) ==
          whole);
  }
  return whole;
}

bool is_refused(std::string_view all, std::string_view why) {
  const std::string text = told(all);
  INFO(text);
  const bool is = text.starts_with("refused: ") && text.find(why) != text.npos;
  CHECK(is);
  return is;
}

}  // namespace

TEST_CASE("response_reader: a response has a head, and perhaps a body of a length, of chunks, or until the end") {
  CHECK(told("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX: \t y \r\n\r\nhello") ==
        "200 1.1 keep length=5 {Content-Length: 5\r\nX: y\r\n} [hello]\nidle");
  CHECK(told("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6;a=1\r\n world\r\n0\r\nSum: 1\r\n\r\n") ==
        "200 1.1 keep {Transfer-Encoding: chunked\r\n} [hello world]\nidle");
  CHECK(told("HTTP/1.1 200 OK\r\n\r\nuntil the end") == "200 1.1 {} [until the end]\nended");
  CHECK(told("HTTP/1.1 404 \r\nContent-Length: 0\r\n\r\n") == "404 1.1 keep length=0 {Content-Length: 0\r\n} []\nidle");
  CHECK(told("HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\nx") == "200 1.0 length=1 {Content-Length: 1\r\n} [x]\nclosed");
  CHECK(told("HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 1\r\n\r\nx") ==
        "200 1.0 keep length=1 {Connection: keep-alive\r\nContent-Length: 1\r\n} [x]\nidle");
  CHECK(told("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 1\r\n\r\nx") ==
        "200 1.1 length=1 {Connection: close\r\nContent-Length: 1\r\n} [x]\nclosed");
}

TEST_CASE("response_reader: responses in a row are read one after the other, and nothing behind the last") {
  const std::string one = "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na";
  const std::string two = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nb\r\n0\r\n\r\n";
  CHECK(told(one + two + one) ==
        "200 1.1 keep length=1 {Content-Length: 1\r\n} [a]\n"
        "200 1.1 keep {Transfer-Encoding: chunked\r\n} [b]\n"
        "200 1.1 keep length=1 {Content-Length: 1\r\n} [a]\nidle");
}

TEST_CASE("response_reader: to HEAD, and with 204 and 304, there is no body, whatever the fields say") {
  CHECK(told("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", {.method = "HEAD"}) ==
        "200 1.1 keep {Content-Length: 5\r\n} []\nidle");
  CHECK(told("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", {.method = "HEAD"}) ==
        "200 1.1 keep {Transfer-Encoding: chunked\r\n} []\nidle");
  CHECK(told("HTTP/1.1 200 OK\r\n\r\n", {.method = "HEAD"}) == "200 1.1 keep {} []\nidle");
  CHECK(told("HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n") == "304 1.1 keep {Content-Length: 5\r\n} []\nidle");
  CHECK(told("HTTP/1.1 204 No Content\r\n\r\n") == "204 1.1 keep {} []\nidle");
  // It announces a body that must not be: what comes next is nobody's response.
  CHECK(told("HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\nhello") ==
        "204 1.1 {Content-Length: 5\r\n} []\nclosed, more came");
  CHECK(told("HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n") ==
        "204 1.1 {Transfer-Encoding: chunked\r\n} []\nclosed");
}

TEST_CASE("response_reader: interim responses are skipped, up to a limit; 101 is for those who asked") {
  const std::string hint = "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n";
  const std::string last = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
  CHECK(told(hint + "HTTP/1.1 100 Continue\r\n\r\n" + last) ==
        "200 1.1 keep interims=2 length=0 {Content-Length: 0\r\n} []\nidle");
  std::string flood;
  for (int i = 0; i < 17; ++i) flood += hint;
  CHECK(told(flood) == "too large: more interim responses than the limit");
  CHECK(told(hint) == "the connection ended in front of the response, or within its head");
  const std::string switching = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: echo\r\n\r\n";
  CHECK(told(switching + "x", {.for_upgrade = true}) == "101 1.1 {Upgrade: echo\r\n} []\nclosed, more came");
  CHECK(is_refused(switching, "nobody asked for it"));
}

TEST_CASE("response_reader: what has two framings, or a broken one, is refused") {
  const std::string ok = "HTTP/1.1 200 OK\r\n";
  CHECK(is_refused(ok + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n", "a"));
  CHECK(is_refused(ok + "Content-Length: 5\r\nContent-Length: 6\r\n\r\n", "no length, or several"));
  CHECK(is_refused(ok + "Content-Length: 5, 5\r\n\r\n", "no length, or several"));
  CHECK(is_refused(ok + "Content-Length: -1\r\n\r\n", "no length, or several"));
  CHECK(is_refused(ok + "Content-Length: 0x5\r\n\r\n", "no length, or several"));
  CHECK(is_refused(ok + "Content-Length: 99999999999999999999\r\n\r\n", "no length, or several"));
  CHECK(is_refused(ok + "Transfer-Encoding: gzip, chunked\r\n\r\n", "a Transfer-Encoding other than chunked"));
  CHECK(is_refused(ok + "Transfer-Encoding: chunked, gzip\r\n\r\n", "the last Transfer-Encoding"));
  CHECK(is_refused("HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "Transfer-Encoding in HTTP/1.0"));
  CHECK(is_refused(ok + "A: b\nC: d\r\n\r\n", "a LF without CR"));
  CHECK(is_refused(ok + "A: b\rC: d\r\n\r\n", "a CR without LF"));
  CHECK(is_refused(ok + "A: b\r\n c\r\n\r\n", "a folded line"));
  CHECK(is_refused(ok + std::string{"A: \0b\r\n\r\n", 9}, "a control character"));
  CHECK(is_refused(ok + "A : b\r\n\r\n", "a blank before its colon"));
  CHECK(is_refused(ok + ": b\r\n\r\n", "no field name"));
}

TEST_CASE("response_reader: what does not begin as a response is refused") {
  CHECK(is_refused("SSH-2.0-OpenSSH_9.2\r\n\r\n", "does not begin with HTTP/1.1"));
  CHECK(is_refused("HTTP/2.0 200 OK\r\n\r\n", "does not begin with HTTP/1.1"));
  CHECK(is_refused("HTTP/1.1 20 OK\r\n\r\n", "status"));
  CHECK(is_refused("HTTP/1.1 2000 OK\r\n\r\n", "status"));
  CHECK(is_refused("HTTP/1.1 099 OK\r\n\r\n", "status"));
  CHECK(is_refused("HTTP/1.1 600 OK\r\n\r\n", "status"));
  CHECK(is_refused("\r\nHTTP/1.1 200 OK\r\n\r\n", "a blank line"));
  CHECK(is_refused("GET / HTTP/1.1\r\nHost: h\r\n\r\n", "does not begin"));
}

TEST_CASE("response_reader: broken chunks, and bodies that end early, are told from whole ones") {
  const std::string head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
  const auto ends = [&](std::string_view body) { return told(head + std::string{body}); };
  const std::string begins = "200 1.1 keep {Transfer-Encoding: chunked\r\n} ";
  CHECK(ends("5\r\nhelloX\r\n0\r\n\r\n") == begins + "refused: a chunk with more data than its size says");
  CHECK(ends("5\r\nhello6\r\n") == begins + "refused: a chunk with more data than its size says");
  CHECK(ends("\r\n") == begins + "refused: a chunk without a size");
  CHECK(ends("-1\r\n") == begins + "refused: a chunk without a size");
  CHECK(ends("0x5\r\nhello\r\n") == begins + "refused: a chunk without a size");
  CHECK(ends("10000000000000000\r\n").starts_with(begins + "refused: "));
  CHECK(ends("5\nhello\r\n0\r\n\r\n") == begins + "refused: a LF without CR");
  CHECK(ends("5\r\nhel") == begins + "(hel)the connection ended within the body");
  CHECK(ends("5\r\nhello\r\n0\r\n") == begins + "(hello)the connection ended within the body");
  CHECK(ends("0\r\nA: b\r\n c\r\n\r\n") == begins + "refused: a folded line");
  CHECK(told("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel") ==
        "200 1.1 keep length=5 {Content-Length: 5\r\n} (hel)the connection ended within the body");
}

TEST_CASE("response_reader: keeps to its limits before it keeps anything") {
  const response_limits limits{.head_bytes = 200, .field_count = 3, .interim_count = 2, .chunk_extension_bytes = 20};
  const auto told_of = [&](const std::string& text) { return told(text, {}, limits); };
  const std::string ok = "HTTP/1.1 200 OK\r\n";
  CHECK(told_of(ok + "A: " + std::string(200, 'a')) == "too large: the head is larger than limits.head_bytes");
  CHECK(told_of("HTTP/1.1 200 " + std::string(300, 'a')) == "too large: the head is larger than limits.head_bytes");
  CHECK(told_of(ok + "A: a\r\nA: a\r\nA: a\r\nA: a\r\n\r\n") == "too large: more fields than limits.field_count");
  const std::string chunked = ok + "Transfer-Encoding: chunked\r\n\r\n";
  CHECK(told_of(chunked + "1;" + std::string(100, 'a')).find("the line of a chunk is longer than the limit") !=
        std::string::npos);
  CHECK(told_of(chunked + "1;aaaaaaaaaa\r\nx\r\n1;aaaaaaaaaaaaaa\r\nx\r\n0\r\n\r\n").find("too many") != std::string::npos);
  CHECK(told_of(chunked + "0\r\nA: " + std::string(200, 'a')).find("too large: the trailer") != std::string::npos);
  CHECK(
      told_of(chunked + "0\r\nA: a\r\nA: a\r\nA: a\r\nA: a\r\nA: a\r\n\r\n").find("too large: more fields in the trailer") !=
      std::string::npos);
}
