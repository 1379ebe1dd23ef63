#include <joist/live/js.hpp>

#include <joist/live/html.hpp>

#include "live/diff.hpp"
#include "support/catch.hpp"

using joist::live::js;

namespace {
struct opened {
  int times;
};
}  // namespace

TEST_CASE("js: commands stand in their order, as the client reads them") {
  CHECK(js{}.text() == "[]");
  CHECK(js{}.toggle("#menu").push("opened").text() == R"([["toggle",{"to":"#menu"}],["push",{"event":"opened"}]])");
  CHECK(js{}.push(opened{2}, "#list").text() == R"([["push",{"event":"opened","target":"#list","value":{"times":2}}]])");
  CHECK(js{}.add_class("a  b", "p").remove_class("c").toggle_class("d").text() ==
        R"([["add_class",{"names":["a","b"],"to":"p"}],["remove_class",{"names":["c"]}],["toggle_class",{"names":["d"]}]])");
  CHECK(js{}.set_attribute("title", "\"").remove_attribute("hidden", "p").text() ==
        R"([["set_attr",{"attr":["title","\""]}],["remove_attr",{"attr":"hidden","to":"p"}]])");
  CHECK(js{}.show().hide("p").focus("p").focus_first().exec("data-x", "p").text() ==
        R"([["show",{}],["hide",{"to":"p"}],["focus",{"to":"p"}],["focus_first",{}],["exec",{"attr":"data-x","to":"p"}]])");
  CHECK(js{}.dispatch("bang", opened{1}, "p").text() == R"([["dispatch",{"event":"bang","detail":{"times":1},"to":"p"}]])");
  CHECK(js{}.patch("/a").navigate("/b").text() ==
        R"([["patch",{"href":"/a","replace":false}],["navigate",{"href":"/b","replace":false}]])");
}

TEST_CASE("js: commands fill in an attribute") {
  std::string out;
  joist::live::append_html(out, joist::live::html<"<b phx-click={}></b>">(js{}.show("#a")));
  CHECK(out == R"(<b phx-click="[[&quot;show&quot;,{&quot;to&quot;:&quot;#a&quot;}]]"></b>)");
}
