// live/diff.hpp: what the official client makes of it (support/live_client.hpp) is what a page would show.
#include "live/diff.hpp"

#include <joist/error.hpp>

#include <optional>
#include <string>
#include <vector>

#include "base/random.hpp"
#include "support/catch.hpp"
#include "support/live_client.hpp"

using joist::live::each;
using joist::live::html;
using joist::live::rendered;
using joist::live::shown_tree;
using joist::live::when;
using support::all_of;
using support::changes_of;

namespace {

struct item {
  int id;
  std::string name;
  bool is_done;
  std::vector<int> tags;
};

struct page {
  std::string title;
  bool has_note = false;
  std::vector<item> items;

  static rendered tag(int t) {
    return t % 3 == 0 ? html<"<i>{}</i>">(t) : html<"<b>{}</b>">(t);  // of two templates
  }
  static rendered shown(const item& i) {
    return html<"<li class={}>{}{}</li>">(i.is_done ? std::optional{"done"} : std::nullopt, i.name, each(i.tags, tag));
  }
  [[nodiscard]] rendered render() const {
    return html<"<h1>{}</h1>{}<ul>{}</ul><p>{}</p>">(title, when(has_note, [&] { return html<"<em>{}</em>">(title); }),
                                                     each(items, &item::id, shown), items.size());
  }
  [[nodiscard]] std::string html_text() const {
    std::string out;
    joist::live::append_html(out, render());
    return out;
  }
};

}  // namespace

TEST_CASE("diff: texts between slots are sent once, then only what has changed") {
  page p{"a & b", false, {{1, "x", false, {}}}};
  shown_tree t;
  CHECK(all_of(t, p.render()) ==
        R"({"0":"a &amp; b","1":"","2":{"k":{"0":{"0":"","1":"x","2":""},"kc":1},"s":0},"3":"1","s":1,)"
        R"("p":{"0":["<li",">","","</li>"],"1":["<h1>","</h1>","<ul>","</ul><p>","</p>"]}})");
  CHECK(changes_of(t, p.render()) == "{}");
  p.items[0].is_done = true;
  CHECK(changes_of(t, p.render()) == R"({"2":{"k":{"0":{"0":" class=\"done\""},"kc":1}}})");
  p.has_note = true;
  CHECK(changes_of(t, p.render()) == R"({"1":{"0":"a &amp; b","s":0},"p":{"0":["<em>","</em>"]}})");
  p.title = "c";
  CHECK(changes_of(t, p.render()) == R"({"0":"c","1":{"0":"c"}})");
  p.has_note = false;
  CHECK(changes_of(t, p.render()) == R"({"1":""})");
  p.items.clear();
  CHECK(changes_of(t, p.render()) == R"({"2":{"k":{"kc":0}},"3":"0"})");
}

TEST_CASE("diff: elements that move, come and go are told by where they were") {
  page p{"t", false, {{1, "a", false, {}}, {2, "b", false, {}}, {3, "c", false, {}}}};
  shown_tree t;
  support::live_client client{all_of(t, p.render())};
  std::swap(p.items[0], p.items[2]);
  p.items[0].name = "C";
  const std::string moved = changes_of(t, p.render());
  CHECK(moved == R"({"2":{"k":{"0":[2,{"1":"C"}],"2":0,"km":true,"kc":3}}})");
  client.merge(moved);
  p.items.erase(p.items.begin());
  const std::string gone = changes_of(t, p.render());
  CHECK(gone == R"({"2":{"k":{"0":1,"1":2,"km":true,"kc":2}},"3":"2"})");
  client.merge(gone);
  CHECK(client.html() == p.html_text());
}

TEST_CASE("diff: whatever changes, the client shows what the page is") {
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    joist::base::random dice{seed};
    int next = 0;
    page p{"start", false, {}};
    shown_tree t;
    support::live_client client{all_of(t, p.render())};
    for (int step = 0; step < 60; ++step) {
      for (std::uint32_t i = dice.below(4); i > 0; --i) {
        const bool any = !p.items.empty();
        item* const one = any ? &p.items[dice.below(static_cast<std::uint32_t>(p.items.size()))] : nullptr;
        switch (dice.below(9)) {
          case 0: p.title = std::to_string(dice.below(3)); break;
          case 1: p.has_note = !p.has_note; break;
          case 2:
          case 3:
            p.items.insert(p.items.begin() + dice.below(static_cast<std::uint32_t>(p.items.size() + 1)),
                           {next++, "new", false, {}});
            break;
          case 4:
            if (any) p.items.erase(p.items.begin() + (one - p.items.data()));
            break;
          case 5:
            if (any) std::swap(*one, p.items[dice.below(static_cast<std::uint32_t>(p.items.size()))]);
            break;
          case 6:
            if (any) one->name = "<" + std::to_string(dice.below(3));
            break;
          case 7:
            if (any) one->tags.push_back(static_cast<int>(dice.below(9)));
            break;
          case 8:
            if (any) one->tags.clear();
            break;
        }
      }
      const std::string diff = changes_of(t, p.render());
      client.merge(diff);
      INFO("seed " << seed << ", step " << step << ": " << diff);
      REQUIRE(client.html() == p.html_text());
      REQUIRE(changes_of(t, p.render()) == "{}");
    }
  }
}

TEST_CASE("diff: another template at the root is all of it again") {
  shown_tree t;
  support::live_client client{all_of(t, html<"<p>{}</p>">(1))};
  client.merge(changes_of(t, html<"<b>{}</b>">(1)));
  CHECK(client.html() == "<b>1</b>");
  client.merge(changes_of(t, rendered{}));
  CHECK(client.html().empty());
}

TEST_CASE("diff: two elements with one key are refused") {
  shown_tree t;
  const std::vector<int> same{1, 1};
  std::string out;
  CHECK_THROWS_AS(t.write_all(html<"{}">(each(same, std::identity{}, page::tag)), out), joist::error);
}
