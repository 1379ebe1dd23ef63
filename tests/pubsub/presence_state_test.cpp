#include "pubsub/presence_state.hpp"

#include <algorithm>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/random.hpp"
#include "support/catch.hpp"

using joist::presence_meta_ptr;
using joist::presence_ref;
using joist::detail::clock_set;
using joist::detail::in_pieces;
using joist::detail::presence_changes;
using joist::detail::presence_part;
using joist::detail::presence_state;
using joist::detail::replica_id;

namespace {

using choices = joist::base::random;

std::shared_ptr<const std::string> topic(const char* name = "t") { return std::make_shared<const std::string>(name); }

using shown = std::set<std::string>;
std::string shown_as(const presence_meta_ptr& e) { return e->key + '=' + e->meta; }

// A node, and what those who watch it have been told: joins and leaves take turns.
struct node {
  explicit node(std::string name, std::uint64_t incarnation = 1) : state{{std::move(name), incarnation}} {}

  void watch(const presence_changes& c) {
    for (const auto& e : c.joins) CHECK(told.emplace(e->ref, e).second);
    for (const auto& e : c.leaves) CHECK(told.erase(e->ref) == 1);
  }
  void join(const std::string& key, std::uint64_t process = 1, const std::string& meta = "0") {
    watch({{state.join(topic(), key, process, meta)}, {}});
  }
  void update(const std::string& key, const std::string& meta, std::uint64_t process = 1) {
    const auto found = state.find(process, "t", key);
    watch({{state.update(found, meta)}, {found}});
  }
  void leave(const std::string& key, std::uint64_t process = 1) {
    const auto found = state.find(process, "t", key);
    state.leave(found);
    watch({{}, {found}});
  }
  void hear(const node& of, const presence_part& part) {
    watch(state.up(of.state.own()));
    watch(state.merge(of.state.own(), part));
  }
  [[nodiscard]] bool lacks(const node& of) const {
    const auto* known = state.find(of.state.own());
    return known == nullptr || !known->seen.contains(1, of.state.clock());
  }
  void ask(const node& of) {
    watch(state.up(of.state.own()));
    if (!lacks(of)) return;
    watch(state.merge(of.state.own(), of.state.missing(state.find(of.state.own())->seen)));
  }
  [[nodiscard]] shown sees() const {
    shown s;
    for (const auto& [ref, e] : told) s.insert(shown_as(e));
    return s;
  }

  presence_state state;
  std::map<presence_ref, presence_meta_ptr> told;
};

/// A history of one node, as the deltas after each step, and what is there at its end.
struct history {
  node of{"a"};
  std::vector<presence_part> deltas;
};
enum class step { join, update, leave };
void act(node& n, step s, choices& choose) {
  const std::uint64_t process = 1 + choose.below(2);
  const std::string key(1, static_cast<char>('k' + choose.below(3)));
  const auto found = n.state.find(process, "t", key);
  if (s == step::join && found == nullptr) n.join(key, process, std::to_string(choose.below(100)));
  if (s == step::update && found != nullptr) n.update(key, std::to_string(choose.below(100)), process);
  if (s == step::leave && found != nullptr) n.leave(key, process);
}
history some_history(std::uint64_t seed, int deltas) {
  choices choose{seed};
  history h;
  while (static_cast<int>(h.deltas.size()) < deltas) {
    for (std::uint32_t n = 1 + choose.below(3); n > 0; --n) act(h.of, static_cast<step>(choose.below(3)), choose);
    if (h.of.state.has_delta()) h.deltas.push_back(h.of.state.take_delta());
  }
  return h;
}

}  // namespace

TEST_CASE("presence_state: who joins, is updated and leaves does so where the deltas are merged") {
  node a{"a"}, b{"b"};
  a.join("ann");
  a.join("bob", 2);
  b.hear(a, a.state.take_delta());
  CHECK(b.sees() == shown{"ann=0", "bob=0"});
  a.update("ann", "1");
  a.leave("bob", 2);
  CHECK(a.state.find(1, "t", "ann")->previous.number == 1);
  b.hear(a, a.state.take_delta());
  CHECK(b.sees() == shown{"ann=1"});
  CHECK(!a.state.has_delta());
  CHECK(!b.lacks(a));
}

TEST_CASE("presence_state: what joins and leaves between two deltas is in none, and is seen all the same") {
  node a{"a"}, b{"b"};
  a.join("ann");
  a.leave("ann");
  const presence_part delta = a.state.take_delta();
  CHECK(delta.entries.empty());
  b.hear(a, delta);
  CHECK((b.sees().empty() && !b.lacks(a)));
}

TEST_CASE("presence_state: a process leaves with all that it has") {
  node a{"a"};
  a.join("ann");
  a.join("bob");
  a.join("eve", 2);
  a.watch({{}, a.state.leave(1)});
  CHECK(a.sees() == shown{"eve=0"});
  CHECK(a.state.leave(1).empty());
  CHECK((!a.state.has(1) && a.state.processes() == std::vector<std::uint64_t>{2}));
}

TEST_CASE("presence_state: a delta that was lost is missed, a removal too, and asked for") {
  node a{"a"}, b{"b"};
  a.join("ann");
  a.join("bob");
  b.hear(a, a.state.take_delta());
  a.leave("ann");
  (void)a.state.take_delta();
  CHECK(b.lacks(a));
  a.join("eve");
  b.hear(a, a.state.take_delta());
  CHECK(b.lacks(a));
  CHECK(b.sees() == shown{"ann=0", "bob=0", "eve=0"});
  const presence_part missing = a.state.missing(b.state.find(a.state.own())->seen);
  CHECK(missing.entries.empty());  // it has them all
  b.ask(a);
  CHECK(b.sees() == a.sees());
  CHECK(!b.lacks(a));
}

TEST_CASE("presence_state: an update that was lost is missed, though what it made has been removed since") {
  node a{"a"}, b{"b"};
  a.join("ann");
  b.hear(a, a.state.take_delta());
  a.update("ann", "1");
  (void)a.state.take_delta();
  a.update("ann", "2");
  b.hear(a, a.state.take_delta());
  CHECK(b.lacks(a));
  b.ask(a);
  CHECK(b.sees() == shown{"ann=2"});
}

TEST_CASE("presence_state: a delta that has not left is in the next one") {
  node a{"a"}, b{"b"};
  a.join("ann");
  b.hear(a, a.state.take_delta());
  a.leave("ann");
  a.join("bob");
  const clock_set numbers = a.state.take_delta().seen;
  a.leave("bob");
  a.join("eve");
  a.state.put_back(numbers);
  b.hear(a, a.state.take_delta());
  CHECK(b.sees() == shown{"eve=0"});
  CHECK(!b.lacks(a));
}

TEST_CASE("presence_state: deltas may come in any order, lost, or twice: asked for the rest it is all the same") {
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    const history h = some_history(seed, 4);
    std::vector<std::size_t> order{0, 1, 2, 3};
    do {
      for (unsigned chosen = 0; chosen < 16; ++chosen) {
        node b{"b"};
        for (const int twice : {0, 1})
          for (const std::size_t i : order)
            if ((chosen >> i & 1) != 0 && (twice == 0 || i < 2)) b.hear(h.of, h.deltas[i]);
        CHECK((chosen == 15 ? !b.lacks(h.of) : true));
        b.ask(h.of);
        CHECK(b.sees() == h.of.sees());
        CHECK(!b.lacks(h.of));
      }
    } while (std::next_permutation(order.begin(), order.end()));
  }
}

TEST_CASE("presence_state: all deltas, in whatever order, are the whole") {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    const history h = some_history(seed, 5);
    std::vector<std::size_t> order{0, 1, 2, 3, 4};
    do {
      node b{"b"};
      for (const std::size_t i : order) b.hear(h.of, h.deltas[i]);
      CHECK(b.sees() == h.of.sees());
      CHECK(!b.lacks(h.of));
    } while (std::next_permutation(order.begin(), order.end()));
  }
}

TEST_CASE("presence_state: what is cut into pieces says the same, in any order, also to who has some of it") {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    choices choose{seed};
    const history h = some_history(seed, 6);
    node b{"b"};
    for (const auto& d : h.deltas)
      if (choose.below(2) == 0) b.hear(h.of, d);
    b.watch(b.state.up(h.of.state.own()));
    auto pieces = in_pieces(h.of.state.missing(b.state.find(h.of.state.own())->seen), {1, 1000});
    std::reverse(pieces.begin(), pieces.end());
    for (const auto& p : pieces) {
      CHECK(p.entries.size() <= 1);
      b.hear(h.of, p);
    }
    CHECK(b.sees() == h.of.sees());
    CHECK(!b.lacks(h.of));
  }
  node a{"a"};
  for (int i = 0; i < 10; ++i) a.join(std::to_string(i), 1, std::string(100, 'm'));
  CHECK(in_pieces(a.state.take_delta(), {1000, 250}).size() == 4);
  CHECK(in_pieces({}, {}).size() == 1);
}

TEST_CASE("presence_state: an answer to somebody else does no harm: what is kept there is asked for here") {
  node a{"a"}, b{"b"}, c{"c"};
  a.join("ann");
  b.ask(a);
  a.join("bob");
  const presence_part for_b = a.state.missing(b.state.find(a.state.own())->seen);
  CHECK((for_b.entries.size() == 1 && for_b.kept.contains(1)));
  c.hear(a, for_b);
  CHECK(c.sees() == shown{"bob=0"});
  CHECK(c.lacks(a));
  c.ask(a);
  CHECK(c.sees() == a.sees());
}

TEST_CASE("presence_state: an old whole says nothing of what is newer") {
  node a{"a"}, b{"b"};
  a.join("ann");
  const presence_part old = a.state.missing({});
  a.leave("ann");
  a.join("bob");
  b.ask(a);
  b.hear(a, old);
  CHECK(b.sees() == shown{"bob=0"});
}

TEST_CASE(
    "presence_state: who is on a node that is down is hidden, and what changes there meanwhile is seen when it is up") {
  node a{"a"}, b{"b"};
  a.join("ann");
  a.join("bob");
  b.ask(a);
  b.watch(b.state.down("a"));
  b.watch(b.state.down("a"));
  CHECK(b.sees().empty());
  a.leave("bob");
  a.join("eve");
  b.watch(b.state.merge(a.state.own(), a.state.missing(b.state.find(a.state.own())->seen)));
  CHECK(b.sees().empty());
  b.watch(b.state.up(a.state.own()));
  CHECK(b.sees() == a.sees());
}

TEST_CASE("presence_state: another incarnation is another node, and the one before is gone") {
  node a{"a", 1}, again{"a", 2}, b{"b"};
  a.join("ann");
  b.ask(a);
  again.join("bob");
  b.hear(again, again.state.take_delta());
  CHECK(b.sees() == shown{"bob=0"});
  b.watch(b.state.merge(a.state.own(), a.state.missing({})));  // late
  CHECK(b.sees() == shown{"bob=0"});
  b.watch(b.state.remove("a"));
  b.watch(b.state.remove("a"));
  CHECK((b.sees().empty() && b.state.remotes().empty()));
  CHECK(a.state.own().origin() != again.state.own().origin());
}

TEST_CASE("presence_state: a name and an incarnation that cancel each other make no other node's refs") {
  CHECK(replica_id{"a", 7}.origin() != replica_id{"\a", 'a'}.origin());
  CHECK(replica_id{"a", 'a'}.origin() != replica_id{"b", 'b'}.origin());
}

TEST_CASE("presence_state: what a node says of one that is not known is not heard") {
  node a{"a"}, b{"b"};
  a.join("ann");
  b.watch(b.state.merge(a.state.own(), a.state.missing({})));
  CHECK((b.sees().empty() && b.state.remotes().empty()));
}

TEST_CASE("presence_ref: two have two texts, of letters and digits") {
  std::set<std::string> texts;
  for (const std::uint64_t origin : {std::uint64_t{0}, std::uint64_t{1}, ~std::uint64_t{0}})
    for (std::uint64_t number = 1; number < 5000; ++number) texts.insert(presence_ref{origin, number}.to_string());
  CHECK(texts.size() == std::size_t{3} * 4999);
  CHECK((presence_ref{7, 1}.to_string().size() == 12 && presence_ref{7, (1 << 24) - 1}.to_string().size() == 15));
  CHECK((!presence_ref{} && presence_ref{0, 1}));
}

TEST_CASE("presence_state: nodes that lose, double and delay what they tell each other agree once they hear each other") {
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    choices choose{seed};
    std::vector<node> nodes;
    for (const char* name : {"a", "b", "c"}) nodes.emplace_back(name);
    struct letter {
      std::size_t from, to;
      presence_part part;
    };
    std::deque<letter> on_the_way;
    const auto deliver = [&](std::size_t at) {
      const letter& l = on_the_way[at];
      nodes[l.to].hear(nodes[l.from], l.part);
    };
    for (int i = 0; i < 150; ++i) {
      const std::size_t who = choose.below(3), other = (who + 1 + choose.below(2)) % 3;
      switch (choose.below(6)) {
        case 0:
        case 1: act(nodes[who], static_cast<step>(choose.below(3)), choose); break;
        case 2:
          if (const presence_part delta = nodes[who].state.take_delta(); true)
            for (const std::size_t to : {(who + 1) % 3, (who + 2) % 3})
              if (choose.below(4) > 0) on_the_way.push_back({who, to, delta});
          break;
        case 3:
          if (const auto* known = nodes[other].state.find(nodes[who].state.own()); known != nullptr)
            for (auto& p : in_pieces(nodes[who].state.missing(known->seen), {2, 1000}))
              on_the_way.push_back({who, other, std::move(p)});
          break;
        case 4:
          if (!on_the_way.empty()) {
            const std::size_t at = choose.below(static_cast<std::uint32_t>(on_the_way.size()));
            deliver(at);
            if (choose.below(3) > 0) on_the_way.erase(on_the_way.begin() + static_cast<std::ptrdiff_t>(at));
          }
          break;
        default: nodes[other].watch(nodes[other].state.down(nodes[who].state.own().name));
      }
    }
    for (std::size_t at = 0; at < on_the_way.size(); ++at) deliver(at);
    for (node& n : nodes)
      for (const node& of : nodes)
        if (&n != &of) n.ask(of);
    shown there;
    for (const node& n : nodes)
      for (const auto& [ref, e] : n.told)
        if (ref.origin == n.state.own().origin()) there.insert(shown_as(e));
    for (const node& n : nodes) CHECK(n.sees() == there);
  }
}
