#include "pubsub/clock_set.hpp"

#include <set>

#include "base/random.hpp"
#include "support/catch.hpp"

using joist::detail::clock_set;

namespace {

using numbers = std::set<std::uint64_t>;

numbers numbers_of(const clock_set& s) {
  numbers all;
  std::uint64_t end = 0;
  for (const auto& span : s.spans()) {
    CHECK(span.first <= span.last);
    CHECK((span.first > end + 1 || all.empty()));  // C1
    for (std::uint64_t n = span.first; n <= span.last; ++n) all.insert(n);
    end = span.last;
  }
  return all;
}

}  // namespace

TEST_CASE("clock_set: spans that touch are one") {
  clock_set s;
  s.add(1, 3);
  s.add(7, 9);
  CHECK(s.spans().size() == 2);
  s.add(4);
  CHECK((s.contains(1, 4) && !s.contains(5) && !s.contains(1, 7)));
  s.add(5, 6);
  CHECK(s.spans() == std::vector<clock_set::span>{{1, 9}});
  CHECK((s.contains(1, 9) && !s.contains(10) && !clock_set{}.contains(1) && clock_set{}.contains(5, 4)));
}

TEST_CASE("clock_set: adds, unites, takes away and finds as a set of numbers does") {
  joist::base::random random{1};
  const auto some = [&random] {
    const std::uint64_t first = 1 + random.below(40);
    return std::pair{first, first + random.below(6)};
  };
  for (int round = 0; round < 2000; ++round) {
    clock_set a, b;
    for (std::uint32_t i = random.below(12); i > 0; --i) {
      const auto [first, last] = some();
      a.add(first, last);
      const auto [other, end] = some();
      b.add(other, end);
    }
    const numbers in_a = numbers_of(a), in_b = numbers_of(b);
    numbers both = in_a, left = in_a;
    both.insert(in_b.begin(), in_b.end());
    for (const auto n : in_b) left.erase(n);
    clock_set sum = a, difference = a;
    sum.add(b);
    difference.remove(b);
    CHECK(numbers_of(sum) == both);
    CHECK(numbers_of(difference) == left);
    CHECK(a.contains(b) == (both == in_a));
    for (std::uint64_t n = 1; n < 50; ++n) CHECK(a.contains(n) == in_a.contains(n));
  }
}
