#include "web/channels/frames.hpp"

#include <string>

#include "support/world.hpp"

using namespace joist::web;
using namespace joist::web::channels;
using support::refuses;
constexpr auto v1 = protocol_version::v1;
constexpr auto v2 = protocol_version::v2;

TEST_CASE("frames: versions that clients ask for: 1.0.x, also by saying none, and 2.0.x") {
  CHECK(version_of(std::nullopt) == v1);
  CHECK(version_of("1.0.0") == v1);
  CHECK(version_of("2.0.0") == v2);
  for (const char* other : {"", "2", "2.0.", "2.1.0", "3.0.0", "abc", "1.1.0"}) CHECK(!version_of(other));
}

TEST_CASE("frames: a text of version 2 has five elements; refs are texts, numbers or null") {
  const auto f = read_text(v2, R"(["4",5,"room:1","new_msg",{"a":1},"more"])");
  REQUIRE(f.has_value());
  CHECK((f->join_ref.view() == "4" && f->ref.view() == "5" && f->topic == "room:1" && f->event == "new_msg"));
  CHECK(f->body.to_payload().bytes() == R"({"a":1})");
  const auto none = read_text(v2, R"([null,null,"t","e",null])");
  CHECK((none.has_value() && !none->join_ref && !none->ref));
}

TEST_CASE("frames: what is none is refused with what was expected") {
  const auto why = [](const char* text) { return read_text(v2, text).error(); };
  CHECK(why("{}") == "expected [join_ref, ref, topic, event, payload], got an object");
  CHECK(why("[1,2,3,4]") == "expected [join_ref, ref, topic, event, payload], got fewer elements");
  CHECK(why(R"(["1","2",3,"e",{}])") == "expected a topic that is a string, got an integer");
  CHECK(why(R"(["1","2","t",null,{}])") == "expected an event that is a string, got null");
  CHECK(why(R"([[],"2","t","e",{}])") == "expected a ref that is a string or null, got an array");
  CHECK(why("[").find("expected JSON") == 0);
  CHECK(read_text(v1, "[]").error() == R"(expected {"topic":, "event":, "payload":, "ref":}, got an array)");
  CHECK(read_text(v1, "{}").error() == "expected a topic that is a string, got nothing");
}

TEST_CASE("frames: refs and events of more than 255 bytes are none") {
  const auto read = [](const std::string& join_ref, const std::string& ref, const std::string& event) {
    const auto f = read_text(v2, "[\"" + join_ref + "\",\"" + ref + "\",\"t\",\"" + event + "\",{}]");
    const auto old = read_text(v1, R"({"topic":"t","payload":{},"join_ref":")" + join_ref + R"(","ref":")" + ref +
                                       R"(","event":")" + event + "\"}");
    CHECK(old.has_value() == f.has_value());
    return f ? "a message" : f.error();
  };
  const std::string most(255, 'x'), more(256, 'x'), why = "expected refs and an event of at most 255 bytes, got 256";
  CHECK(read(most, most, most) == "a message");
  CHECK(read(more, "1", "e") == why);
  CHECK(read("1", more, "e") == why);
  CHECK(read("1", "1", more) == why);
}

TEST_CASE("frames: what a message takes in memory is at least what its values take") {
  const auto memory = [](const std::string& body) { return memory_of(*read_text(v2, R"(["1","2","t","e",)" + body + "]")); };
  const std::size_t least = memory("0");
  CHECK((least >= sizeof(client_frame) && least < 300));
  CHECK(memory("\"" + std::string(1000, 'x') + "\"") >= least + 1000);
  CHECK(memory("[0,0,0,0]") >= least + 4 * sizeof(json_value));
  CHECK(memory("[[0],[0]]") >= least + 4 * sizeof(json_value));
  CHECK(memory(R"({"a":0,"b":[0]})") >= least + 2 * sizeof(json_value::member) + sizeof(json_value));
  CHECK(memory("{\"" + std::string(1000, 'x') + "\":0}") >= least + 1000 + sizeof(json_value::member));
  const std::string push = std::string("\0\0\0\1\1", 5) + "te" + std::string(1000, 'x');
  CHECK(memory_of(*read_binary(v2, push)) >= 1000 + sizeof(client_frame));
}

TEST_CASE("frames: bytes are as long as their lengths say") {
  const std::string whole = std::string("\0\1\2\3\4", 5) + "1" + "22" + "top" + "even" + "\xff\0";
  const auto f = read_binary(v2, whole);
  REQUIRE(f.has_value());
  CHECK((f->join_ref.view() == "1" && f->ref.view() == "22" && f->topic == "top" && f->event == "even"));
  CHECK(f->body.as_binary()->bytes == "\xff");
  for (std::size_t n = 0; n < 15; ++n) CHECK(!read_binary(v2, std::string_view{whole}.substr(0, n)));
  CHECK(!read_binary(v2, std::string("\1\0\0\0\0", 5)));
  CHECK(!read_binary(v1, whole));
}

TEST_CASE("frames: replies, pushes and broadcasts are written as Phoenix writes them") {
  const payload body{json_value{json_value::object{{"a", 1}}}};
  CHECK(write_reply(v2, {"1"}, {"2"}, "t\"", {"ok", body})->bytes ==
        R"(["1","2","t\"","phx_reply",{"status":"ok","response":{"a":1}}])");
  CHECK(write_push(v2, {"1"}, {}, "t", "e", body)->bytes == R"(["1",null,"t","e",{"a":1}])");
  CHECK(write_broadcast(v2, "t", "e", body)->bytes == R"([null,null,"t","e",{"a":1}])");
  CHECK(write_push(v1, {"1"}, {"2"}, "t", "e", body)->bytes == R"({"event":"e","payload":{"a":1},"ref":"2","topic":"t"})");
  const payload bytes{binary{std::string("\0\xff", 2)}};
  CHECK(write_reply(v2, {"1"}, {"22"}, "top", {"ok", bytes})->bytes == std::string("\1\1\2\3\2"
                                                                                   "122topok\0\xff",
                                                                                   15));
  CHECK(write_push(v2, {"1"}, {}, "top", "even", bytes)->bytes == std::string("\0\1\3\4"
                                                                              "1topeven\0\xff",
                                                                              14));
  CHECK(write_broadcast(v2, "top", "even", bytes)->bytes == std::string("\2\3\4"
                                                                        "topeven\0\xff",
                                                                        12));
  CHECK(write_broadcast(v2, "top", "even", bytes)->is_binary);
}

TEST_CASE("frames: bytes with names that are too long, or for version 1, are refused where they are sent") {
  const payload bytes{binary{"x"}};
  CHECK(refuses(joist::errc::bad_argument, [&] { (void)write_push(v1, {}, {}, "t", "e", bytes); }));
  CHECK(refuses(joist::errc::bad_argument, [&] { (void)write_broadcast(v2, std::string(256, 't'), "e", bytes); }));
  CHECK(write_broadcast(v2, std::string(255, 't'), "e", bytes)->bytes.size() == 3 + 255 + 1 + 1);
}
