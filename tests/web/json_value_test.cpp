#include <joist/web/json_value.hpp>

#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <string>

#include "support/catch.hpp"
#include "support/colliding.hpp"

using joist::web::json_value;
using joist::web::parse_json;
using array = json_value::array;
using object = json_value::object;

namespace {

std::string again(std::string_view text) {
  const auto v = parse_json(text);
  return v ? v->to_string() : v.error().what;
}

json_value any_value(std::mt19937_64& random, int depth) {
  switch (random() % (depth > 3 ? 6 : 8)) {
    case 0: return nullptr;
    case 1: return random() % 2 == 0;
    case 2: return static_cast<std::int64_t>(random());
    case 3: return static_cast<std::uint64_t>(random());
    case 4: {
      const double d =
          std::ldexp(static_cast<double>(static_cast<std::int64_t>(random())), static_cast<int>(random() % 900) - 500);
      return d;
    }
    case 5: {
      std::string text;
      for (auto n = random() % 8; n > 0; --n)
        text += random() % 3 == 0 ? std::string{"\xf0\x9f\x98\x80"} : std::string(1, static_cast<char>(random() % 128));
      return text;
    }
    case 6: {
      array all;
      for (auto n = random() % 5; n > 0; --n) all.push_back(any_value(random, depth + 1));
      return all;
    }
    default: {
      object all;
      for (auto n = random() % 12; n > 0; --n) all.push_back({"name" + std::to_string(n), any_value(random, depth + 1)});
      return all;
    }
  }
}

}  // namespace

TEST_CASE("json_value: what is read is written as it was") {
  for (const char* text :
       {"null", "true", "false", "0", "-1", "9223372036854775807", "18446744073709551615", "-9223372036854775808", "1.5",
        "-0.0", "1e+300", "\"\"", "\"a\\\"b\\\\c\\n\\u0001\"", "[]", "{}", "[1,[2,[3]],\"x\",null]",
        "{\"a\":{\"b\":[true]},\"c\":\"\"}", "\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\""}) {
    INFO(text);
    CHECK(again(text) == text);
  }
  CHECK(again(" [ 1 , 2 ]\n") == "[1,2]");
  CHECK(again("\"\\u00e9\\ud83d\\ude00\\/\"") == "\"\xc3\xa9\xf0\x9f\x98\x80/\"");
  CHECK(again("1E2") == "100.0");
  CHECK(again("0.1") == "0.1");
  CHECK(again("18446744073709551616") == "18446744073709551616.0");
  CHECK(again("1e-999") == "0.0");
  CHECK(again("-0." + std::string(400, '0') + "1") == "0.0");
  CHECK_FALSE(parse_json(std::string(400, '1') + "e-1").has_value());
  CHECK(again(std::string(400, '1') + "e-399") == "1.1111111111111112");
  CHECK(again("1e-99999999999999999999") == "0.0");
  CHECK_FALSE(parse_json("1e99999999999999999999").has_value());
}

TEST_CASE("json_value: any value is the same after it was written and read") {
  std::mt19937_64 random{9};
  for (int i = 0; i < 2000; ++i) {
    const json_value v = any_value(random, 0);
    INFO(v.to_string());
    const auto read = parse_json(v.to_string());
    REQUIRE(read.has_value());
    CHECK(*read == v);
  }
}

TEST_CASE("json_value: what is no JSON is refused, with the place and what was expected") {
  CHECK(again("[1,]") == "at byte 3: expected a value");
  CHECK(again("[1 2]") == "at byte 3: expected a comma or ]");
  CHECK(again("{\"a\" 1}") == "at byte 5: expected a colon");
  CHECK(again("{\"a\":1,\"a\":2}") == "at byte 13: expected each name once in an object");
  for (const std::string& text : {std::string{""},
                                  std::string{" "},
                                  std::string{"nul"},
                                  std::string{"True"},
                                  std::string{"01"},
                                  std::string{"-"},
                                  std::string{"+1"},
                                  std::string{"1."},
                                  std::string{".5"},
                                  std::string{"1e"},
                                  std::string{"1e+"},
                                  std::string{"0x1"},
                                  std::string{"1 2"},
                                  std::string{"NaN"},
                                  std::string{"Infinity"},
                                  std::string{"1e999"},
                                  std::string{"["},
                                  std::string{"]"},
                                  std::string{"[1"},
                                  std::string{"[,1]"},
                                  std::string{"{"},
                                  std::string{"{a:1}"},
                                  std::string{"{\"a\":1,}"},
                                  std::string{"{1:2}"},
                                  std::string{"\""},
                                  std::string{"\"a"},
                                  std::string{"'a'"},
                                  std::string{"\"\\x\""},
                                  std::string{"\"\\u12\""},
                                  std::string{"\"\\u12g4\""},
                                  std::string{"\"\\ud800\""},
                                  std::string{"\"\\udc00\""},
                                  std::string{"\"\\ud800\\u0041\""},
                                  std::string{"\"\n\""},
                                  std::string{"\"\0\"", 3},
                                  std::string{"\"\xff\""},
                                  std::string{"\"\xc0\x80\""},
                                  std::string{"\"\xed\xa0\x80\""},
                                  std::string{"\"\xf4\x90\x80\x80\""},
                                  std::string{"\"\xe2\x82\""},
                                  std::string{"// x\n1"},
                                  std::string{"[1]x"},
                                  std::string{"\xef\xbb\xbf[]"},
                                  std::string{"-\"\""},
                                  std::string{"--1"}}) {
    INFO(text);
    CHECK_FALSE(parse_json(text).has_value());
  }
}

TEST_CASE("json_value: depth and number of values have limits") {
  const auto nested = [](std::size_t n) { return std::string(n, '[') + std::string(n, ']'); };
  CHECK(parse_json(nested(32)).has_value());
  CHECK(parse_json(nested(33)).error().what == "at byte 32: expected at most 32 levels");
  CHECK_FALSE(parse_json(std::string(1'000'000, '[')).has_value());
  CHECK(parse_json("[1,2,3]", {.values = 4}).has_value());
  CHECK_FALSE(parse_json("[1,2,3]", {.values = 3}).has_value());
}

TEST_CASE("json_value: names that were chosen for their hashes take no longer to read than others, and are compared") {
  const auto object_of = [](const std::vector<std::string>& names) {
    std::string text = "{";
    for (const std::string& name : names) text += (text.size() > 1 ? ",\"" : "\"") + name + "\":0";
    return text + "}";
  };
  constexpr std::size_t count = 20'000;
  std::vector<std::string> chosen = support::colliding_texts(count);
  const std::string hostile = object_of(chosen), usual = object_of(support::any_texts(count));
  const auto seconds_of = [](const std::string& text) {
    return support::cpu_seconds([&text] { CHECK(parse_json(text).has_value()); });
  };
  (void)seconds_of(usual);
  CHECK(seconds_of(hostile) < 10 * seconds_of(usual));
  chosen.push_back(chosen[count / 2]);
  CHECK(parse_json(object_of(chosen)).error().what.find("each name once") != std::string::npos);
}

TEST_CASE("json_value: is looked into without an error") {
  const json_value v = *parse_json(R"({"a":1,"b":[true,"x",2.5,18446744073709551615],"c":null})");
  CHECK(*v.find("a")->as_int64() == 1);
  CHECK(v.find("z") == nullptr);
  const array& b = *v.find("b")->as_array();
  CHECK(*b[0].as_bool());
  CHECK(*b[1].as_string() == "x");
  CHECK(*b[2].as_double() == 2.5);
  CHECK(*b[3].as_uint64() == std::numeric_limits<std::uint64_t>::max());
  CHECK(b[0].as_string() == nullptr);
  CHECK(b[0].find("x") == nullptr);
  CHECK(v.find("c")->is_null());
  CHECK(v.kind() == "an object");
}

TEST_CASE("json_value: an error says its place, where it has one") {
  CHECK(joist::web::json_error{"/users/0", "expected a string"}.to_string() == "/users/0: expected a string");
  CHECK(joist::web::json_error{"", "expected an object"}.to_string() == "expected an object");
}

TEST_CASE("json_value: what JSON cannot hold is written as what it can") {
  CHECK(json_value{std::numeric_limits<double>::infinity()}.to_string() == "null");
  CHECK(json_value{std::nan("")}.to_string() == "null");
  CHECK(json_value{"a\xff"
                   "b\xe2\x82"}
            .to_string() ==
        "\"a\xef\xbf\xbd"
        "b\xef\xbf\xbd\xef\xbf\xbd\"");
  CHECK(json_value{array{1, "two", nullptr, 2.0, 3U}}.to_string() == "[1,\"two\",null,2.0,3]");
  CHECK(json_value{std::uint64_t{7}} == json_value{7});
}
