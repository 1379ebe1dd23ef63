#include <joist/live/component.hpp>

#include <joist/error.hpp>

#include <string>
#include <vector>

#include "live/diff.hpp"
#include "support/catch.hpp"
#include "support/live_client.hpp"

using joist::live::component;
using joist::live::each;
using joist::live::html;
using joist::live::make_component;
using joist::live::rendered;
using joist::live::shown_tree;
using joist::web::json_value;

namespace {

class row : public component<row> {
 public:
  struct bump {
    int by = 1;
  };
  using events = joist::type_list<bump>;
  void update(std::string label) { label_ = std::move(label); }
  int handle_event(const bump& b) { return count_ += b.by; }
  rendered render() const { return html<R"(<li phx-click="bump" phx-target={}>{}: {}</li>)">(myself(), label_, count_); }

 private:
  std::string label_;
  int count_ = 0;
};

class rootless : public component<rootless> {
 public:
  rendered render() const { return html<"a<b>b</b>">(); }
};

rendered rows(const std::vector<std::string>& labels) {
  return html<"<ul>{}</ul>">(
      each(labels, std::identity{}, [](const std::string& l) { return html<"{}">(make_component<row>(l, l)); }));
}

std::string changes(shown_tree& t, rendered now) {
  std::string out = "{";
  t.write_changes(std::move(now), out);
  return out + "}";
}
std::string all(shown_tree& t, rendered now) {
  std::string out = "{";
  t.write_all(std::move(now), out);
  return out + "}";
}

}  // namespace

TEST_CASE("component: is found again by its id, keeps its state, and handles its own events") {
  shown_tree t;
  support::live_client client{all(t, rows({"a", "b"}))};
  CHECK(client.html() ==
        R"(<ul><li phx-click="bump" phx-target="1">a: 0</li><li phx-click="bump" phx-target="2">b: 0</li></ul>)");
  const auto answer = t.components().find(2)->state->take_event("bump", *joist::web::parse_json(R"({"by":"3"})"));
  CHECK((answer.is_known && answer.errors.empty() && answer.reply->bytes() == "3"));
  const std::string diff = changes(t, rows({"b", "a"}));
  CHECK(diff == R"({"0":{"k":{"0":1,"1":0,"km":true,"kc":2}},"c":{"2":{"2":"3"}}})");
  client.merge(diff);
  CHECK(client.html() ==
        R"(<ul><li phx-click="bump" phx-target="2">b: 3</li><li phx-click="bump" phx-target="1">a: 0</li></ul>)");
  CHECK(changes(t, rows({"b", "a"})) == "{}");
}

TEST_CASE("component: of a class that the client has, it sends no texts again") {
  shown_tree t;
  support::live_client client{all(t, rows({"a"}))};
  const std::string diff = changes(t, rows({"a", "b", "c"}));
  CHECK(diff.find("\"c\":{\"2\":{") != diff.npos);
  CHECK(diff.find("<li") == diff.npos);
  client.merge(diff);
  CHECK(client.html() == R"(<ul><li phx-click="bump" phx-target="1">a: 0</li><li phx-click="bump" phx-target="2">b: 0</li>)"
                         R"(<li phx-click="bump" phx-target="3">c: 0</li></ul>)");
}

TEST_CASE(
    "component: that the client has taken from its page is gone when it says so again, unless it has been shown since") {
  shown_tree t;
  support::live_client client{all(t, rows({"a", "b"}))};
  client.merge(changes(t, rows({"b"})));
  t.components().mark_leaving(1);
  CHECK(t.components().remove(1));
  CHECK((!t.components().remove(1) && t.components().size() == 1));
  client.merge(changes(t, rows({"b", "a"})));  // another one of that id
  CHECK(t.components().find(3) != nullptr);
  t.components().mark_leaving(3);
  const std::string again = changes(t, rows({"a", "b"}));  // all of it
  CHECK(again.find("\"3\":{") != again.npos);
  client.merge(again);
  CHECK(!t.components().remove(3));
  CHECK(client.html() ==
        R"(<ul><li phx-click="bump" phx-target="3">a: 0</li><li phx-click="bump" phx-target="2">b: 0</li></ul>)");
}

TEST_CASE("component: an id that is twice on a page, and one without a root, are refused") {
  shown_tree t;
  std::string out;
  const auto twice = [] { return html<"<p>{}{}</p>">(make_component<row>("a", "1"), make_component<row>("a", "2")); };
  CHECK_THROWS_AS(t.write_all(twice(), out), joist::error);
  CHECK_THROWS_AS(t.write_all(html<"<p>{}</p>">(make_component<rootless>("a")), out), joist::error);
}

TEST_CASE("component: events that it does not know, and values that are none, are told apart") {
  row r;
  CHECK(!r.take_event("dance", json_value{}).is_known);
  const auto bad = r.take_event("bump", *joist::web::parse_json(R"({"by":"many"})"));
  CHECK((bad.is_known && bad.errors.size() == 1 && bad.errors[0].pointer == "/by"));
}
