#include "pubsub/presence_state.hpp"

#include <algorithm>
#include <utility>

#include "base/assert.hpp"
#include "base/random.hpp"

namespace joist::inline v0 {

std::string presence_ref::to_string() const {
  static constexpr std::string_view digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  std::string text(11, 'A');
  std::uint64_t left = origin;
  for (char& c : text) {
    c = digits[left & 63];
    left >>= 6;
  }
  for (left = number; left > 0; left >>= 6) text += digits[left & 63];
  return text;
}

namespace detail {
namespace {

void all_of(const std::map<std::uint64_t, presence_meta_ptr>& entries, std::vector<presence_meta_ptr>& into) {
  for (const auto& [number, entry] : entries) into.push_back(entry);
}

clock_set numbers_of(const std::vector<presence_meta_ptr>& entries) {
  clock_set numbers;
  for (const auto& e : entries) numbers.add(e->ref.number);
  return numbers;
}

// Those of the remote that the part speaks of, and does not have.
void take_out(presence_state::remote& r, const presence_part& part, std::vector<presence_meta_ptr>& gone) {
  auto listed = part.entries.begin();
  const auto is_listed = [&](std::uint64_t number) {
    while (listed != part.entries.end() && (*listed)->ref.number < number) ++listed;
    return listed != part.entries.end() && (*listed)->ref.number == number;
  };
  for (const clock_set::span& s : part.seen.spans()) {
    for (auto at = r.entries.lower_bound(s.first); at != r.entries.end() && at->first <= s.last;) {
      if (is_listed(at->first) || part.kept.contains(at->first)) {
        ++at;
      } else {
        gone.push_back(std::move(at->second));
        at = r.entries.erase(at);
      }
    }
  }
}

}  // namespace

std::uint64_t replica_id::origin() const noexcept {
  std::uint64_t mixed = base::random{incarnation}.next();  // first, or a name's character and a bit of it cancel each other
  for (const char c : name) mixed = base::random{mixed ^ static_cast<unsigned char>(c)}.next();
  return mixed;
}

std::vector<presence_part> in_pieces(presence_part part, presence_limits most) {
  std::vector<presence_part> pieces;
  std::vector<presence_meta_ptr> all = std::move(part.entries);
  std::size_t bytes = 0;
  part.entries.clear();
  for (presence_meta_ptr& e : all) {
    if (part.entries.size() >= most.entries || bytes >= most.bytes) {
      presence_part full;
      full.seen = numbers_of(part.entries);
      full.entries = std::move(part.entries);
      part.seen.remove(full.seen);
      pieces.push_back(std::move(full));
      part.entries.clear();
      bytes = 0;
    }
    bytes += e->key.size() + e->meta.size() + e->topic->size();
    part.entries.push_back(std::move(e));
  }
  pieces.push_back(std::move(part));
  return pieces;
}

presence_state::presence_state(replica_id own) : own_{std::move(own)}, origin_{own_.origin()} {}

presence_meta_ptr presence_state::find(std::uint64_t process, std::string_view topic, std::string_view key) const {
  const auto at = owned_.find(owner{process, key, topic});
  return at == owned_.end() ? nullptr : *at;
}

bool presence_state::has(std::uint64_t process) const {
  const auto at = owned_.lower_bound(owner{process, {}, {}});
  return at != owned_.end() && (*at)->process == process;
}

std::vector<std::uint64_t> presence_state::processes() const {
  std::vector<std::uint64_t> all;
  for (const auto& e : owned_)
    if (all.empty() || all.back() != e->process) all.push_back(e->process);
  return all;
}

presence_meta_ptr presence_state::add(presence_meta made) {
  made.ref = {origin_, ++clock_};
  untold_.add(clock_);
  auto entry = std::make_shared<const presence_meta>(std::move(made));
  entries_.emplace_hint(entries_.end(), clock_, entry);
  owned_.insert(entry);
  return entry;
}

presence_meta_ptr presence_state::join(std::shared_ptr<const std::string> topic, std::string key, std::uint64_t process,
                                       std::string meta) {
  return add({std::move(topic), std::move(key), std::move(meta), process, {}});
}

presence_meta_ptr presence_state::update(const presence_meta_ptr& found, std::string meta) {
  leave(found);
  return add({found->topic, found->key, std::move(meta), found->process, {}, found->ref});
}

void presence_state::leave(const presence_meta_ptr& found) {
  untold_.add(++clock_);
  untold_.add(found->ref.number);
  const std::size_t erased = entries_.erase(found->ref.number);
  JOIST_ASSERT(erased == 1, "P1: what is removed is there");
  owned_.erase(found);
}

std::vector<presence_meta_ptr> presence_state::leave(std::uint64_t process) {
  std::vector<presence_meta_ptr> all;
  for (auto at = owned_.lower_bound(owner{process, {}, {}}); at != owned_.end() && (*at)->process == process; ++at)
    all.push_back(*at);
  for (const auto& e : all) leave(e);
  return all;
}

presence_part presence_state::take_delta() {
  presence_part part;
  part.seen = std::exchange(untold_, {});
  for (const clock_set::span& s : part.seen.spans()) {
    const auto end = entries_.upper_bound(s.last);
    for (auto at = entries_.lower_bound(s.first); at != end; ++at) part.entries.push_back(at->second);
  }
  return part;
}

presence_part presence_state::missing(const clock_set& seen) const {
  presence_part part;
  part.seen.add(1, clock_);
  for (const auto& [number, entry] : entries_) {
    if (seen.contains(number)) {
      part.kept.add(number);
    } else {
      part.entries.push_back(entry);
    }
  }
  return part;
}

const presence_state::remote* presence_state::find(const replica_id& r) const {
  const auto at = remotes_.find(r.name);
  return at == remotes_.end() || at->second.incarnation != r.incarnation ? nullptr : &at->second;
}

presence_changes presence_state::up(const replica_id& r) {
  presence_changes c;
  auto at = remotes_.find(r.name);
  if (at != remotes_.end() && at->second.incarnation != r.incarnation) {
    c = remove(r.name);
    at = remotes_.end();
  }
  if (at == remotes_.end()) {
    remotes_[r.name].incarnation = r.incarnation;
  } else if (!std::exchange(at->second.is_up, true)) {
    all_of(at->second.entries, c.joins);
  }
  return c;
}

presence_changes presence_state::down(std::string_view name) {
  presence_changes c;
  const auto at = remotes_.find(name);
  if (at != remotes_.end() && std::exchange(at->second.is_up, false)) all_of(at->second.entries, c.leaves);
  return c;
}

presence_changes presence_state::remove(std::string_view name) {
  presence_changes c = down(name);
  if (const auto at = remotes_.find(name); at != remotes_.end()) remotes_.erase(at);
  return c;
}

presence_changes presence_state::merge(const replica_id& from, const presence_part& part) {
  presence_changes c;
  if (find(from) == nullptr) return c;
  remote& r = remotes_.find(from.name)->second;
  take_out(r, part, c.leaves);
  for (const auto& e : part.entries) {
    if (r.seen.contains(e->ref.number)) continue;
    r.entries.emplace_hint(r.entries.end(), e->ref.number, e);
    c.joins.push_back(e);
  }
  // What is kept there and not known here is not seen by that: it was said to somebody else.
  clock_set unknown = part.kept;
  unknown.remove(r.seen);
  clock_set now_seen = part.seen;
  now_seen.remove(unknown);
  r.seen.add(now_seen);
  return r.is_up ? c : presence_changes{};
}

}  // namespace detail
}  // namespace joist::inline v0
