// core/link_end.hpp: the protocol of links, in all interleavings of a few calls at both ends.
#include "core/link_end.hpp"

#include <array>
#include <deque>
#include <set>
#include <string>
#include <tuple>
#include <utility>

#include "support/catch.hpp"

using joist::core::link_end;

namespace {

// What is on its way to one end: l link, u unlink, a acknowledgement, x exit.
using way = std::string;

struct side {
  link_end end;
  way in;
  int calls_left = 0;
  char last_call = '-';
  bool dead = false;
  bool ever_unlinked = false;
  // of the other's end
  int exits_since_link = 0;
  int exits_after_unlink = 0;
  bool unlinked = false;  // by a signal, since which neither we linked nor the other after it had seen it

  auto operator<=>(const side&) const = default;
};

struct world {
  std::array<side, 2> sides;
  auto operator<=>(const world&) const = default;
  [[nodiscard]] bool is_quiet() const { return sides[0].in.empty() && sides[1].in.empty(); }
};

void call_link(side& me, side& other) {
  me.last_call = 'l';
  me.exits_since_link = 0;
  me.unlinked = false;
  if (me.in.find('u') == way::npos) other.unlinked = false;
  if (me.end.link()) other.in += 'l';
}

void call_unlink(side& me, side& other) {
  me.last_call = 'u';
  me.ever_unlinked = true;
  if (!me.end.unlink()) return;
  me.unlinked = true;
  other.in += 'u';
}

void die(side& me, side& other) {
  me.dead = true;
  me.calls_left = 0;
  if (me.end.is_active()) other.in += 'x';
}

void take_one(side& me, side& other) {
  const char signal = me.in.front();
  me.in.erase(0, 1);
  if (signal == 'u') other.in += 'a';
  if (me.dead) {
    if (signal == 'l') other.in += 'x';
    return;
  }
  switch (signal) {
    case 'l': return me.end.link_came();
    case 'u': return me.end.unlink_came();
    case 'a': return me.end.acknowledged();
    default: break;
  }
  if (!me.end.exit_came()) return;
  ++me.exits_since_link;
  if (me.unlinked) ++me.exits_after_unlink;
}

// All worlds that follow from `w` by one call, or by one signal that is acted on.
std::deque<world> next_of(const world& w, bool with_deaths) {
  std::deque<world> all;
  const auto add = [&](std::size_t i, auto act) {
    world next = w;
    act(next.sides[i], next.sides[1 - i]);
    all.push_back(std::move(next));
  };
  for (std::size_t i = 0; i < 2; ++i) {
    const side& s = w.sides[i];
    if (s.calls_left > 0) {
      for (auto* call : {&call_link, &call_unlink}) {
        add(i, [call](side& me, side& other) {
          --me.calls_left;
          call(me, other);
        });
      }
    }
    if (with_deaths && i == 1 && !s.dead) add(i, &die);
    if (!s.in.empty()) add(i, &take_one);
  }
  return all;
}

template <class Check>
std::size_t visit_all(int calls, bool with_deaths, Check check) {
  std::set<world> seen;
  std::deque<world> open;
  for (const bool linked : {false, true}) {
    world w;
    for (side& s : w.sides) {
      s.calls_left = calls;
      if (linked) s.end.link_came();
    }
    seen.insert(w);
    open.push_back(w);
  }
  while (!open.empty()) {
    const world w = open.front();
    open.pop_front();
    check(w);
    for (const world& next : next_of(w, with_deaths)) {
      if (seen.insert(next).second) open.push_back(next);
    }
  }
  return seen.size();
}

}  // namespace

TEST_CASE("link_end: when no signal is on its way both ends agree, and with their last calls", "[L01]") {
  std::size_t wrong = 0;
  const std::size_t worlds = visit_all(4, false, [&](const world& w) {
    if (!w.is_quiet()) return;
    const auto& [one, two] = w.sides;
    const bool active = one.end.is_active();
    if (active != two.end.is_active()) ++wrong;                                      // N1
    if (!active && (!one.end.is_over() || !two.end.is_over())) ++wrong;              // nothing is kept
    if (one.last_call == two.last_call && one.last_call == 'l' && !active) ++wrong;  // N2
    if (one.last_call == two.last_call && one.last_call == 'u' && active) ++wrong;   // N2
  });
  CHECK(wrong == 0);
  CHECK(worlds > 5'000);
}

TEST_CASE("link_end: no exit counts after an unlink, and who has linked hears of the end once", "[L05]") {
  std::size_t wrong = 0;
  const std::size_t worlds = visit_all(3, true, [&](const world& w) {
    const side& alive = w.sides[0];
    const side& other = w.sides[1];
    if (alive.exits_after_unlink > 0) ++wrong;  // N3
    if (!w.is_quiet() || !other.dead) return;
    if (alive.end.is_active()) ++wrong;  // it would wait for ever
    if (alive.last_call != 'l') return;
    if (alive.exits_since_link > 1) ++wrong;                           // N4
    if (!other.ever_unlinked && alive.exits_since_link != 1) ++wrong;  // N4
  });
  CHECK(wrong == 0);
  CHECK(worlds > 4'000);
}
