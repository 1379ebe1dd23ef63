#include "pubsub/presence_core.hpp"

#include <joist/clock.hpp>
#include <joist/error.hpp>
#include <joist/process.hpp>

#include <fmt/format.h>

#include <algorithm>

#include "base/random.hpp"
#include "pubsub/frame.hpp"

namespace joist::inline v0::detail {
namespace {

presence_options checked(presence_options o) {
  const auto refuse = [&o](std::string_view expected, auto got) {
    throw error{errc::bad_argument, fmt::format("presence \"{}\": expected {}, got {} ms", o.label, expected, got.count())};
  };
  if (o.period <= o.period.zero()) refuse("a period of more than zero", o.period);
  if (o.down_after == o.down_after.zero()) o.down_after = o.period * 2 * std::max(o.silent_periods, 1U);
  if (o.down_after < o.period * 2) refuse("down_after of at least two periods", o.down_after);
  if (o.forget_after <= o.down_after) refuse("forget_after of more than down_after", o.forget_after);
  return o;
}

void check_length(std::string_view what, std::string_view text) {
  if (text.size() <= most_topic_bytes) return;
  throw error{errc::bad_argument,
              fmt::format("presence: expected a {} of at most {} bytes, got {}", what, most_topic_bytes, text.size())};
}

// Another one at each start of a node. Of the clock alone, and of who runs: so that a simulated world is the same each time.
std::uint64_t new_incarnation() {
  const auto now = static_cast<std::uint64_t>(clock::now().time_since_epoch().count());
  return base::random{base::random{now}.next() ^ self().value()}.next();
}

}  // namespace

presence_core::presence_core(pubsub b, presence_options o)
    : bus{std::move(b)}, options{checked(std::move(o))}, topic{"joist.presence:" + options.label} {
  check_length("label", topic);
}

presence_state& presence_core::running() const {
  if (!state_)
    throw error{errc::not_running,
                fmt::format("presence \"{}\" has not been started: make it a child by child_presence", options.label)};
  return *state_;
}

// K1.
void presence_core::apply(const presence_changes& changes) {
  view_.apply(changes);
  for (const auto& e : changes.joins) changes_.push_back({e, true});
  for (const auto& e : changes.leaves) changes_.push_back({e, false});
}

presence_core::outcome presence_core::track(pid process, std::string_view in, std::string key, std::string meta) {
  check_length("topic", in);
  check_length("key", key);
  check_length("meta", meta);
  if (!process) throw error{errc::bad_argument, "presence: expected a process, got a pid that names nobody"};
  return write([&]() -> outcome {
    presence_state& state = running();
    if (state.find(process.value(), in, key) != nullptr) return failure{presence_error::already_tracked};
    if (!state.has(process.value())) unseen_.push_back(process);
    const auto made = state.join(view_.name_of(in), std::move(key), process.value(), std::move(meta));
    apply({{made}, {}});
    return made->ref;
  });
}

std::size_t presence_core::untrack(pid process, std::string_view in, std::string_view key) {
  return write([&]() -> std::size_t {
    if (!state_) return 0;
    const auto found = state_->find(process.value(), in, key);
    if (found == nullptr) return 0;
    state_->leave(found);
    if (!state_->has(process.value())) unseen_.push_back(process);
    apply({{}, {found}});
    return 1;
  });
}

std::size_t presence_core::untrack(pid process) {
  return write([&]() -> std::size_t {
    if (!state_) return 0;
    const presence_changes c{{}, state_->leave(process.value())};
    if (!c.empty()) unseen_.push_back(process);
    apply(c);
    return c.leaves.size();
  });
}

std::optional<presence_core::outcome> presence_core::update(pid process, std::string_view in, std::string_view key,
                                                            std::string meta, const presence_meta_ptr& seen) {
  check_length("meta", meta);
  return write([&]() -> std::optional<outcome> {
    presence_state& state = running();
    const auto found = state.find(process.value(), in, key);
    if (found == nullptr) return outcome{failure{presence_error::not_tracked}};
    if (seen != nullptr && seen != found) return std::nullopt;
    const auto made = state.update(found, std::move(meta));
    apply({{made}, {found}});
    return outcome{made->ref};
  });
}

presence_meta_ptr presence_core::find(pid process, std::string_view in, std::string_view key) const {
  return look([&](const presence_state& s) { return s.find(process.value(), in, key); });
}

presence_list presence_core::list(std::string_view in) const {
  const mutex_lock whole{mutex_};
  return view_.list(in);
}

presence_group_ptr presence_core::group(std::string_view in, std::string_view key) const {
  const mutex_lock whole{mutex_};
  return view_.group(in, key);
}

std::vector<std::string> presence_core::topics() const {
  const mutex_lock whole{mutex_};
  return view_.topics();
}

std::vector<presence_node> presence_core::nodes() const {
  std::vector<presence_node> all;
  const mutex_lock whole{mutex_};
  if (!state_) return all;
  for (const auto& [name, r] : state_->remotes()) all.push_back({name, r.is_up, r.entries.size()});
  return all;
}

pid presence_core::server() const {
  const mutex_lock whole{mutex_};
  return server_;
}

void presence_core::begin_to_serve() {
  const std::uint64_t incarnation = new_incarnation();
  const mutex_lock whole{mutex_};
  if (!state_) state_.emplace(replica_id{bus.node(), incarnation});
  server_ = self();
  unseen_.clear();
  for (const std::uint64_t process : state_->processes()) unseen_.push_back(pid::from_value(process));
}

std::vector<std::pair<pid, bool>> presence_core::take_unseen() {
  std::vector<std::pair<pid, bool>> taken;
  const mutex_lock whole{mutex_};
  for (const pid process : unseen_) taken.emplace_back(process, state_->has(process.value()));
  unseen_.clear();
  return taken;
}

std::pair<std::uint64_t, presence_part> presence_core::take_delta() {
  const mutex_lock whole{mutex_};
  return {running().clock(), running().take_delta()};
}

void presence_core::put_back(const clock_set& numbers) {
  const mutex_lock whole{mutex_};
  running().put_back(numbers);
}

void presence_core::begin_to_tell() {
  const mutex_lock whole{mutex_};
  teller_ = self();
}

presence_diff_ptr presence_core::next_diff() {
  while (const auto taken = take_changes()) {
    const auto made = diffs_of(*taken);  // they are there until their diffs are: it takes memory, and may throw
    const mutex_lock whole{mutex_};
    diffs_.insert(diffs_.end(), made.begin(), made.end());
    taken_.reset();
  }
  const mutex_lock whole{mutex_};
  return diffs_.empty() ? nullptr : diffs_.front();
}

std::shared_ptr<const std::vector<presence_change>> presence_core::take_changes() {
  const mutex_lock whole{mutex_};
  if (!diffs_.empty()) return nullptr;
  if (taken_ == nullptr && !changes_.empty()) {
    auto taken = std::make_shared<std::vector<presence_change>>();
    taken->swap(changes_);
    taken_ = std::move(taken);
  }
  return taken_;
}

void presence_core::has_told(const presence_diff_ptr& diff) {
  const mutex_lock whole{mutex_};
  if (!diffs_.empty() && diffs_.front() == diff) diffs_.pop_front();
}

}  // namespace joist::inline v0::detail
