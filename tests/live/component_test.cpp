#include <joist/live/component.hpp>

#include <joist/error.hpp>
#include <joist/live/stream.hpp>

#include <functional>
#include <string>
#include <string_view>
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
using support::all_of;
using support::changes_of;

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

}  // namespace

TEST_CASE("component: is found again by its id, keeps its state, and handles its own events") {
  shown_tree t;
  support::live_client client{all_of(t, rows({"a", "b"}))};
  CHECK(client.html() ==
        R"(<ul><li phx-click="bump" phx-target="1">a: 0</li><li phx-click="bump" phx-target="2">b: 0</li></ul>)");
  const auto answer = t.components().find(2)->state->take_event("bump", *joist::web::parse_json(R"({"by":"3"})"));
  CHECK((answer.is_known && answer.errors.empty() && answer.reply->bytes() == "3"));
  const std::string diff = changes_of(t, rows({"b", "a"}));
  CHECK(diff == R"({"0":{"k":{"0":1,"1":0,"km":true,"kc":2}},"c":{"2":{"2":"3"}}})");
  client.merge(diff);
  CHECK(client.html() ==
        R"(<ul><li phx-click="bump" phx-target="2">b: 3</li><li phx-click="bump" phx-target="1">a: 0</li></ul>)");
  CHECK(changes_of(t, rows({"b", "a"})) == "{}");
}

TEST_CASE("component: of a class that the client has, it sends no texts again") {
  shown_tree t;
  support::live_client client{all_of(t, rows({"a"}))};
  const std::string diff = changes_of(t, rows({"a", "b", "c"}));
  CHECK(diff.find("\"c\":{\"2\":{") != diff.npos);
  CHECK(diff.find("<li") == diff.npos);
  client.merge(diff);
  CHECK(client.html() == R"(<ul><li phx-click="bump" phx-target="1">a: 0</li><li phx-click="bump" phx-target="2">b: 0</li>)"
                         R"(<li phx-click="bump" phx-target="3">c: 0</li></ul>)");
}

TEST_CASE(
    "component: that the client has taken from its page is gone when it says so again, unless it has been shown since") {
  shown_tree t;
  support::live_client client{all_of(t, rows({"a", "b"}))};
  client.merge(changes_of(t, rows({"b"})));
  t.components().mark_leaving(1);
  CHECK(t.components().remove(1));
  CHECK((!t.components().remove(1) && t.components().size() == 1));
  client.merge(changes_of(t, rows({"b", "a"})));  // another one of that id
  CHECK(t.components().find(3) != nullptr);
  t.components().mark_leaving(3);
  const std::string again = changes_of(t, rows({"a", "b"}));  // all of it
  CHECK(again.find("\"3\":{") != again.npos);
  client.merge(again);
  CHECK(!t.components().remove(3));
  CHECK(client.html() ==
        R"(<ul><li phx-click="bump" phx-target="3">a: 0</li><li phx-click="bump" phx-target="2">b: 0</li></ul>)");
}

namespace {

/// A list of components that the client keeps, in a component.
class box : public component<box> {
 public:
  void update(std::vector<int> more) {
    for (const int i : more) rows_.insert(i);
  }
  rendered render() const {
    return html<R"(<ul phx-update="stream">{}</ul>)">(
        each(rows_, [](std::string_view id, int i) { return joist::live::html<"<li id={}>{}</li>">(id, i); }));
  }

 private:
  joist::live::stream<int> rows_{"rows", std::identity{}};
};

}  // namespace

TEST_CASE("component: one in a stream is changed by its events, and told of alone") {
  shown_tree t;
  joist::live::stream<std::string> labels{"rows", std::identity{}};
  const auto page = [&] {
    return html<R"(<ul phx-update="stream">{}</ul>)">(
        each(labels, [](std::string_view, const std::string& l) { return html<"{}">(make_component<row>(l, l)); }));
  };
  labels.insert("a");
  (void)all_of(t, page());
  (void)t.components().find(1)->state->take_event("bump", *joist::web::parse_json("{}"));
  (void)t.components().find(1)->state->take_event("bump", *joist::web::parse_json(R"({"by":1})"));
  CHECK(changes_of(t, page()) == "{}");
  std::string apart;
  t.write_apart(1, apart);
  CHECK(apart == R"("c":{"1":{"2":"1"}})");
  apart.clear();
  t.write_apart(9, apart);
  CHECK(apart.empty());
}

TEST_CASE("component: a stream in one is not taken for that of another one of its class") {
  shown_tree t;
  support::live_client client{all_of(
      t, html<"<p>{}{}</p>">(make_component<box>("a", std::vector{1, 2}), make_component<box>("b", std::vector<int>{})))};
  CHECK(client.html() == R"(<p><ul phx-update="stream"><li id="rows-1">1</li><li id="rows-2">2</li></ul>)"
                         R"(<ul phx-update="stream"></ul></p>)");
}

TEST_CASE("component: what stands around one that has changed is shown again, too, and another root shows all again") {
  shown_tree t;
  int n = 0;
  const auto page = [&n] {
    return html<"<p>{}</p>{}">(n, html<"<section>{}</section>">(make_component<row>("a", std::to_string(n))));
  };
  support::live_client client{all_of(t, page())};
  const auto shows = [](const std::string& html, const std::string& label) {
    return html.find(label + ": 0</li>") != html.npos;
  };
  n = 1;
  client.merge(changes_of(t, page()));
  CHECK(shows(client.html(), "1"));
  client.merge(changes_of(t, html<"<h1>{}</h1>">(make_component<row>("a", std::string{"2"}))));
  CHECK((shows(client.html(), "2") && client.html().starts_with("<h1>")));
}

TEST_CASE("component: arguments are kept until it is shown, lent text too, and may be only movable") {
  shown_tree t;
  support::live_client client{all_of(t, [] {
    const std::string label = "a label that is longer than a small string is";
    return html<"<p>{}</p>">(make_component<row>("a", label.c_str()));
  }())};
  CHECK(client.html().find("a label that is longer") != std::string::npos);
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
