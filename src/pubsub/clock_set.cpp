#include "pubsub/clock_set.hpp"

#include <algorithm>
#include <utility>

namespace joist::inline v0::detail {
namespace {

using span_list = std::vector<clock_set::span>;

// Behind all that is there, or into the last one. Those that come begin in ascending order.
void append(span_list& to, clock_set::span s) {
  if (!to.empty() && s.first <= to.back().last + 1) {
    to.back().last = std::max(to.back().last, s.last);
  } else {
    to.push_back(s);
  }
}

// The first span that ends with the number or behind it.
span_list::const_iterator reaching(const span_list& in, std::uint64_t number) noexcept {
  return std::lower_bound(in.begin(), in.end(), number,
                          [](const clock_set::span& s, std::uint64_t n) { return s.last < n; });
}

}  // namespace

void clock_set::add(std::uint64_t first, std::uint64_t last) {
  if (last < first) return;
  if (spans_.empty() || spans_.back().first <= first) return append(spans_, {first, last});
  const auto from = spans_.begin() + (reaching(spans_, first - 1) - spans_.cbegin());  // touches it, or lies behind it
  auto to = from;
  span joined{first, last};
  for (; to != spans_.end() && to->first <= last + 1; ++to) {
    joined.first = std::min(joined.first, to->first);
    joined.last = std::max(joined.last, to->last);
  }
  if (from == to) {
    spans_.insert(from, joined);
  } else {
    *from = joined;
    spans_.erase(from + 1, to);
  }
}

// Both at once, in the order of their beginnings: what a network brings may have very many spans.
void clock_set::add(const clock_set& others) {
  if (others.spans_.size() == 1) return add(others.spans_.front().first, others.spans_.front().last);
  span_list all;
  all.reserve(spans_.size() + others.spans_.size());
  auto a = spans_.begin();
  auto b = others.spans_.begin();
  while (a != spans_.end() || b != others.spans_.end()) {
    const bool takes_a = b == others.spans_.end() || (a != spans_.end() && a->first < b->first);
    append(all, takes_a ? *a++ : *b++);
  }
  spans_ = std::move(all);
}

void clock_set::remove(const clock_set& others) {
  if (others.empty()) return;
  span_list left;
  auto gone = others.spans_.begin();
  for (span s : spans_) {
    while (gone != others.spans_.end() && gone->last < s.first) ++gone;
    for (auto at = gone; at != others.spans_.end() && at->first <= s.last && s.first <= s.last; ++at) {
      if (s.first < at->first) left.push_back({s.first, at->first - 1});
      s.first = at->last + 1;
      gone = at;
    }
    if (s.first <= s.last) left.push_back(s);
  }
  spans_ = std::move(left);
}

bool clock_set::contains(std::uint64_t number) const noexcept { return contains(number, number); }

bool clock_set::contains(std::uint64_t first, std::uint64_t last) const noexcept {
  if (last < first) return true;
  const auto at = reaching(spans_, first);
  return at != spans_.end() && at->first <= first && last <= at->last;
}

bool clock_set::contains(const clock_set& others) const noexcept {
  return std::all_of(others.spans_.begin(), others.spans_.end(),
                     [this](const span& s) { return contains(s.first, s.last); });
}

}  // namespace joist::inline v0::detail
