#include "dist/resp.hpp"

#include <string>
#include <vector>

#include "base/random.hpp"
#include "support/catch.hpp"
#include "support/garbled.hpp"

using dice = joist::base::random;
using namespace joist::dist::detail;
using values = std::vector<resp_value>;

namespace {

constexpr std::size_t most = 1000;

struct outcome {
  read_verdict read;
  values all;
};
outcome read(std::string_view bytes) {
  outcome o;
  o.read = read_resp(bytes, most, o.all);
  return o;
}

std::string command(std::initializer_list<std::string_view> words) {
  std::string out;
  write_resp(out, words);
  return out;
}

}  // namespace

TEST_CASE("resp: a reply of each kind is read whole, and tells how long it is") {
  const auto is = [](std::string_view bytes, const values& expected) {
    const std::string all = std::string{bytes} + "+next\r\n";
    const outcome o = read(all);
    return o.read.state == read_state::whole && o.read.bytes == bytes.size() && o.all == expected;
  };
  CHECK(is("+OK\r\n", {{resp_type::text, "OK"}}));
  CHECK(is("-ERR no\r\n", {{resp_type::error, "ERR no"}}));
  CHECK(is("!3\r\nno!\r\n", {{resp_type::error, "no!"}}));
  CHECK(is(":-12\r\n", {{resp_type::number, "-12"}}));
  CHECK(is(",1.5\r\n", {{resp_type::number, "1.5"}}));
  CHECK(is("#t\r\n", {{resp_type::number, "t"}}));
  CHECK(is("_\r\n", {{resp_type::null, ""}}));
  CHECK(is("$-1\r\n", {{resp_type::null, ""}}));
  CHECK(is("*-1\r\n", {{resp_type::null, ""}}));
  CHECK(is("$0\r\n\r\n", {{resp_type::text, ""}}));
  CHECK(is("$4\r\na\r\nb\r\n", {{resp_type::text, "a\r\nb"}}));
  CHECK(is("=5\r\ntxt:x\r\n", {{resp_type::text, "txt:x"}}));
  CHECK(is("*0\r\n", {{resp_type::aggregate, "", 0}}));
  CHECK(is(">3\r\n$7\r\nmessage\r\n$1\r\nc\r\n$2\r\nhi\r\n",
           {{resp_type::push, "", 3}, {resp_type::text, "message"}, {resp_type::text, "c"}, {resp_type::text, "hi"}}));
  CHECK(is("%1\r\n+a\r\n*2\r\n:1\r\n:2\r\n", {{resp_type::aggregate, "", 2},
                                              {resp_type::text, "a"},
                                              {resp_type::aggregate, "", 2},
                                              {resp_type::number, "1"},
                                              {resp_type::number, "2"}}));
}

TEST_CASE("resp: what is cut off anywhere is incomplete, and never broken") {
  const std::string all = ">3\r\n$7\r\nmessage\r\n$1\r\nc\r\n$6\r\na\r\nb\r\n\r\n";
  for (std::size_t n = 0; n < all.size(); ++n) CHECK(read(all.substr(0, n)).read.state == read_state::incomplete);
  CHECK(read(all).read.bytes == all.size());
}

TEST_CASE("resp: what a server could blow up is refused before it is there") {
  const auto broken = [](std::string_view bytes) { return read(bytes).read.state == read_state::broken; };
  CHECK(broken("$1001\r\n"));
  CHECK(!broken("$1000\r\n"));
  CHECK(broken("$99999999999999999999\r\n"));
  CHECK(broken("$18446744073709551615\r\n"));
  CHECK(broken("$-2\r\n"));
  CHECK(broken("$\r\n"));
  CHECK(broken("$1x\r\n"));
  CHECK(broken("*5000\r\n"));
  CHECK(broken("%2100\r\n"));
  CHECK(broken("HTTP/1.1 200 OK\r\n"));
  CHECK(broken("\r\n"));
  CHECK(broken("$1\r\nabc"));
  CHECK(broken("+" + std::string(most_resp_line_bytes + 2, 'x')));
  std::string deep;
  for (int i = 0; i < 5000; ++i) deep += "*4000\r\n";
  CHECK(broken(deep));
}

TEST_CASE("resp: a command is read as it was written, whatever its bytes") {
  const std::string word{"\0\r\n$3\xff", 7};
  const std::string bytes = command({"PUBLISH", "", word});
  const outcome o = read(bytes);
  CHECK(o.read.bytes == bytes.size());
  CHECK(o.all ==
        values{{resp_type::aggregate, "", 3}, {resp_type::text, "PUBLISH"}, {resp_type::text, ""}, {resp_type::text, word}});
}

TEST_CASE("resp: bytes by chance, and replies with some of them changed, are read within their bounds") {
  dice d{7};
  const std::string_view alphabet = "$*>%!=|:+-_,#(0123456789\r\n\r\nab";
  const std::string good = command({"message", "channel", "payload"}) + ">2\r\n+a\r\n$3\r\nabc\r\n";
  for (int i = 0; i < 100'000; ++i) {
    const std::string bytes = support::garbled(d, alphabet, good);
    const outcome o = read(bytes);
    if (o.read.state == read_state::whole) {
      REQUIRE(o.read.bytes <= bytes.size());
      REQUIRE(!o.all.empty());
    }
    for (const resp_value& v : o.all) {
      if (v.text.data() == nullptr || v.text.empty()) continue;
      REQUIRE((v.text.data() >= bytes.data() && v.text.data() + v.text.size() <= bytes.data() + bytes.size()));
    }
    // More bytes never make a whole reply another one.
    if (o.read.state == read_state::whole) REQUIRE(read(bytes + "x").read.bytes == o.read.bytes);
  }
}
