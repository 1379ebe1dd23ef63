#include "live/event_params.hpp"

#include <string>

#include "support/catch.hpp"

using joist::live::event_params;
using joist::live::form_params;

namespace {
std::string params(std::string_view form) { return form_params(form).to_string(); }
std::string of_message(std::string_view json) { return event_params(*joist::web::parse_json(json)).to_string(); }
}  // namespace

TEST_CASE("event params: names of forms are taken apart as Plug takes them") {
  CHECK(params("") == "{}");
  CHECK(params("a=1&b=two+words&a=3") == R"({"a":"3","b":"two words"})");
  CHECK(params("user%5Bname%5D=ann&user[tags][]=x&user[tags][]=y") == R"({"user":{"name":"ann","tags":["x","y"]}})");
  CHECK(params("a[][b]=1&a[][b]=2") == R"({"a":[{"b":"1"},{"b":"2"}]})");
  CHECK(params("a[b=1&[c]=2&d]=3&e[]f=4") == R"({"a[b":"1","[c]":"2","d]":"3","e[]f":"4"})");
  CHECK(params("a=1&a[b]=2&a[]=3") == R"({"a":["3"]})");
  std::string deep = "a";
  for (int i = 0; i < 100; ++i) deep += "[b]";
  CHECK(params(deep + "=1") == "{\"" + deep + "\":\"1\"}");
}

TEST_CASE("event params: a form brings what stands beside it, and which field it was") {
  CHECK(of_message(R"({"type":"form","event":"e","value":"user[name]=a&_unused_user[mail]=&user[mail]=",)"
                   R"("meta":{"_target":"user[name]","x":1}})") ==
        R"({"user":{"name":"a","mail":""},"_unused_user":{"mail":""},"_target":["user","name"],"x":1})");
  CHECK(of_message(R"({"type":"click","event":"e","value":{"id":"7"}})") == R"({"id":"7"})");
  CHECK(of_message(R"({"type":"click","event":"e"})") == "{}");
  CHECK(of_message(R"({"type":"form","event":"e","value":{"a":1}})") == R"({"a":1})");
  CHECK(of_message(R"([1])") == "{}");
  std::string many = R"({"type":"form","value":"","meta":{"m":0)";
  for (int i = 0; i < 1000; ++i) many += ",\"" + std::to_string(i) + "\":0";
  CHECK(event_params(*joist::web::parse_json(many + "}}")).as_object()->size() == 201);  // and _target
}
