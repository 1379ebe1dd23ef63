#include "pubsub/presence_view.hpp"

#include <algorithm>
#include <iterator>
#include <map>
#include <utility>

#include "base/assert.hpp"

namespace joist::inline v0::detail {
namespace {

presence_group copy_of(const presence_group& g) { return {g.key, g.metas}; }

presence_group_ptr shared(presence_group g) { return std::make_shared<const presence_group>(std::move(g)); }

/// Groups in the order in which their keys are first seen.
class grouping {
 public:
  void add(const presence_meta_ptr& entry) {
    const auto [at, is_new] = places_.try_emplace(entry->key, groups_.size());
    if (is_new) groups_.push_back({entry->key, {}});
    groups_[at->second].metas.push_back(entry);
  }
  [[nodiscard]] presence_list finish() {
    std::vector<presence_group_ptr> list;
    list.reserve(groups_.size());
    for (presence_group& g : groups_) list.push_back(shared(std::move(g)));
    return presence_list{std::move(list)};
  }

 private:
  std::unordered_map<std::string_view, std::size_t, base::by_text> places_;  // keys: the entries', which the groups keep
  std::vector<presence_group> groups_;
};

struct grouped_diff {
  std::string topic;
  grouping joins = {};
  grouping leaves = {};
};

}  // namespace

// A key that is updated keeps its place, as the join of the new one comes first.
void presence_view::apply(const presence_changes& changes) {
  for (const auto& e : changes.joins) join(e);
  for (const auto& e : changes.leaves) leave(*e);
}

void presence_view::join(const presence_meta_ptr& entry) {
  auto at = topics_.find(*entry->topic);
  if (at == topics_.end()) at = topics_.emplace(*entry->topic, groups{entry->topic, {}, {}}).first;
  groups& t = at->second;
  t.listed.reset();
  const auto place = t.place_of.find(entry->key);
  if (place == t.place_of.end()) {
    t.places.push_back(shared({entry->key, {entry}}));
    t.place_of.emplace(entry->key, static_cast<std::uint32_t>(t.places.size() - 1));
    return;
  }
  presence_group_ptr& group = t.places[place->second];
  presence_group changed = copy_of(*group);
  changed.metas.push_back(entry);
  group = shared(std::move(changed));
}

void presence_view::leave(const presence_meta& entry) {
  const auto at = topics_.find(*entry.topic);
  JOIST_ASSERT(at != topics_.end(), "P3: who leaves is there");
  groups& t = at->second;
  const auto place = t.place_of.find(entry.key);
  JOIST_ASSERT(place != t.place_of.end(), "P3: who leaves is there");
  t.listed.reset();
  presence_group_ptr& group = t.places[place->second];
  if (group->metas.size() > 1) {
    presence_group changed = copy_of(*group);
    std::erase_if(changed.metas, [&](const auto& e) { return e->ref == entry.ref; });
    group = shared(std::move(changed));
    return;
  }
  group = nullptr;
  t.place_of.erase(place);
  if (t.place_of.empty()) {
    topics_.erase(at);
  } else if (t.place_of.size() * 2 < t.places.size()) {
    close_gaps(t);
  }
}

void presence_view::close_gaps(groups& t) {
  std::erase(t.places, nullptr);
  for (std::uint32_t n = 0; n < t.places.size(); ++n) t.place_of.find(t.places[n]->key)->second = n;
}

presence_list presence_view::list(std::string_view topic) {
  const auto at = topics_.find(topic);
  if (at == topics_.end()) return {};
  groups& t = at->second;
  if (!t.listed) {
    std::vector<presence_group_ptr> made;
    made.reserve(t.place_of.size());
    std::copy_if(t.places.begin(), t.places.end(), std::back_inserter(made), [](const auto& g) { return g != nullptr; });
    t.listed.emplace(std::move(made));
  }
  return *t.listed;
}

presence_group_ptr presence_view::group(std::string_view topic, std::string_view key) const {
  const auto at = topics_.find(topic);
  if (at == topics_.end()) return nullptr;
  const auto place = at->second.place_of.find(key);
  return place == at->second.place_of.end() ? nullptr : at->second.places[place->second];
}

std::shared_ptr<const std::string> presence_view::name_of(std::string_view topic) const {
  const auto at = topics_.find(topic);
  return at == topics_.end() ? std::make_shared<const std::string>(topic) : at->second.name;
}

std::vector<std::string> presence_view::topics() const {
  std::vector<std::string> names;
  names.reserve(topics_.size());
  for (const auto& [name, t] : topics_) names.push_back(name);
  std::sort(names.begin(), names.end());
  return names;
}

std::vector<presence_diff_ptr> diffs_of(const std::vector<presence_change>& changes) {
  std::map<presence_ref, std::size_t> last;
  for (std::size_t i = 0; i < changes.size(); ++i) last[changes[i].entry->ref] = i;
  std::unordered_map<std::string_view, std::size_t, base::by_text> places;
  std::vector<grouped_diff> grouped;
  for (std::size_t i = 0; i < changes.size(); ++i) {
    const presence_change& c = changes[i];
    if (last[c.entry->ref] != i) continue;
    const auto [at, is_new] = places.try_emplace(*c.entry->topic, grouped.size());
    if (is_new) grouped.push_back({*c.entry->topic});
    grouped_diff& d = grouped[at->second];
    (c.is_join ? d.joins : d.leaves).add(c.entry);
  }
  std::vector<presence_diff_ptr> diffs;
  diffs.reserve(grouped.size());
  for (grouped_diff& d : grouped)
    diffs.push_back(
        std::make_shared<const presence_diff>(presence_diff{std::move(d.topic), d.joins.finish(), d.leaves.finish()}));
  return diffs;
}

}  // namespace joist::inline v0::detail
