#include "pubsub/presence_teller.hpp"

#include <utility>
#include <vector>

namespace joist::inline v0::detail {

presence_list fetched(const presence_options& options, std::string_view topic, const presence_list& list) {
  if (!options.fetch || list.empty()) return list;
  std::vector<presence_group> groups;
  groups.reserve(list.size());
  for (const auto& g : list) groups.push_back(*g);
  options.fetch(topic, groups);
  std::vector<presence_group_ptr> made;
  made.reserve(groups.size());
  for (presence_group& g : groups) made.push_back(std::make_shared<const presence_group>(std::move(g)));
  return presence_list{std::move(made)};
}

presence_teller::presence_teller(std::shared_ptr<presence_core> core) : core_{std::move(core)} {
  core_->begin_to_tell();
  send(self(), presence_wake{});
}

// A diff is there until it has been told: who tells it and crashes is followed by one that tells it again.
void presence_teller::handle_info(presence_wake) {
  while (const presence_diff_ptr diff = core_->next_diff()) {
    const presence_diff_ptr told = extended(diff);
    if (core_->options.tell) {
      core_->options.tell(told);
    } else {
      core_->bus.local_broadcast(told->topic, told);
    }
    core_->has_told(diff);
  }
}

presence_diff_ptr presence_teller::extended(const presence_diff_ptr& diff) const {
  if (!core_->options.fetch) return diff;
  presence_diff_ptr made;
  const auto failed = catch_end([&] {
    made = std::make_shared<const presence_diff>(presence_diff{
        diff->topic, fetched(core_->options, diff->topic, diff->joins), fetched(core_->options, diff->topic, diff->leaves)});
  });
  if (!failed) return made;
  log(log_level::warning,
      fmt::format("presence \"{}\": a diff of \"{}\" is told without what fetch adds, which has failed: {}",
                  core_->options.label, diff->topic, *failed));
  return diff;
}

}  // namespace joist::inline v0::detail
