// The table alone: who keeps which owners, and what becomes of these when another keeper comes.
#include <joist/detail/registry_table.hpp>

#include <algorithm>
#include <string>
#include <vector>

#include "support/catch.hpp"

using joist::pid;
using joist::detail::owners_fate;
using table = joist::detail::registry_table<std::string, int>;
using verdict = table::verdict;

namespace {

const pid first{1, 1, 1};
const pid second{1, 2, 1};
const pid owner{1, 3, 1};
const std::size_t shard = joist::detail::shard_of(owner);

verdict adds(table& t, const std::string& key) { return t.add(owner, key, 0, false).what; }

/// A table whose shard has a keeper, and an owner with an entry there.
void begin(table& t) {
  REQUIRE(t.change_keeper(shard, {}, first, owners_fate::end));
  REQUIRE(t.open(owner).made);
  REQUIRE(adds(t, "a") == verdict::added);
}

}  // namespace

TEST_CASE("registry table: a shard is taken over from the keeper that it has, and from no other") {
  table t;
  CHECK_FALSE(t.open(owner).keeper);
  begin(t);
  CHECK(t.open(owner).keeper == first);
  CHECK_FALSE(t.change_keeper(shard, second, second, owners_fate::end));
  CHECK_FALSE(t.change_keeper(shard, {}, second, owners_fate::end));
  CHECK(t.keeper(shard) == first);
  CHECK(adds(t, "b") == verdict::added);  // and nobody was ended by that
  CHECK(t.change_keeper(shard, first, second, owners_fate::end) == std::vector{owner});
  CHECK(t.keeper(shard) == second);
  CHECK(t.change_keeper((shard + 1) % joist::detail::table_shards, {}, second, owners_fate::end)->empty());
}

TEST_CASE("registry table: owners that end with their keeper take no entries more, until they are forgotten") {
  table t;
  begin(t);
  REQUIRE(t.change_keeper(shard, first, second, owners_fate::end));
  CHECK(adds(t, "b") == verdict::not_open);
  CHECK_FALSE(t.open(owner).made);
  CHECK(adds(t, "b") == verdict::not_open);
  CHECK(t.remove(owner, "a", [](std::size_t) { return true; }).count == 0);  // whoever forgets it tells of that
  t.forget(owner, [](const std::string& key) { CHECK(key == "a"); });
  CHECK(t.count() == 0);
  CHECK(adds(t, "b") == verdict::not_open);  // it has no record now
  CHECK(t.open(owner).made);
  CHECK(adds(t, "b") == verdict::added);
}

TEST_CASE("registry table: owners that stay with the next keeper go on, but for those that had ended before") {
  table t;
  begin(t);
  REQUIRE(t.change_keeper(shard, first, second, owners_fate::stay) == std::vector{owner});
  CHECK(adds(t, "b") == verdict::added);
  REQUIRE(t.change_keeper(shard, second, {}, owners_fate::end));
  REQUIRE(t.change_keeper(shard, {}, first, owners_fate::stay));
  CHECK(adds(t, "c") == verdict::not_open);
}

TEST_CASE("registry table: what an owner has got from the next keeper is not forgotten with what it had from the last") {
  table t;
  begin(t);
  REQUIRE(t.change_keeper(shard, first, second, owners_fate::end));
  std::vector<std::string> gone;
  const auto note = [&gone](const std::string& key) { gone.push_back(key); };
  t.forget_ended(owner, note);
  REQUIRE(t.open(owner).made);
  REQUIRE(adds(t, "b") == verdict::added);
  t.forget_ended(owner, note);
  CHECK(gone == std::vector<std::string>{"a"});
  CHECK(t.keys_of(owner) == std::vector<std::string>{"b"});
  t.forget(owner, note);
  CHECK(gone == std::vector<std::string>{"a", "b"});
}

TEST_CASE("registry table: while an owner is forgotten it takes no entries") {
  table t;
  begin(t);
  for (int i = 0; i < 63; ++i) REQUIRE(adds(t, "a") == verdict::added);
  std::size_t gone = 0;
  t.forget(owner, [&](const std::string&) {
    CHECK(adds(t, "late") == verdict::not_open);
    ++gone;
  });
  CHECK(gone == 64);
  CHECK(t.count() == 0);
}
