// joist/detail/registry_table.hpp: who stands under which key, readable by anybody without asking a process.
//
// Two maps of the same entries, each in shards with a lock of their own:
//
//   by key      bucket   the entries of a key, the oldest first; gone with the last
//   by owner    record   the entries of a process; made by open(), gone with the last, or by forget()
//
// Invariants
//   an entry is in its bucket and in its owner's record, or in neither
//   both change under the lock of the record and that of the bucket, taken in this order; so either one is enough to read
//   a record that is `ended` takes no more entries: who forgets its owner takes them out in portions. Only the owner makes
//     records of its own, the next when the last is gone
//   no call of the runtime, and no hash of a key, runs under a lock; values and keys are copied and compared there, in a
//   no_preempt scope, so that no lock is kept over a switch; they are made and destroyed outside
#pragma once

#include <joist/detail/held.hpp>
#include <joist/pid.hpp>
#include <joist/preempt.hpp>
#include <joist/process.hpp>
#include <joist/sendable.hpp>

#include <algorithm>
#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <iterator>
#include <list>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <unordered_map>
#include <utility>
#include <vector>

namespace joist::inline v0 {

/// What stands in a registry whose entries carry nothing.
struct no_value {
  friend constexpr bool operator==(no_value, no_value) noexcept = default;
};

/// A process under a key, and what it has put there.
template <class Value>
struct registration {
  pid process;
  Value value;
  friend bool operator==(const registration&, const registration&) = default;
};

/// The same with its key.
template <class Key, class Value>
struct keyed_registration {
  Key key;
  pid process;
  Value value;
  friend bool operator==(const keyed_registration&, const keyed_registration&) = default;
};

}  // namespace joist::inline v0

namespace joist::inline v0::detail {

template <class Key>
concept hashed_key = std::equality_comparable<Key> && requires(const Key& k) {
  { std::hash<Key>{}(k) } -> std::convertible_to<std::size_t>;
};

template <class Key>
constexpr void require_key() {
  static_assert(hashed_key<Key>, "joist: a key is found by its hash: add operator== and a std::hash<Key> to it");
  static_assert(std::copy_constructible<Key>, "joist: keys are copied out of the table: make the key copyable");
  require_sendable<Key>();
}

template <class Value>
constexpr void require_value() {
  static_assert(std::copyable<Value>, "joist: values are copied into the table and out of it: make the value copyable");
  require_sendable<Value>();
}

inline constexpr std::size_t table_shards = 64;

/// std::hash leaves numbers as they are: this spreads them.
[[nodiscard]] constexpr std::size_t shard_of(std::size_t hash) noexcept { return hash * 0x9e3779b97f4a7c15U >> 58; }
[[nodiscard]] inline std::size_t shard_of(pid owner) noexcept { return shard_of(std::hash<pid>{}(owner)); }

/// Of those whose keeper is another now: they were linked to the one before, and go with it; or the next looks after them.
enum class owners_fate : unsigned char { end, stay };

template <class Key, class Value>
class registry_table {
  struct entry;
  using entries = std::list<entry>;

  struct stored_key {
    Key key;
    std::size_t hash;
  };
  struct probe {
    const Key& key;
    std::size_t hash;
    explicit probe(const Key& k) : key{k}, hash{std::hash<Key>{}(k)} {}
  };
  struct by_hash {
    using is_transparent = void;
    std::size_t operator()(const auto& k) const noexcept { return k.hash; }
  };
  /// Finds the very key that stands in a bucket, without comparing it.
  struct exactly {
    const stored_key& stored;
    std::size_t hash;
  };
  struct same_key {
    using is_transparent = void;
    bool operator()(const auto& a, const auto& b) const { return a.hash == b.hash && a.key == b.key; }
    bool operator()(const exactly& e, const stored_key& k) const noexcept { return &e.stored == &k; }
    bool operator()(const stored_key& k, const exactly& e) const noexcept { return &e.stored == &k; }
  };
  using bucket_map = std::unordered_map<stored_key, entries, by_hash, same_key>;
  using bucket = typename bucket_map::value_type;

  struct entry {
    pid owner;
    std::size_t number;  // among the owner's: tells entries of one key apart
    Value value;
  };
  struct by_hash_of_key {
    std::size_t operator()(const bucket* b) const noexcept { return b->first.hash; }
  };
  struct record {
    std::unordered_multimap<bucket*, typename entries::iterator, by_hash_of_key> entries_of;
    std::size_t next_number = 0;
    bool ended = false;
  };

  struct alignas(64) key_shard {
    mutable std::shared_mutex mutex;
    bucket_map buckets;
    std::size_t entry_count = 0;
  };
  struct alignas(64) owner_shard {
    mutable std::shared_mutex mutex;
    std::unordered_map<pid, record> records;
    pid keeper;  // hears of the ends of these owners, and forgets them
  };

  /// What was taken out, until the locks are free.
  struct leftovers {
    entries values;
    std::vector<typename bucket_map::node_type> buckets;
  };

 public:
  // -- reading                                                                                        [any thread]

  [[nodiscard]] pid owner_of(const Key& key) const;
  [[nodiscard]] std::optional<registration<Value>> oldest_of(const Key& key) const;
  [[nodiscard]] std::vector<registration<Value>> all_of(const Key& key) const;
  [[nodiscard]] std::size_t count_of(const Key& key) const;
  [[nodiscard]] std::vector<Key> keys_of(pid owner) const;
  /// What an owner has under a key, each with its number, the oldest first.
  [[nodiscard]] std::vector<std::pair<std::size_t, Value>> numbered(const Key& key, pid owner) const;
  [[nodiscard]] std::size_t count() const;
  [[nodiscard]] std::vector<Key> keys() const;
  /// A copy of a part at a time; f(entries of it) runs without a lock.
  template <class F>
  void for_each_part(F f) const;
  [[nodiscard]] pid keeper(std::size_t shard) const;

  // -- changing                                                                                          [process]

  struct opened {
    pid keeper;         ///< nobody: it takes no owners now
    bool made = false;  ///< there was no record: the keeper has to hear of the owner's end
  };
  /// Makes a record for the owner if it has none.
  [[nodiscard]] opened open(pid owner);
  /// Takes the record away if it has no entries. True: it has, and the keeper need not hear of the owner's end.
  bool close(pid owner);

  enum class verdict : unsigned char { added, taken, not_open };
  struct added {
    verdict what;
    pid owner = {};  ///< who has the key
  };
  /// `once`: only under a key that nobody has.
  [[nodiscard]] added add(pid owner, const Key& key, Value value, bool once);
  /// Gives the owner's oldest entry of the key another value. False where there is none.
  bool change(pid owner, const Key& key, Value value);

  struct removed {
    std::size_t count = 0;
    pid keeper = {};  ///< the record is gone: it need not hear of the owner's end any more
  };
  /// Takes out the owner's entries of the key for which choose(number) is true, at most so many.
  template <class Choose>
  removed remove(pid owner, const Key& key, Choose choose, std::size_t most = SIZE_MAX);

  /// Takes the owner and all of its entries out. Calls f(key) for each, without a lock, in the no_preempt scope in which it
  /// was taken out. May be called by several at once: then each has a part.
  template <class F>
  void forget(pid owner, F f);
  /// The same for one whose keeper has gone: nothing where it has come to another one meanwhile, and has a new record.
  template <class F>
  void forget_ended(pid owner, F f);

  /// Makes `next` the keeper of a shard, if `before` is, and returns the owners there: to be forgotten, or to be kept.
  [[nodiscard]] std::optional<std::vector<pid>> change_keeper(std::size_t shard, pid before, pid next, owners_fate fate);

 private:
  [[nodiscard]] key_shard& shard(const probe& p) noexcept { return by_key_[shard_of(p.hash)]; }
  [[nodiscard]] const key_shard& shard(const probe& p) const noexcept { return by_key_[shard_of(p.hash)]; }
  [[nodiscard]] owner_shard& shard(pid owner) noexcept { return by_owner_[shard_of(owner)]; }
  [[nodiscard]] const owner_shard& shard(pid owner) const noexcept { return by_owner_[shard_of(owner)]; }

  template <class F>
  void look(const Key& key, F f) const;
  template <class F>
  void look(const Key& key, pid owner, F f) const;
  void take_out(record& r, typename decltype(record::entries_of)::iterator at, leftovers& out);
  enum class which_record : bool { any, ended };
  template <class F>
  void forget(pid owner, which_record which, F& f);
  [[nodiscard]] bool forget_some(pid owner, which_record which, std::vector<Key>& gone);

  std::array<key_shard, table_shards> by_key_;
  std::array<owner_shard, table_shards> by_owner_;
};

template <class Key, class Value>
template <class F>
void registry_table<Key, Value>::look(const Key& key, F f) const {
  const probe p{key};
  const key_shard& s = shard(p);
  const read_lock lock{s.mutex};
  if (const auto found = s.buckets.find(p); found != s.buckets.end()) f(found->second);
}

// The record's lock keeps its entries as they are; the bucket's is to find it.
template <class Key, class Value>
template <class F>
void registry_table<Key, Value>::look(const Key& key, pid owner, F f) const {
  const probe p{key};
  const owner_shard& os = shard(owner);
  const read_lock owners{os.mutex};
  const auto r = os.records.find(owner);
  if (r == os.records.end() || r->second.entries_of.empty()) return;
  const key_shard& ks = shard(p);
  const read_lock keys{ks.mutex};
  const auto b = ks.buckets.find(p);
  if (b == ks.buckets.end()) return;
  const auto [first, last] = r->second.entries_of.equal_range(const_cast<bucket*>(&*b));
  for (auto at = first; at != last; ++at) f(*at->second);
}

template <class Key, class Value>
pid registry_table<Key, Value>::owner_of(const Key& key) const {
  pid owner;
  look(key, [&owner](const entries& all) { owner = all.front().owner; });
  return owner;
}

template <class Key, class Value>
std::optional<registration<Value>> registry_table<Key, Value>::oldest_of(const Key& key) const {
  std::optional<registration<Value>> found;
  look(key, [&found](const entries& all) { found.emplace(registration<Value>{all.front().owner, all.front().value}); });
  return found;
}

template <class Key, class Value>
std::vector<registration<Value>> registry_table<Key, Value>::all_of(const Key& key) const {
  std::vector<registration<Value>> found;
  look(key, [&found](const entries& all) {
    found.reserve(all.size());
    for (const entry& e : all) found.push_back({e.owner, e.value});
  });
  return found;
}

template <class Key, class Value>
std::size_t registry_table<Key, Value>::count_of(const Key& key) const {
  std::size_t count = 0;
  look(key, [&count](const entries& all) { count = all.size(); });
  return count;
}

template <class Key, class Value>
std::vector<Key> registry_table<Key, Value>::keys_of(pid owner) const {
  std::vector<Key> keys;
  const owner_shard& s = shard(owner);
  const read_lock lock{s.mutex};
  const auto found = s.records.find(owner);
  if (found == s.records.end()) return keys;
  keys.reserve(found->second.entries_of.size());
  for (const auto& [b, e] : found->second.entries_of) keys.push_back(b->first.key);
  return keys;
}

template <class Key, class Value>
std::vector<std::pair<std::size_t, Value>> registry_table<Key, Value>::numbered(const Key& key, pid owner) const {
  std::vector<std::pair<std::size_t, Value>> found;
  look(key, owner, [&found](const entry& e) { found.emplace_back(e.number, e.value); });
  std::sort(found.begin(), found.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  return found;
}

template <class Key, class Value>
std::size_t registry_table<Key, Value>::count() const {
  std::size_t count = 0;
  for (const key_shard& s : by_key_) {
    const read_lock lock{s.mutex};
    count += s.entry_count;
  }
  return count;
}

template <class Key, class Value>
std::vector<Key> registry_table<Key, Value>::keys() const {
  std::vector<Key> keys;
  for (const key_shard& s : by_key_) {
    const read_lock lock{s.mutex};
    for (const bucket& b : s.buckets) keys.push_back(b.first.key);
  }
  return keys;
}

template <class Key, class Value>
template <class F>
void registry_table<Key, Value>::for_each_part(F f) const {
  std::vector<keyed_registration<Key, Value>> part;
  for (const key_shard& s : by_key_) {
    {
      const read_lock lock{s.mutex};
      for (const auto& [k, all] : s.buckets) {
        for (const entry& e : all) part.push_back({k.key, e.owner, e.value});
      }
    }
    f(part);
    part.clear();
  }
}

template <class Key, class Value>
pid registry_table<Key, Value>::keeper(std::size_t shard) const {
  const read_lock lock{by_owner_[shard].mutex};
  return by_owner_[shard].keeper;
}

template <class Key, class Value>
auto registry_table<Key, Value>::open(pid owner) -> opened {
  owner_shard& s = shard(owner);
  const write_lock lock{s.mutex};
  if (!s.keeper) return {};
  const bool made = s.records.try_emplace(owner).second;
  return {s.keeper, made};
}

template <class Key, class Value>
bool registry_table<Key, Value>::close(pid owner) {
  owner_shard& s = shard(owner);
  const write_lock lock{s.mutex};
  const auto found = s.records.find(owner);
  if (found == s.records.end() || !found->second.entries_of.empty()) return false;
  s.records.erase(found);
  return true;
}

template <class Key, class Value>
auto registry_table<Key, Value>::add(pid owner, const Key& key, Value value, bool once) -> added {
  entries made;
  made.push_back(entry{owner, 0, std::move(value)});
  stored_key stored{key, std::hash<Key>{}(key)};
  owner_shard& os = shard(owner);
  const write_lock owners{os.mutex};
  const auto r = os.records.find(owner);
  if (r == os.records.end() || r->second.ended) return {verdict::not_open};
  key_shard& ks = by_key_[shard_of(stored.hash)];
  const write_lock keys{ks.mutex};
  const auto [at, fresh] = ks.buckets.try_emplace(std::move(stored));
  if (once && !fresh) return {verdict::taken, at->second.front().owner};
  made.front().number = r->second.next_number++;
  try {
    r->second.entries_of.emplace(&*at, made.begin());
  } catch (...) {
    if (fresh) ks.buckets.erase(at);
    throw;
  }
  at->second.splice(at->second.end(), made);
  ++ks.entry_count;
  return {verdict::added, owner};
}

template <class Key, class Value>
bool registry_table<Key, Value>::change(pid owner, const Key& key, Value value) {
  const probe p{key};
  owner_shard& os = shard(owner);
  const write_lock owners{os.mutex};
  const auto r = os.records.find(owner);
  if (r == os.records.end()) return false;
  key_shard& ks = shard(p);
  const write_lock keys{ks.mutex};
  const auto b = ks.buckets.find(p);
  if (b == ks.buckets.end()) return false;
  const auto found = r->second.entries_of.find(&*b);
  if (found == r->second.entries_of.end()) return false;
  std::swap(found->second->value, value);  // the old one ends after the locks
  return true;
}

/// Both locks are held.
template <class Key, class Value>
void registry_table<Key, Value>::take_out(record& r, typename decltype(record::entries_of)::iterator at, leftovers& out) {
  bucket& b = *at->first;
  key_shard& ks = by_key_[shard_of(b.first.hash)];
  out.values.splice(out.values.end(), b.second, at->second);
  r.entries_of.erase(at);
  --ks.entry_count;
  if (b.second.empty()) out.buckets.push_back(ks.buckets.extract(ks.buckets.find(exactly{b.first, b.first.hash})));
}

template <class Key, class Value>
template <class Choose>
auto registry_table<Key, Value>::remove(pid owner, const Key& key, Choose choose, std::size_t most) -> removed {
  removed result;
  leftovers out;
  out.buckets.reserve(1);
  const probe p{key};
  owner_shard& os = shard(owner);
  const write_lock owners{os.mutex};
  const auto r = os.records.find(owner);
  if (r == os.records.end() || r->second.ended) return result;
  key_shard& ks = shard(p);
  const write_lock keys{ks.mutex};
  const auto b = ks.buckets.find(p);
  if (b == ks.buckets.end()) return result;
  auto [at, last] = r->second.entries_of.equal_range(&*b);
  while (at != last && result.count < most) {
    const auto next = std::next(at);
    if (choose(at->second->number)) {
      take_out(r->second, at, out);
      ++result.count;
    }
    at = next;
  }
  if (result.count > 0 && r->second.entries_of.empty()) {
    result.keeper = os.keeper;
    os.records.erase(r);
  }
  return result;
}

template <class Key, class Value>
bool registry_table<Key, Value>::forget_some(pid owner, which_record which, std::vector<Key>& gone) {
  constexpr std::size_t portion = 64;
  leftovers out;
  out.buckets.reserve(portion);
  gone.reserve(portion);
  owner_shard& os = shard(owner);
  const write_lock owners{os.mutex};
  const auto r = os.records.find(owner);
  if (r == os.records.end() || (which == which_record::ended && !r->second.ended)) return false;
  r->second.ended = true;
  while (!r->second.entries_of.empty() && gone.size() < portion) {
    const auto at = r->second.entries_of.begin();
    const write_lock keys{by_key_[shard_of(at->first->first.hash)].mutex};
    gone.push_back(at->first->first.key);
    take_out(r->second, at, out);
  }
  if (!r->second.entries_of.empty()) return true;
  os.records.erase(r);
  return false;
}

template <class Key, class Value>
template <class F>
void registry_table<Key, Value>::forget(pid owner, F f) {
  forget(owner, which_record::any, f);
}

template <class Key, class Value>
template <class F>
void registry_table<Key, Value>::forget_ended(pid owner, F f) {
  forget(owner, which_record::ended, f);
}

template <class Key, class Value>
template <class F>
void registry_table<Key, Value>::forget(pid owner, which_record which, F& f) {
  std::vector<Key> gone;
  for (bool more = true; more;) {
    {
      const no_preempt whole;
      more = forget_some(owner, which, gone);
      for (const Key& key : gone) f(key);
    }
    gone.clear();
    if (more) checkpoint();
  }
}

template <class Key, class Value>
std::optional<std::vector<pid>> registry_table<Key, Value>::change_keeper(std::size_t shard, pid before, pid next,
                                                                          owners_fate fate) {
  std::vector<pid> owners;
  owner_shard& s = by_owner_[shard];
  const write_lock lock{s.mutex};
  if (s.keeper != before) return std::nullopt;
  owners.reserve(s.records.size());
  for (auto& [owner, r] : s.records) {
    r.ended = r.ended || fate == owners_fate::end;
    owners.push_back(owner);
  }
  s.keeper = next;
  return owners;
}

}  // namespace joist::inline v0::detail
