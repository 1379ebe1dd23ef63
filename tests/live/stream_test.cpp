#include <joist/live/stream.hpp>

#include <string>

#include "live/diff.hpp"
#include "support/catch.hpp"

using joist::live::html;
using joist::live::shown_tree;
using joist::live::stream;

namespace {

struct message {
  int id;
  std::string text;
};

struct room {
  stream<message> said{"said", &message::id};
  joist::live::rendered render() const {
    return html<R"(<ul id="said" phx-update="stream">{}</ul>)">(
        each(said, [](std::string_view id, const message& m) { return html<"<li id={}>{}</li>">(id, m.text); }));
  }
  std::string all() {
    std::string out;
    tree.write_all(render(), out);
    return out;
  }
  std::string changes() {
    std::string out;
    tree.write_changes(render(), out);
    return out;
  }
  shown_tree tree;
};

}  // namespace

TEST_CASE("stream: elements go to the client once, with where they are to be, and are forgotten") {
  room r;
  CHECK(r.all() == R"("0":"","s":0,"p":{"0":["<ul id=\"said\" phx-update=\"stream\">","</ul>"]})");
  r.said.insert({1, "a"});
  r.said.insert({2, "<b>"}, {.at = 0, .limit = -5});
  CHECK(r.changes() == R"("0":{"k":{"0":{"0":" id=\"said-1\"","1":"a"},"1":{"0":" id=\"said-2\"","1":"&lt;b&gt;"},"kc":2},)"
                       R"("s":0,"stream":["said",[["said-1",-1,null,false],["said-2",0,-5,false]],[]]},)"
                       R"("p":{"0":["<li",">","</li>"]})");
  CHECK(r.changes().empty());
  r.said.insert({1, "c"}, {.update_only = true});
  CHECK(r.changes() ==
        R"("0":{"k":{"0":{"0":" id=\"said-1\"","1":"c"},"kc":1},"stream":["said",[["said-1",-1,null,true]],[]]})");
  CHECK(r.changes().empty());
}

TEST_CASE("stream: removed and reset, with what has been inserted since, in one message") {
  room r;
  r.said.insert({1, "a"});
  (void)r.all();
  r.said.insert({2, "b"});
  r.said.remove({2, ""});
  r.said.remove_key("1");
  CHECK(r.changes() == R"("0":{"k":{"kc":0},"stream":["said",[],["said-2","said-1"]]})");
  r.said.insert({3, "c"});
  r.said.reset({{4, "d"}});
  CHECK(r.changes() ==
        R"("0":{"k":{"0":{"0":" id=\"said-4\"","1":"d"},"kc":1},"stream":["said",[["said-4",-1,null,false]],[],true]})");
  r.said.reset();
  CHECK(r.changes() == R"("0":{"k":{"kc":0},"stream":["said",[],[],true]})");
  r.said.insert({5, "e"});
  r.said.insert({5, "f"});
  CHECK(r.changes() ==
        R"("0":{"k":{"0":{"0":" id=\"said-5\"","1":"f"},"kc":1},"stream":["said",[["said-5",-1,null,false]],[]]})");
}
