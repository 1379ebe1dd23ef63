#include "pubsub/presence_view.hpp"

#include <string>
#include <vector>

#include "base/random.hpp"
#include "support/catch.hpp"
#include "support/colliding.hpp"

using joist::presence_list;
using joist::presence_meta;
using joist::presence_meta_ptr;
using joist::detail::diffs_of;
using joist::detail::presence_change;
using joist::detail::presence_view;

namespace {

presence_meta_ptr entry(std::uint64_t number, const std::string& key, const std::string& topic = "t") {
  presence_meta e;
  e.topic = std::make_shared<const std::string>(topic);
  e.key = key;
  e.ref = {1, number};
  return std::make_shared<const presence_meta>(std::move(e));
}

// "ann:1,3 bob:2": keys, and the numbers of their presences.
std::string text(const presence_list& list) {
  std::string all;
  for (const auto& g : list) {
    all += (all.empty() ? "" : " ") + g->key;
    for (const auto& e : g->metas) all += (e == g->metas.front() ? ':' : ',') + std::to_string(e->ref.number);
  }
  return all;
}

}  // namespace

TEST_CASE("presence_view: keys stand in the order in which they came, and so do their presences") {
  presence_view v;
  const auto ann = entry(1, "ann"), bob = entry(2, "bob"), again = entry(3, "ann"), eve = entry(4, "eve", "u");
  v.apply({{ann, bob, again, eve}, {}});
  CHECK(text(v.list("t")) == "ann:1,3 bob:2");
  CHECK(text(v.list("u")) == "eve:4");
  CHECK(v.list("v").empty());
  CHECK(v.group("t", "ann")->metas.size() == 2);
  CHECK((v.group("t", "eve") == nullptr && v.group("v", "eve") == nullptr));
  CHECK(v.topics() == std::vector<std::string>{"t", "u"});
  v.apply({{}, {ann, eve}});
  CHECK(text(v.list("t")) == "ann:3 bob:2");
  CHECK(v.topics() == std::vector<std::string>{"t"});
  v.apply({{}, {again}});
  CHECK(text(v.list("t")) == "bob:2");
}

TEST_CASE("presence_view: a key that is updated keeps its place") {
  presence_view v;
  const auto ann = entry(1, "ann"), bob = entry(2, "bob");
  v.apply({{ann, bob}, {}});
  v.apply({{entry(3, "ann")}, {ann}});
  CHECK(text(v.list("t")) == "ann:3 bob:2");
}

TEST_CASE("presence_view: a list that somebody has stays as it is, and is given again while nothing changes") {
  presence_view v;
  const auto ann = entry(1, "ann"), bob = entry(2, "bob");
  v.apply({{ann, bob}, {}});
  const auto before = v.list("t");
  CHECK(v.list("t") == before);
  v.apply({{}, {ann}});
  const auto after = v.list("t");
  CHECK(text(before) == "ann:1 bob:2");
  CHECK(text(after) == "bob:2");
  CHECK(before[1] == after[0]);  // shared
}

TEST_CASE("presence_view: however keys come and go, their order is that of their coming") {
  joist::base::random choose{3};
  for (int round = 0; round < 50; ++round) {
    presence_view v;
    std::vector<presence_meta_ptr> there;
    for (std::uint64_t n = 1; n < 120; ++n) {
      if (choose.below(2) == 0 || there.empty()) {
        there.push_back(entry(n, std::to_string(n)));
        v.apply({{there.back()}, {}});
      } else {
        const auto at = there.begin() + choose.below(static_cast<std::uint32_t>(there.size()));
        v.apply({{}, {*at}});
        there.erase(at);
      }
      const auto list = v.list("t");
      REQUIRE(list.size() == there.size());
      for (std::size_t i = 0; i < there.size(); ++i) CHECK(list[i]->metas.front() == there[i]);
    }
  }
}

TEST_CASE("diffs_of: a diff for each topic, by key, with the last word on each presence") {
  const auto ann = entry(1, "ann"), bob = entry(2, "bob"), again = entry(3, "ann"), eve = entry(4, "eve", "u");
  const auto diffs = diffs_of({{ann, true}, {eve, false}, {bob, true}, {bob, false}, {again, true}});
  REQUIRE(diffs.size() == 2);
  CHECK((diffs[0]->topic == "t" && diffs[1]->topic == "u"));
  CHECK((text(diffs[0]->joins) == "ann:1,3" && text(diffs[0]->leaves) == "bob:2"));
  CHECK((text(diffs[1]->leaves) == "eve:4" && diffs[1]->joins.empty()));
  const auto back = diffs_of({{ann, false}, {entry(1, "ann"), true}});  // as a node that is down and up again
  REQUIRE(back.size() == 1);
  CHECK((text(back[0]->joins) == "ann:1" && back[0]->leaves.empty()));
  CHECK(diffs_of({}).empty());
}

TEST_CASE("diffs_of: an update is a join of the new and a leave of the old one") {
  const auto old = entry(1, "ann"), updated = entry(2, "ann");
  const auto diffs = diffs_of({{updated, true}, {old, false}});
  REQUIRE(diffs.size() == 1);
  CHECK((text(diffs[0]->joins) == "ann:2" && text(diffs[0]->leaves) == "ann:1"));
}

TEST_CASE("presence_view: keys and topics that were chosen for their hashes take no longer than others") {
  const auto seconds_of = [](const std::vector<std::string>& texts) {
    return support::cpu_seconds([&texts] {
      presence_view v;
      joist::detail::presence_changes keys, topics;
      std::vector<presence_change> changes;
      std::uint64_t number = 0;
      for (const std::string& text : texts) {
        keys.joins.push_back(entry(++number, text));
        topics.joins.push_back(entry(++number, "k", text));
        changes.push_back({keys.joins.back(), true});
        changes.push_back({topics.joins.back(), true});
      }
      v.apply(keys);
      v.apply(topics);
      CHECK((v.list("t").size() == texts.size() && v.topics().size() == texts.size() + 1));
      CHECK(diffs_of(changes).size() == texts.size() + 1);
    });
  };
  constexpr std::size_t count = 10'000;
  (void)seconds_of(support::any_texts(count));
  CHECK(seconds_of(support::colliding_texts(count)) < 5 * seconds_of(support::any_texts(count)));
}
