#include "pubsub/topic_table.hpp"

#include <deque>
#include <string>
#include <vector>

#include "support/catch.hpp"
#include "support/colliding.hpp"

using joist::detail::subscription;
using joist::detail::topic_table;

TEST_CASE("topic_table: topics that were chosen for their hashes take no longer than others") {
  const auto seconds_of = [](const std::vector<std::string>& names) {
    return support::cpu_seconds([&names] {
      topic_table table;
      std::deque<subscription> all;
      for (const std::string& name : names)
        table.add(name, joist::pid{}, all.emplace_back(subscription{nullptr, nullptr, nullptr, 0}), nullptr);
      for (const std::string& name : names) CHECK(table.count(name) == 1);
      for (subscription& s : all) table.remove(s);
      CHECK(table.names().empty());
    });
  };
  constexpr std::size_t count = 10'000;
  (void)seconds_of(support::any_texts(count));
  CHECK(seconds_of(support::colliding_texts(count)) < 5 * seconds_of(support::any_texts(count)));
}

TEST_CASE("topic_table: names are sorted") {
  topic_table table;
  std::deque<subscription> all;
  for (const char* name : {"d", "b", "c", "a", "f", "e"})
    table.add(name, joist::pid{}, all.emplace_back(subscription{nullptr, nullptr, nullptr, 0}), nullptr);
  CHECK(table.names() == std::vector<std::string>{"a", "b", "c", "d", "e", "f"});
  for (subscription& s : all) table.remove(s);
}
