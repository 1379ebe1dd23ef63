#include "pubsub/topic_table.hpp"

#include <algorithm>

#include "base/assert.hpp"

namespace joist::inline v0::detail {

void topic_table::add(std::string_view name, pid process, subscription& s, subscriber_data_ptr data) {
  shard& in = shard_of(name);
  const write_lock lock{in.mutex};
  auto at = in.topics.find(name);
  const bool is_new = at == in.topics.end();
  if (is_new) {
    auto made = std::make_unique<topic>(topic{std::string{name}, {}, 0});
    const std::string_view key = made->name;
    at = in.topics.emplace(key, std::move(made)).first;
  }
  topic& t = *at->second;
  try {
    if (t.size == t.blocks.size() * topic_block::most) t.blocks.emplace_back();
    t.blocks.back().own().push_back({process, &s, std::move(data)});
  } catch (...) {  // no memory
    if (!t.blocks.empty() && t.blocks.back().places().empty()) t.blocks.pop_back();
    if (is_new) in.topics.erase(at);
    throw;
  }
  s.in = &t;
  s.position = t.size++;
}

// The last place moves into the gap. noexcept: where there is no memory for the copy of a block that somebody delivers from,
// the program ends.
void topic_table::remove(subscription& s) noexcept {
  std::unique_ptr<topic> ended;
  subscriber_place gone;
  block_ptr last_block;
  {
    shard& in = shard_of(s.in->name);
    const write_lock lock{in.mutex};
    topic& t = *s.in;
    auto& of_gap = t.blocks[s.position / topic_block::most].own();
    auto& of_last = t.blocks.back().own();
    subscriber_place& gap = of_gap[s.position % topic_block::most];
    JOIST_ASSERT(gap.of == &s, "T1: a subscription's place is another's");
    std::swap(gap, of_last.back());
    gap.of->position = s.position;
    gone = std::move(of_last.back());
    of_last.pop_back();
    if (of_last.empty()) {
      last_block = std::move(t.blocks.back());
      t.blocks.pop_back();
    }
    if (--t.size == 0) ended = std::move(in.topics.extract(t.name).mapped());
  }
}

std::vector<block_ptr> topic_table::look(std::string_view name) const {
  const shard& in = shard_of(name);
  const read_lock lock{in.mutex};
  const auto at = in.topics.find(name);
  return at == in.topics.end() ? std::vector<block_ptr>{} : at->second->blocks;
}

std::size_t topic_table::count(std::string_view name) const {
  const shard& in = shard_of(name);
  const read_lock lock{in.mutex};
  const auto at = in.topics.find(name);
  return at == in.topics.end() ? 0 : at->second->size;
}

std::vector<std::string> topic_table::names() const {
  std::vector<std::string> found;
  for (const shard& in : shards_) {
    const read_lock lock{in.mutex};
    for (const auto& [name, t] : in.topics) found.emplace_back(name);
  }
  std::sort(found.begin(), found.end());
  return found;
}

}  // namespace joist::inline v0::detail
