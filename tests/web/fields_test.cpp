#include <joist/web/fields.hpp>

#include <joist/error.hpp>

#include <random>
#include <string>
#include <utility>
#include <vector>

#include "support/catch.hpp"

using joist::web::fields;

TEST_CASE("fields: names know no case, and what was added is found as it was written") {
  fields f{{"Content-Type", "text/plain"}};
  f.add("X-Empty", "").add("x-padded", " \t both ends \t");
  CHECK(f.get("content-TYPE") == "text/plain");
  CHECK(f.find("X-EMPTY").value() == "");
  CHECK(f.get("X-Padded") == "both ends");
  CHECK_FALSE(f.contains("content"));
  CHECK(f.get("none", "otherwise") == "otherwise");
  CHECK(f.wire() == "Content-Type: text/plain\r\nX-Empty: \r\nx-padded: both ends\r\n");
}

TEST_CASE("fields: several of one name keep their order, and mean one list together") {
  fields f;
  f.add("Via", "a").add("Other", "x").add("via", "b, c");
  CHECK(f.count("VIA") == 2);
  CHECK(f.joined("Via") == "a, b, c");
  CHECK(f.joined("none").empty());
  CHECK(f.has_element("Via", "C"));
  CHECK_FALSE(f.has_element("Via", "d"));
  std::string names;
  for (const auto& [name, value] : f) names.append(name).append("=").append(value).append(";");
  CHECK(names == "Via=a;Other=x;via=b, c;");
}

TEST_CASE("fields: set takes the place of the first of that name, and the others go") {
  fields f{{"A", "1"}, {"B", "2"}, {"a", "3"}, {"C", "4"}, {"A", "5"}};
  f.set("A", "a longer one").set("D", "new");
  CHECK(f.wire() == "A: a longer one\r\nB: 2\r\nC: 4\r\nD: new\r\n");
  CHECK(f.remove("b") == 1);
  CHECK(f.remove("b") == 0);
  CHECK(f.wire() == "A: a longer one\r\nC: 4\r\nD: new\r\n");
  CHECK(f[1].value == "4");
}

TEST_CASE("fields: a value may be one of its own") {
  fields f{{"Long-Name-Of-A-Field", "the value that is copied from within, long enough not to be in place"}};
  for (int i = 0; i < 20; ++i) f.add("Copy", f.get("Long-Name-Of-A-Field"));
  f.set("Long-Name-Of-A-Field", f[20].value).set(f[1].name, f[3].value);
  f.remove(f[1].name);
  CHECK(f.size() == 1);
  CHECK(f[0].value == "the value that is copied from within, long enough not to be in place");
}

TEST_CASE("fields: what would break the header apart is refused, and nothing of it is kept") {
  fields f{{"A", "1"}};
  for (const std::string& value : {std::string{"x\r\nSet-Cookie: y"}, std::string{"x\ny"}, std::string{"x\ry"},
                                   std::string{"x\0y", 3}, std::string{"x\x7f"}, std::string{"\x01"}}) {
    CHECK_THROWS_AS(f.add("B", value), joist::error);
    CHECK_THROWS_AS(f.set("A", value), joist::error);
  }
  for (const std::string& name : {std::string{}, std::string{"a b"}, std::string{"a:"}, std::string{"a\r\nb"},
                                  std::string{"a\0", 2}, std::string{"\xc3\xa9"}, std::string{"a(b)"}, std::string{" a"}})
    CHECK_THROWS_AS(f.add(name, "x"), joist::error);
  CHECK(f.wire() == "A: 1\r\n");
  CHECK(f.add("Latin", "\xe9").get("Latin") == "\xe9");
  try {
    f.add("B", "x\r\ny");
    FAIL("no refusal");
  } catch (const joist::error& e) {
    CHECK(e.code() == joist::errc::bad_argument);
    CHECK(std::string{e.what()}.find("got \"x\\x0d\\x0ay\" for B") != std::string::npos);
  }
}

TEST_CASE("fields: any sequence of changes gives what a list of pairs gives") {
  std::mt19937 random{7};
  const auto below = [&random](unsigned n) { return static_cast<unsigned>(random() % n); };
  fields f;
  std::vector<std::pair<std::string, std::string>> model;
  for (int step = 0; step < 4000; ++step) {
    const std::string name(1 + below(3), static_cast<char>('a' + below(3)));
    const std::string value(below(40), static_cast<char>('0' + below(10)));
    const auto is_name = [&name](const auto& pair) { return pair.first == name; };
    switch (below(4)) {
      case 0: f.remove(name), std::erase_if(model, is_name); break;
      case 1: {
        f.set(name, value);
        const auto first = std::find_if(model.begin(), model.end(), is_name);
        if (first == model.end()) {
          model.emplace_back(name, value);
        } else {
          first->second = value;
          model.erase(std::remove_if(first + 1, model.end(), is_name), model.end());
        }
        break;
      }
      default: f.add(name, value), model.emplace_back(name, value);
    }
    if (model.size() > 30) f.clear(), model.clear();
    std::string wire;
    for (const auto& [n, v] : model) wire.append(n).append(": ").append(v).append("\r\n");
    REQUIRE(f.wire() == wire);
    REQUIRE(f.size() == model.size());
    REQUIRE(f.count(name) == static_cast<std::size_t>(std::count_if(model.begin(), model.end(), is_name)));
  }
}
