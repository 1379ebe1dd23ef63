#include <joist/web/form.hpp>

#include <string>

#include "support/catch.hpp"

using joist::web::form_values;
using joist::web::parse_form;

TEST_CASE("form: a plus is a blank, and what is encoded is decoded") {
  const form_values form = parse_form("a=1&b=two+words&c=%26%3D%2b&%64=e");
  CHECK(form == form_values{{"a", "1"}, {"b", "two words"}, {"c", "&=+"}, {"d", "e"}});
  CHECK(form.get("b") == "two words");
  CHECK(form.get("none", "x") == "x");
  CHECK_FALSE(form.contains("A"));
}

TEST_CASE("form: values may be missing, empty, doubled, or no encoding") {
  CHECK(parse_form("") == form_values{});
  CHECK(parse_form("&&") == form_values{});
  CHECK(parse_form("a&=b&c=&d=e=f") == form_values{{"a", ""}, {"", "b"}, {"c", ""}, {"d", "e=f"}});
  CHECK(parse_form("a=%&b=%4&c=%zz&d=%%41") == form_values{{"a", "%"}, {"b", "%4"}, {"c", "%zz"}, {"d", "%A"}});
  const form_values several = parse_form("x=1&y=2&x=3");
  CHECK(several.all("x").size() == 2);
  CHECK(several.all("x")[1] == "3");
}

TEST_CASE("form: what to_string gives, parse_form takes") {
  const form_values form{{"a b", "&=%+"}, {"", ""}, {"\xff", std::string{"\0", 1}}};
  CHECK(parse_form(form.to_string()) == form);
}

TEST_CASE("form: takes no more values than it was told") {
  std::string many;
  for (int i = 0; i < 5000; ++i) many += "a=1&";
  CHECK(parse_form(many).size() == 1000);
  CHECK(parse_form(many, 3).size() == 3);
}
