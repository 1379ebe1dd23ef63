// joist/detail/table.hpp: what is behind the handles of joist/otp/table.hpp.
//
//   table_control     whom it belongs to and whether it is gone, for those who do not know its types
//   table_state       the entries, in parts with a lock each
//   table_hold        around each lock: its holder gives way to nobody, and asks no other table
//
// The keeper, a process, monitors the owner and does what its end asks for; it has the table's name (src/otp/table.cpp).
//
// Locks: at most one part at a time, or several in ascending order; only within a table_hold. Values that are replaced or
// deleted are destroyed after it, for that is user's code. `gone` is set before the parts are emptied, and looked at under
// the lock of a part: nothing is put into one that has been emptied for good.
#pragma once

#include <joist/error.hpp>
#include <joist/message.hpp>
#include <joist/pid.hpp>
#include <joist/preempt.hpp>
#include <joist/process.hpp>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <type_traits>
#include <typeinfo>
#include <unordered_map>
#include <utility>
#include <vector>

namespace joist::inline v0 {
enum class table_access : std::uint8_t;
struct table_options;
struct table_info;
}  // namespace joist::inline v0

namespace joist::inline v0::detail {

class table_control;

/// The message for who is given a table; made when the table is given: of a copy of the user's data, which may throw.
struct table_gift {
  virtual ~table_gift() = default;
  [[nodiscard]] virtual any_message message(const std::shared_ptr<table_control>& table, pid from) const = 0;
};

enum class table_use : unsigned char { read, write };

class table_control {
 public:
  table_control(table_access access, const std::type_info& type) noexcept : access_{access}, type_{&type} {}
  table_control(const table_control&) = delete;
  table_control& operator=(const table_control&) = delete;
  virtual ~table_control() = default;

  /// Destroys all entries, and lets others run in between.     [process]
  virtual void wipe() = 0;
  [[nodiscard]] virtual std::size_t size() const noexcept = 0;

  /// Counts as a call of the runtime, and throws errc::access_denied and errc::no_table. False: the table is gone, and the
  /// caller is being unwound: it finds nothing.     [any thread]
  [[nodiscard]] bool admit(table_use use, const char* call) const;
  /// For what destructors call: as send, it does not unwind a process that has just been ended.     [any thread]
  [[nodiscard]] bool admit_in_destructor(table_use use, const char* call) const;
  /// Under the lock of a part.     [any thread]
  [[nodiscard]] bool still_there(const char* call) const { return !gone() || refuse_gone(call); }
  [[nodiscard]] bool gone() const noexcept { return gone_.load(std::memory_order_acquire); }
  [[nodiscard]] pid owner() const noexcept { return pid::from_value(owner_.load(std::memory_order_acquire)); }
  [[nodiscard]] const std::type_info& type() const noexcept { return *type_; }
  [[nodiscard]] table_info info() const;
  /// For words: table "name".
  [[nodiscard]] std::string called() const;

  // -- the handle's functions that ask the keeper     [process]
  static void start(const std::shared_ptr<table_control>& made, const table_options& options);
  [[nodiscard]] static std::shared_ptr<table_control> find(std::string_view name, const std::type_info& type);
  void delete_table();
  void rename(std::string_view name);
  void give_away(const std::shared_ptr<table_control>& itself, pid to, const table_gift& gift);
  void set_heir(pid heir, std::unique_ptr<table_gift> gift);

  // -- for the keeper, and for the end of the owner
  struct inheritance {
    pid heir;
    std::shared_ptr<const table_gift> gift;
  };
  [[nodiscard]] inheritance heir() const;
  void kept_by(pid keeper) noexcept { keeper_ = keeper; }
  void hand_over(pid to);
  void set_name(std::string name);
  /// Gone from now on. False if it was.
  bool close() noexcept { return !gone_.exchange(true, std::memory_order_acq_rel); }
  /// The owner ends by itself: the table is gone before anybody hears of it, unless it has an heir.
  void owner_ends(pid owner) noexcept;

 private:
  [[nodiscard]] bool is_allowed(table_use use, const char* call) const;
  [[nodiscard]] bool refuse_gone(const char* call) const;
  void require_owner(const char* call) const;

  // -- fixed
  const table_access access_;
  const std::type_info* const type_;
  pid keeper_;  // by itself, before it gives a handle to anybody
  // -- any thread
  // release: `gone`, then the parts are emptied; the acquire under a part's lock sees it, so nothing comes in after that.
  std::atomic<bool> gone_{false};
  std::atomic<std::uint64_t> owner_{0};
  mutable std::mutex mutex_;  // guards all below; nothing is called under it
  std::string name_;
  inheritance heir_;
};

[[noreturn]] void refuse_no_table();

/// While one lives, its process gives way to nobody and stays on its thread; within another one it is refused: what is
/// called under the lock of a table asks no table, for two that wait for each other's locks would wait for ever.
class table_hold {
 public:
  explicit table_hold(const char* call);
  table_hold(const table_hold&) = delete;
  table_hold& operator=(const table_hold&) = delete;
  ~table_hold();

 private:
  no_preempt still_;
};

/// How entries are kept: by hash, in parts with a lock each.
template <class Key, class Value, class Hash, class Equal>
struct hashed_entries {
  using key_type = Key;
  using mapped_type = Value;
  using map = std::unordered_map<Key, Value, Hash, Equal>;
  static constexpr bool ordered = false;
  static constexpr std::size_t parts = 32;
  [[nodiscard]] static std::size_t part_of(const Key& key) {
    return static_cast<std::size_t>((std::uint64_t{Hash{}(key)} * 0x9e3779b97f4a7c15U) >> (64 - 5));
  }
  static_assert(parts == std::size_t{1} << 5);
};
/// In order, in one part.
template <class Key, class Value, class Compare>
struct ordered_entries {
  using key_type = Key;
  using mapped_type = Value;
  using map = std::map<Key, Value, Compare>;
  static constexpr bool ordered = true;
  static constexpr std::size_t parts = 1;
  [[nodiscard]] static std::size_t part_of(const Key&) noexcept { return 0; }
};

template <class Entries>
class table_state final : public table_control {
 public:
  using key_type = typename Entries::key_type;
  using map = typename Entries::map;

  explicit table_state(table_access access) : table_control{access, typeid(Entries)} {}

  /// f(map) under the lock of the part of this key. What it returns, or an empty one: see admit().
  template <class F>
  auto read(const char* call, const key_type& key, F f) const -> decltype(f(std::declval<const map&>())) {
    return read_part(call, Entries::part_of(key), std::move(f));
  }
  template <class F>
  auto read_part(const char* call, std::size_t which, F f) const -> decltype(f(std::declval<const map&>())) {
    if (!admit(table_use::read, call)) return {};
    const part& p = parts_[which];
    const reading held{p, call};
    if (!still_there(call)) return {};
    return f(p.entries);
  }
  template <class F>
  auto write(const char* call, const key_type& key, F f) -> decltype(f(std::declval<map&>())) {
    return admit(table_use::write, call) ? admitted_write(call, key, std::move(f)) : decltype(f(std::declval<map&>())){};
  }
  template <class F>
  auto write_in_destructor(const char* call, const key_type& key, F f) -> decltype(f(std::declval<map&>())) {
    return admit_in_destructor(table_use::write, call) ? admitted_write(call, key, std::move(f))
                                                       : decltype(f(std::declval<map&>())){};
  }

  /// f(map of the key, key, value) for each entry, with all their parts locked.
  template <class Range, class F>
  auto write_all(const char* call, Range& entries, F f) -> decltype(f(std::declval<std::array<map*, Entries::parts>&>())) {
    if (!admit(table_use::write, call)) return {};
    std::array<bool, Entries::parts> wanted{};
    for (const auto& e : entries) wanted[Entries::part_of(e.first)] = true;
    const table_hold hold{call};
    std::array<std::optional<counted>, Entries::parts> held;
    std::array<map*, Entries::parts> maps{};
    for (std::size_t i = 0; i < Entries::parts; ++i) {
      if (!wanted[i]) continue;
      held[i].emplace(parts_[i]);
      maps[i] = &parts_[i].entries;
    }
    if (!still_there(call)) return {};
    return f(maps);
  }

  /// look(entry) for each, under a lock, some at a time, and between() after some, without. An entry that is there all the
  /// time is seen once.
  template <class Look, class Between>
  void look_at_all(const char* call, Look look, Between between) const {
    walk<reading>(*this, table_use::read, call, between, [&look](const map&, auto at) {
      look(*at);
      return std::next(at);
    });
  }
  /// step(map, iterator) -> the next iterator.
  template <class Step, class Between>
  void change_all(const char* call, Step step, Between between) {
    walk<writing>(*this, table_use::write, call, between, step);
  }

  /// All at once.
  void clear(const char* call) {
    std::array<map, Entries::parts> dropped;
    if (!admit(table_use::write, call)) return;
    const table_hold hold{call};
    std::array<std::optional<counted>, Entries::parts> held;
    for (std::size_t i = 0; i < Entries::parts; ++i) held[i].emplace(parts_[i]);
    if (!still_there(call)) return;
    for (std::size_t i = 0; i < Entries::parts; ++i) dropped[i].swap(parts_[i].entries);
  }
  void wipe() override {
    for (part& p : parts_) {
      map dropped;
      {
        const writing held{p, "wipe"};
        dropped.swap(p.entries);
      }
      dropped.clear();
      checkpoint();
    }
  }
  [[nodiscard]] std::size_t size() const noexcept override {
    std::size_t sum = 0;
    // relaxed: who has heard of a change in some way has been ordered after it by that.
    for (const part& p : parts_) sum += p.count.load(std::memory_order_relaxed);
    return sum;
  }

 private:
  static constexpr std::size_t entries_at_once = 256;  // of an ordered table

  struct alignas(64) part {
    mutable std::shared_mutex mutex;
    map entries;
    std::atomic<std::size_t> count{0};  // entries.size(), for those without the lock
  };

  /// The lock of a part to change it, within a table_hold.
  class counted {
   public:
    explicit counted(part& p) : part_{p}, lock_{p.mutex} {}
    counted(const counted&) = delete;
    counted& operator=(const counted&) = delete;
    ~counted() { part_.count.store(part_.entries.size(), std::memory_order_relaxed); }

   private:
    part& part_;
    std::unique_lock<std::shared_mutex> lock_;
  };
  struct writing {
    writing(part& p, const char* call) : hold{call}, lock{p} {}
    table_hold hold;
    counted lock;
  };
  struct reading {
    reading(const part& p, const char* call) : hold{call}, lock{p.mutex} {}
    table_hold hold;
    std::shared_lock<std::shared_mutex> lock;
  };

  template <class F>
  auto admitted_write(const char* call, const key_type& key, F f) -> decltype(f(std::declval<map&>())) {
    part& p = parts_[Entries::part_of(key)];
    const writing held{p, call};
    if (!still_there(call)) return {};
    return f(p.entries);
  }

  template <class Held, class Self, class Between, class Step>
  static void walk(Self& self, table_use use, const char* call, Between& between, Step step) {
    if constexpr (Entries::ordered) {
      std::optional<key_type> last;
      for (bool more = true; more; between()) {
        if (!self.admit(use, call)) return;
        const Held held{self.parts_[0], call};
        if (!self.still_there(call)) return;
        more = walk_on(self.parts_[0].entries, last, step);
      }
    } else {
      for (auto& p : self.parts_) {
        if (!self.admit(use, call)) return;
        walk_part<Held>(self, p, call, step);
        between();
      }
    }
  }
  template <class Held, class Self, class Part, class Step>
  static void walk_part(Self& self, Part& p, const char* call, Step& step) {
    const Held held{p, call};
    if (!self.still_there(call)) return;
    for (auto at = p.entries.begin(); at != p.entries.end();) at = step(p.entries, at);
  }
  // Whether there are more.
  template <class Map, class Step>
  static bool walk_on(Map& entries, std::optional<key_type>& last, Step& step) {
    auto at = last ? entries.upper_bound(*last) : entries.begin();
    for (std::size_t n = 1; at != entries.end(); ++n) {
      if (n == entries_at_once) last.emplace(at->first);
      at = step(entries, at);
      if (n == entries_at_once) return at != entries.end();
    }
    return false;
  }

  std::array<part, Entries::parts> parts_;
};

/// What f returned, kept: R, or for void, that it was called.
template <class R>
using update_result = std::conditional_t<std::is_void_v<R>, bool, std::optional<R>>;

template <class F, class Value>
auto call_with(F& f, Value& value) -> update_result<std::remove_cvref_t<std::invoke_result_t<F&, Value&>>> {
  if constexpr (std::is_void_v<std::invoke_result_t<F&, Value&>>) {
    f(value);
    return true;
  } else {
    return f(value);
  }
}

/// Adds, or throws errc::bad_argument when the sum is beyond what the counter can hold.
[[noreturn]] void refuse_overflow();
template <class Number>
Number add_to(Number& counter, Number by) {
  Number sum{};
  if (__builtin_add_overflow(counter, by, &sum)) refuse_overflow();
  return counter = sum;
}

}  // namespace joist::inline v0::detail
