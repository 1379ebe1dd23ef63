// joist/otp/table.hpp: tables that many processes read and change without asking anybody: for caches, counters, registries.
// What one process keeps for itself is a std::map; what has rules of its own is a server.
//
//   using sessions = joist::table<std::string, session>;
//   auto table = sessions::create({.name = "sessions", .access = joist::table_access::public_});
//   table.insert(id, session{user});
//   std::optional<session> s = table.lookup(id);                             // a copy
//   table.update(id, [](session& found) { ++found.requests; });              // atomic
//   auto same = sessions::find("sessions");                                  // elsewhere
//
// Promises
//   each function is atomic, and seen by all others from its return on; what says so works on many entries one by one
//   a table belongs to the process that has made it, and is gone when that has ended, with its entries, unless it has an
//     heir. Functions then throw errc::no_table; only while an exception unwinds the caller they find nothing instead
//   when the owner ends by itself, the table is gone before anybody hears of that; when it is ended, a moment later. Its
//     name can be taken at once
//   functions that are given to lookup, update and select run while a part of the table is locked: for microseconds. A wait
//     there is refused, and so is the use of a table (errc::bad_wait). What they throw reaches the caller. Those given to
//     fold and for_each may do anything
//   a handle is a value: cheap to copy, and may be sent. Functions throw errc::no_table through one that names no table, and
//     errc::access_denied to those who may not
//
// Example: examples/13_table. See also: local.hpp, gen_server.hpp. OTP: ets.
#pragma once

#include <joist/detail/table.hpp>

#include <concepts>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace joist::inline v0 {

/// Who may do what, beside the owner.
enum class table_access : std::uint8_t {
  protected_,  ///< all read, the owner alone writes
  public_,     ///< all read and write
  private_,    ///< nobody does
};

struct table_options {
  std::string name = {};  ///< for find(); of at most longest_table_name bytes
  table_access access = table_access::protected_;
};
inline constexpr std::size_t longest_table_name = 249;

struct table_info {
  std::string name;
  pid owner;
  pid heir;
  table_access access = table_access::protected_;
  std::size_t size = 0;
  std::string type;  ///< of the entries
};

/// What a process receives that is given a table: by give_away(), or as the heir. It is the owner by then.
template <class Table, class Data = std::monostate>
struct table_transfer {
  Table table;
  pid from;
  Data data;
};

/// A handle; see table and ordered_table at the end. Functions may be called from any thread, but for those marked
/// [process], where access allows that: a thread of the program is nobody's owner.
template <class Entries>
class basic_table {
  using state = detail::table_state<Entries>;
  using map = typename Entries::map;

 public:
  using key_type = typename Entries::key_type;
  using mapped_type = typename Entries::mapped_type;
  using entry = std::pair<key_type, mapped_type>;

  /// Names no table.
  basic_table() = default;

  /// A new table, the caller's. Throws errc::name_taken, and errc::bad_argument for a name that is too long. [process]
  [[nodiscard]] static basic_table create(const table_options& options = {}) {
    detail::require_sendable<key_type>();
    detail::require_sendable<mapped_type>();
    auto made = std::make_shared<state>(options.access);
    detail::table_control::start(made, options);
    return basic_table{std::move(made)};
  }
  /// The table that has the name. Throws errc::bad_argument when it is one of another type.     [process]
  [[nodiscard]] static std::optional<basic_table> find(std::string_view name) {
    auto found = detail::table_control::find(name, typeid(Entries));
    if (found == nullptr) return std::nullopt;
    return basic_table{std::static_pointer_cast<state>(std::move(found))};
  }

  // -- one entry

  /// Puts a value in, in place of the one that was there.
  void insert(key_type key, mapped_type value) const {
    (void)get().write("insert", key, [&](map& entries) {
      const auto [at, is_new] = entries.try_emplace(std::move(key), std::move(value));
      if (!is_new) std::swap(at->second, value);
      return true;
    });
  }
  /// Puts a value in where there is none. False: there was one, which stays.
  bool insert_new(key_type key, mapped_type value) const {
    return get().write("insert_new", key,
                       [&](map& entries) { return entries.try_emplace(std::move(key), std::move(value)).second; });
  }
  [[nodiscard]] std::optional<mapped_type> lookup(const key_type& key) const {
    static_assert(std::is_copy_constructible_v<mapped_type>,
                  "joist: lookup copies the value, which this one does not allow: lookup(key, look) calls look(value)");
    return lookup(key, [](const mapped_type& value) { return value; });
  }
  /// What `look` says of the value. Nothing when there is none; true when look returns nothing.
  template <class Look>
  auto lookup(const key_type& key, Look look) const {
    return get().read("lookup", key, [&](const map& entries) {
      using found = decltype(detail::call_with(look, std::declval<const mapped_type&>()));
      const auto at = entries.find(key);
      return at == entries.end() ? found{} : detail::call_with(look, at->second);
    });
  }
  [[nodiscard]] bool member(const key_type& key) const {
    return get().read("member", key, [&](const map& entries) { return entries.find(key) != entries.end(); });
  }
  /// change(value&), where there is one: what it returns, or true. When it throws, the value stays as it is by then.
  template <class Change>
  auto update(const key_type& key, Change change) const {
    return get().write("update", key, [&](map& entries) {
      using changed = decltype(detail::call_with(change, std::declval<mapped_type&>()));
      const auto at = entries.find(key);
      return at == entries.end() ? changed{} : detail::call_with(change, at->second);
    });
  }
  /// The same, with `initial` put in before where there is none; taken out again if `change` throws.
  template <class Change>
  auto update(const key_type& key, mapped_type initial, Change change) const {
    typename map::node_type gone;  // destroyed after the lock
    return get().write("update", key, [&](map& entries) {
      const auto [at, is_new] = entries.try_emplace(key, std::move(initial));
      try {
        return detail::call_with(change, at->second);
      } catch (...) {
        if (is_new) gone = entries.extract(at);
        throw;
      }
    });
  }
  /// Adds to a counter: its new value, or nothing where there is none. Throws errc::bad_argument for an overflow, which
  /// changes nothing. For destructors, too, as erase: neither unwinds a process that has just been ended.
  std::optional<mapped_type> update_counter(const key_type& key, mapped_type by) const requires std::integral<mapped_type> {
    return change_counter(key, {}, [by](mapped_type& n) { return detail::add_to(n, by); });
  }
  /// The same, from `initial` where there is none.
  mapped_type update_counter(const key_type& key, mapped_type by,
                             mapped_type initial) const requires std::integral<mapped_type> {
    return change_counter(key, initial, [by](mapped_type& n) { return detail::add_to(n, by); }).value_or(mapped_type{});
  }
  /// The same for a member of the value: update_counter(key, &stats::hits, 1).
  template <std::integral Number, class Of>
  requires std::is_same_v<Of, mapped_type> std::optional<Number> update_counter(const key_type& key, Number Of::*counter,
                                                                                std::type_identity_t<Number> by)
  const {
    return change_counter(key, {}, [&](mapped_type& value) { return detail::add_to(value.*counter, by); });
  }
  template <std::integral Number, class Of>
  requires std::is_same_v<Of, mapped_type> Number update_counter(const key_type& key, Number Of::*counter,
                                                                 std::type_identity_t<Number> by, mapped_type initial)
  const {
    return change_counter(key, std::move(initial), [&](mapped_type& value) { return detail::add_to(value.*counter, by); })
        .value_or(Number{});
  }
  /// Takes a value out.
  std::optional<mapped_type> take(const key_type& key) const {
    using node = typename map::node_type;
    node gone = get().write("take", key, [&](map& entries) { return entries.extract(key); });
    return gone.empty() ? std::nullopt : std::optional<mapped_type>{std::move(gone.mapped())};
  }
  /// Whether there was one.
  bool erase(const key_type& key) const {
    using node = typename map::node_type;
    const node gone = get().write_in_destructor("erase", key, [&](map& entries) { return entries.extract(key); });
    return !gone.empty();
  }

  // -- many entries

  /// All of them at once: nobody finds a part of them. Of two with one key the later counts.
  void insert(std::vector<entry> entries) const {
    (void)get().write_all("insert", entries, [&](auto& maps) {
      for (entry& e : entries) {
        const auto [at, is_new] = maps[Entries::part_of(e.first)]->try_emplace(std::move(e.first), std::move(e.second));
        if (!is_new) std::swap(at->second, e.second);
      }
      return true;
    });
  }
  /// All of them, or none when the table has one of the keys.
  bool insert_new(std::vector<entry> entries) const {
    return get().write_all("insert_new", entries, [&](auto& maps) {
      for (const entry& e : entries) {
        if (maps[Entries::part_of(e.first)]->count(e.first) > 0) return false;
      }
      for (entry& e : entries) maps[Entries::part_of(e.first)]->try_emplace(std::move(e.first), std::move(e.second));
      return true;
    });
  }
  /// All at once.
  void clear() const { get().clear("clear"); }
  [[nodiscard]] std::size_t size() const {
    const state& s = get();
    return s.admit(detail::table_use::read, "size") ? s.size() : 0;
  }

  // These see each entry once that is there all the time, and may or may not see others: as after ets:safe_fixtable. A table
  // is gone through in parts: by hash in 32, in order in steps of 256 entries. The parts are locked one after the other.

  /// f(key, value) with copies.
  template <class F>
  void for_each(F f) const {
    std::vector<entry> some;
    get().look_at_all(
        "for_each", [&some](const auto& e) { some.emplace_back(e.first, e.second); },
        [&some, &f] {
          for (entry& e : std::exchange(some, {})) f(std::as_const(e.first), std::move(e.second));
        });
  }
  /// f(sum, key, value) -> the next sum.
  template <class Sum, class F>
  [[nodiscard]] Sum fold(Sum sum, F f) const {
    for_each([&](const key_type& key, mapped_type value) { sum = f(std::move(sum), key, std::move(value)); });
    return sum;
  }
  /// Copies of the entries for which pred(key, value).
  template <class Predicate>
  [[nodiscard]] std::vector<entry> select(Predicate pred) const {
    std::vector<entry> found;
    get().look_at_all(
        "select",
        [&](const auto& e) {
          if (pred(e.first, e.second)) found.emplace_back(e.first, e.second);
        },
        [] {});
    return found;
  }
  template <class Predicate>
  [[nodiscard]] std::size_t select_count(Predicate pred) const {
    std::size_t count = 0;
    get().look_at_all(
        "select_count", [&](const auto& e) { count += pred(e.first, e.second) ? 1U : 0U; }, [] {});
    return count;
  }
  /// Takes out the entries for which pred(key, value): how many these were.
  template <class Predicate>
  std::size_t select_delete(Predicate pred) const {
    std::size_t count = 0;
    std::vector<typename map::node_type> gone;
    get().change_all(
        "select_delete",
        [&](map& entries, auto at) {
          if (!pred(at->first, std::as_const(at->second))) return std::next(at);
          const auto this_one = at++;
          gone.push_back(entries.extract(this_one));
          return at;
        },
        [&] { count += std::exchange(gone, {}).size(); });
    return count;
  }
  [[nodiscard]] std::vector<entry> to_vector() const {
    return select([](const key_type&, const mapped_type&) { return true; });
  }

  // -- in order

  /// The smallest key, and the largest.
  [[nodiscard]] std::optional<key_type> first() const requires(Entries::ordered) { return key_of(first_lookup()); }
  [[nodiscard]] std::optional<key_type> last() const requires(Entries::ordered) { return key_of(last_lookup()); }
  /// The nearest one behind `key`, or before it, whether that is there or not.
  [[nodiscard]] std::optional<key_type> next(const key_type& key) const requires(Entries::ordered) {
    return key_of(next_lookup(key));
  }
  [[nodiscard]] std::optional<key_type> prev(const key_type& key) const requires(Entries::ordered) {
    return key_of(prev_lookup(key));
  }
  /// The same, with the value.
  [[nodiscard]] std::optional<entry> first_lookup() const requires(Entries::ordered) {
    return at_place("first", [](const map& entries) { return entries.begin(); });
  }
  [[nodiscard]] std::optional<entry> last_lookup() const requires(Entries::ordered) {
    return at_place("last", [](const map& m) { return m.empty() ? m.end() : std::prev(m.end()); });
  }
  [[nodiscard]] std::optional<entry> next_lookup(const key_type& key) const requires(Entries::ordered) {
    return at_place("next", [&key](const map& entries) { return entries.upper_bound(key); });
  }
  [[nodiscard]] std::optional<entry> prev_lookup(const key_type& key) const requires(Entries::ordered) {
    return at_place("prev", [&key](const map& m) {
      const auto behind = m.lower_bound(key);
      return behind == m.begin() ? m.end() : std::prev(behind);
    });
  }

  // -- the table as a whole

  /// Ends the table: its entries are destroyed, and its name is free. For those who may write.     [process]
  void delete_table() const { get().delete_table(); }
  /// Gives it another name, or its first one. For those who may write. Throws as create does.     [process]
  void rename(std::string_view name) const { get().rename(name); }
  /// `to` becomes the owner, and receives a table_transfer. Throws errc::no_process, and errc::bad_argument for oneself.
  ///     [the owner]
  template <class Data = std::monostate>
  void give_away(pid to, Data data = {}) const {
    get().give_away(state_, to, gift<Data>{std::move(data)});
  }
  /// When the owner has ended, `heir` becomes the owner, and receives a table_transfer; where the data cannot be copied
  /// then, it becomes the owner without, and the log says so. pid{}: nobody.     [the owner]
  template <class Data = std::monostate>
  void set_heir(pid heir, Data data = {}) const {
    get().set_heir(heir, std::make_unique<gift<Data>>(std::move(data)));
  }
  [[nodiscard]] table_info info() const { return get().info(); }

  friend bool operator==(const basic_table&, const basic_table&) noexcept = default;

 private:
  template <class Data>
  struct gift final : detail::table_gift {
    explicit gift(Data d) : data{std::move(d)} { detail::require_sendable<Data>(); }
    any_message message(const std::shared_ptr<detail::table_control>& t, pid from) const override {
      static_assert(std::is_copy_constructible_v<Data>, "joist: data for who is given a table is copied");
      using transfer = table_transfer<basic_table, Data>;
      detail::require_sendable<transfer>();
      return any_message{detail::make_node<transfer>(transfer{basic_table{std::static_pointer_cast<state>(t)}, from, data})};
    }
    Data data;
  };

  explicit basic_table(std::shared_ptr<state> s) noexcept : state_{std::move(s)} {}

  [[nodiscard]] state& get() const {
    if (state_ == nullptr) [[unlikely]]
      detail::refuse_no_table();
    return *state_;
  }
  template <class Change>
  auto change_counter(const key_type& key, std::optional<mapped_type> initial, Change change) const {
    using changed = decltype(detail::call_with(change, std::declval<mapped_type&>()));
    return get().write_in_destructor("update_counter", key, [&](map& entries) -> changed {
      auto at = entries.find(key);
      if (at != entries.end()) return change(at->second);
      if (!initial) return std::nullopt;
      const auto result = change(*initial);
      entries.emplace(key, std::move(*initial));
      return result;
    });
  }
  template <class Place>
  std::optional<entry> at_place(const char* call, Place place) const {
    return get().read_part(call, 0, [&](const map& entries) -> std::optional<entry> {
      const auto at = place(entries);
      return at == entries.end() ? std::nullopt : std::optional<entry>{*at};
    });
  }
  static std::optional<key_type> key_of(std::optional<entry> e) {
    return e ? std::optional<key_type>{std::move(e->first)} : std::nullopt;
  }

  std::shared_ptr<state> state_;
};

/// Found by hash; 32 parts with a lock each, which readers share: for many readers and writers (OTP: set).
template <class Key, class Value, class Hash = std::hash<Key>, class Equal = std::equal_to<Key>>
using table = basic_table<detail::hashed_entries<Key, Value, Hash, Equal>>;

/// In the order of its keys; one lock, which readers share (OTP: ordered_set).
template <class Key, class Value, class Compare = std::less<Key>>
using ordered_table = basic_table<detail::ordered_entries<Key, Value, Compare>>;

}  // namespace joist::inline v0
