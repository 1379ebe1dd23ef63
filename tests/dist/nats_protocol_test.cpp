#include "dist/nats_protocol.hpp"

#include <set>
#include <string>

#include "base/random.hpp"
#include "support/catch.hpp"
#include "support/garbled.hpp"

using dice = joist::base::random;
using namespace joist::dist::detail;

namespace {

constexpr std::size_t most = 1000;

struct outcome {
  read_verdict read;
  nats_operation operation;
};
outcome read(std::string_view bytes) {
  outcome o;
  o.read = read_nats(bytes, most, o.operation);
  return o;
}
bool is_broken(std::string_view bytes) { return read(bytes).read.state == read_state::broken; }

nats_info info(std::string_view json) {
  nats_info i;
  CHECK(read_nats_info(json, i));
  return i;
}
bool is_no_info(std::string_view json) {
  nats_info i;
  return !read_nats_info(json, i);
}

}  // namespace

TEST_CASE("nats: an operation of each kind is read whole, and tells how long it is") {
  const auto is = [](std::string_view bytes, nats_verb verb, std::string_view subject, std::string_view text) {
    const std::string all = std::string{bytes} + "PING\r\n";
    const outcome o = read(all);
    return o.read.state == read_state::whole && o.read.bytes == bytes.size() && o.operation.verb == verb &&
           o.operation.subject == subject && o.operation.text == text;
  };
  CHECK(is("INFO {\"a\":1}\r\n", nats_verb::info, "", "{\"a\":1}"));
  CHECK(is("MSG a.b 1 5\r\nhello\r\n", nats_verb::message, "a.b", "hello"));
  CHECK(is("MSG a.b 1 reply.to 5\r\nhello\r\n", nats_verb::message, "a.b", "hello"));
  CHECK(is("MSG\ta.b  1 \t4\r\na\r\nb\r\n", nats_verb::message, "a.b", "a\r\nb"));
  CHECK(is("MSG a 1 0\r\n\r\n", nats_verb::message, "a", ""));
  CHECK(is("ping\r\n", nats_verb::ping, "", ""));
  CHECK(is("PONG\r\n", nats_verb::pong, "", ""));
  CHECK(is("+OK\r\n", nats_verb::ok, "", ""));
  CHECK(is("-ERR 'Slow Consumer'\r\n", nats_verb::error, "", "Slow Consumer"));
}

TEST_CASE("nats: what is cut off anywhere is incomplete, and never broken") {
  const std::string all = "MSG a.b 1 6\r\na\r\nb\r\n\r\n";
  for (std::size_t n = 0; n < all.size(); ++n) CHECK(read(all.substr(0, n)).read.state == read_state::incomplete);
  CHECK(read(all).read.bytes == all.size());
}

TEST_CASE("nats: what a server could blow up is refused before it is there") {
  CHECK(is_broken("MSG a 1 1001\r\n"));
  CHECK(!is_broken("MSG a 1 1000\r\n"));
  CHECK(is_broken("MSG a 1 99999999999999999999\r\n"));
  CHECK(is_broken("MSG a 1 -1\r\n"));
  CHECK(is_broken("MSG a 1\r\n"));
  CHECK(is_broken("MSG a\r\n"));
  CHECK(is_broken("MSG a 1 r 5 6\r\n"));
  CHECK(is_broken("MSG a 1 1\r\nabc"));
  CHECK(is_broken("HTTP/1.1 400 Bad Request\r\n"));
  CHECK(is_broken("\r\n"));
  CHECK(is_broken(std::string(most_nats_line_bytes + 2, 'x')));
}

TEST_CASE("nats: of an INFO what is needed is found, wherever it stands and whatever stands around it") {
  const nats_info i = info(
      "{\"server_id\":\"x\\\"}\",\"max_payload\": 512 ,\"connect_urls\":[\"a,b\",\"}\"],"
      "\"nested\":{\"max_payload\":7,\"l\":[{}]},\"tls_required\":true,\"ldm\":true}");
  CHECK(i.max_payload == 512);
  CHECK((i.tls_required && i.lame_duck && !i.tls_available));
  CHECK(info("{}").max_payload == 1 << 20);
  CHECK(info(" { \"max_payload\" : 99999999999999999999999 } ").max_payload == 1 << 20);
  for (const auto* text : {"", "[]", "{", "{\"a\"}", "{\"a\":1", "{\"a\":[1}", "{\"a\":}", "{\"a\\"})
    CHECK(is_no_info(text));
}

TEST_CASE("nats: what we say is what the protocol asks for, and names are no commands") {
  std::string out;
  write_nats_connect(out, {.name = "a\"b\\\n", .user = "u", .password = "p"});
  CHECK(out ==
        "CONNECT {\"verbose\":false,\"pedantic\":false,\"echo\":false,\"protocol\":1,\"lang\":\"cpp\",\"version\":\"joist\","
        "\"tls_required\":false,\"name\":\"a\\\"b\\\\\\u000a\",\"user\":\"u\",\"pass\":\"p\"}\r\n");
  out.clear();
  write_nats_subscribe(out, "a.b", 2);
  write_nats_publish(out, "a.b", "x\r\ny");
  CHECK(out == "SUB a.b 2\r\nPUB a.b 4\r\nx\r\ny\r\n");
}

TEST_CASE("nats: each node's name has a part of a subject of its own, which holds no wildcard and no space") {
  std::set<std::string> tokens;
  const std::string names[] = {"", "a", "A", "a.b", "a=2eb", "a=b", "*", ">", " ", "\r\n", "=", "\xc3\xa4", "a b"};
  for (const std::string& name : names) {
    const std::string token = nats_token(name);
    CHECK(!token.empty());
    CHECK(token.find_first_of(" .*>\r\n\t") == token.npos);
    CHECK(tokens.insert(token).second);
  }
}

TEST_CASE("nats: bytes by chance, and operations with some of them changed, are read within their bounds") {
  dice d{11};
  const std::string_view alphabet = "MSGINFOPING-ERR+OK 0123456789\r\n\r\n{}[]\":,\\";
  const std::string good = "INFO {\"a\":[1,{}],\"max_payload\":7}\r\nMSG a.b 1 5\r\nhello\r\n";
  for (int i = 0; i < 100'000; ++i) {
    const std::string bytes = support::garbled(d, alphabet, good);
    const outcome o = read(bytes);
    if (o.read.state != read_state::whole) continue;
    REQUIRE(o.read.bytes <= bytes.size());
    REQUIRE(read(bytes + "x").read.bytes == o.read.bytes);
    if (o.operation.verb != nats_verb::info) continue;
    nats_info found;
    (void)read_nats_info(o.operation.text, found);
  }
}
