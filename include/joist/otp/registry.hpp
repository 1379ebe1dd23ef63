// joist/otp/registry.hpp: processes under keys of any type: unique keys, to find the one that has a key; duplicate ones, to
// reach all who have come under it.
//
//   const joist::duplicate_registry<std::string> topics;    // made before anything runs; copies are the same registry
//   const joist::unique_registry<int> rooms;
//   auto top = joist::start_supervisor({.strategy = joist::supervision::rest_for_one},
//                                      {joist::child_registry("topics", topics), joist::child_registry("rooms", rooms)});
//
//   topics.register_("news");                                                         // the calling process
//   topics.dispatch("news", [](joist::pid subscriber) { joist::send(subscriber, article{}); });
//
//   joist::start_link<room>({.via = joist::via(rooms, 7)});                           // a server under a key
//   joist::find_server<room>(rooms, 7)->cast(room::join{"ann"});
//
// Promises
//   a unique key belongs to one living process at most. One that has ended is in nobody's way, from the moment that it is
//     seen to have ended; look-ups may show it a little longer, until its partition has heard of it
//   look-ups ask no process: they read a table that all copies share, and wait for nobody but writers of the same shard
//   who is registered is linked to a partition of the registry: when that crashes, entries and owners go together, and are
//     started again together
//
// Keys have operator== and a std::hash; keys and values are copied, and what does that calls nothing of Joist that waits.
//
// Example: examples/10_registry. See also: pg.hpp (groups that others put a process into), names.hpp. Elixir: Registry.
#pragma once

#include <joist/detail/registry.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace joist::inline v0 {

enum class dispatch_mode : std::uint8_t {
  serial,    ///< in the calling process, the oldest entry first
  parallel,  ///< by as many processes as there are partitions, each with a copy of the function: it captures values
};

/// What both kinds of registries have. Made in any thread; to be started once, by start_registry or child_registry.
template <class Key, class Value = no_value>
class registry {
 public:
  using entry = registration<Value>;

  /// Takes the caller out from under the key; how many entries that were. Destructors may call it where there are no
  /// listeners: it does not unwind a process that is being ended.     [process]
  std::size_t unregister(const Key& key) const;
  /// The same for entries with such values: chosen(const Value&).     [process]
  template <std::predicate<const Value&> Choose>
  std::size_t unregister(const Key& key, Choose chosen) const;

  /// The keys of a process, once for each entry, in no order.     [any thread]
  [[nodiscard]] std::vector<Key> keys(pid process) const;
  /// What a process has put under the key, the oldest first.     [any thread]
  [[nodiscard]] std::vector<Value> values(const Key& key, pid process) const;
  /// The entries of a key with such values, the oldest first.     [any thread]
  template <std::predicate<const Value&> Choose>
  [[nodiscard]] std::vector<entry> match(const Key& key, Choose chosen) const;
  /// All entries that are chosen(key, process, value). A copy of all is looked at.     [any thread]
  template <std::predicate<const Key&, pid, const Value&> Choose>
  [[nodiscard]] std::vector<keyed_registration<Key, Value>> select(Choose chosen) const;

  /// How many entries there are: in all, of a key, of a key and with such values, and of those chosen as by
  /// select.     [any thread]
  [[nodiscard]] std::size_t count() const;
  [[nodiscard]] std::size_t count(const Key& key) const;
  template <std::predicate<const Value&> Choose>
  [[nodiscard]] std::size_t count(const Key& key, Choose chosen) const;
  template <std::predicate<const Key&, pid, const Value&> Choose>
  [[nodiscard]] std::size_t count(Choose chosen) const;

  /// Calls f(pid), or f(pid, const Value&), for each entry of the key. What f throws leaves dispatch, and ends the caller if
  /// it ran in parallel.     [process]
  template <class F>
  void dispatch(const Key& key, F f, dispatch_mode mode = dispatch_mode::serial) const;

  /// Calls f while no other process has the lock of the key; returns what f returns. The lock has nothing to do with
  /// entries; it is free when f has returned or thrown, or its process has ended. Throws errc::bad_wait where the caller
  /// has it already. It is lost when the registry crashes.     [process]
  template <class F>
  std::invoke_result_t<F&> lock(const Key& key, F f) const;

  [[nodiscard]] const registry_options& options() const noexcept { return state_->options; }
  friend bool operator==(const registry& a, const registry& b) noexcept { return a.state_ == b.state_; }

 protected:
  using state = detail::registry_state<Key, Value>;
  explicit registry(registry_options options) : state_{std::make_shared<state>(std::move(options))} {
    detail::require_key<Key>();
    detail::require_value<Value>();
  }
  ~registry() = default;
  registry(const registry&) = default;
  registry(registry&&) noexcept = default;
  registry& operator=(const registry&) = default;
  registry& operator=(registry&&) noexcept = default;

  /// Who has the key, if that keeps the caller out.
  std::optional<pid> enter(const Key& key, const Value& value, bool once) const;
  [[nodiscard]] state& shared() const noexcept { return *state_; }

 private:
  template <class Choose>
  std::size_t leave(const Key& key, Choose choose) const;

  std::shared_ptr<state> state_;

  template <class K, class V>
  friend child_spec child_registry(std::string id, const registry<K, V>& r);
  template <class K, class V>
  friend result<supervisor_ref, start_error> try_start_registry(const registry<K, V>& r);
};

/// Who has the key.
struct already_registered {
  pid process;
  [[nodiscard]] std::string to_string() const { return "the key is taken: " + joist::to_string(process) + " has it"; }
};

/// A key has one process.
template <class Key, class Value = no_value>
class unique_registry : public registry<Key, Value> {
 public:
  explicit unique_registry(registry_options options = {}) : registry<Key, Value>{std::move(options)} {}

  /// Puts the caller under the key. Refused where a living process has it, also where that is the caller; if it is busy,
  /// waits until it reaches a call of the runtime. Throws errc::not_running; and errc::no_process to who is being ended, as
  /// in destructors: its entries are gone already, or about to go.     [process]
  result<void, already_registered> register_(const Key& key, const Value& value = {}) const;

  [[nodiscard]] std::optional<registration<Value>> lookup(const Key& key) const;  ///< [any thread]
  [[nodiscard]] std::optional<pid> whereis(const Key& key) const;                 ///< [any thread]
  /// Puts change(value) in the place of the caller's value, and returns it; nothing where the key is not the caller's.
  /// `change` may do what it likes.     [process]
  template <class Change>
  std::optional<Value> update_value(const Key& key, Change change) const;
};

/// A key has as many entries as one likes, also of the same process.
template <class Key, class Value = no_value>
class duplicate_registry : public registry<Key, Value> {
 public:
  explicit duplicate_registry(registry_options options = {}) : registry<Key, Value>{std::move(options)} {}

  /// Puts the caller under the key, once more if it is there. Throws errc::not_running, and errc::no_process to who is being
  /// ended.     [process]
  void register_(const Key& key, const Value& value = {}) const;

  /// The oldest first.     [any thread]
  [[nodiscard]] std::vector<registration<Value>> lookup(const Key& key) const;
};

/// Starts the registry, linked to the caller: a supervisor of its partitions. `already_started`: it runs.     [process]
template <class Key, class Value>
result<supervisor_ref, start_error> try_start_registry(const registry<Key, Value>& r);
/// The same, and throws start_failed.     [process]
template <class Key, class Value>
supervisor_ref start_registry(const registry<Key, Value>& r);
/// A registry as a child: permanent, before those that register there, in a supervisor that is rest_for_one.
template <class Key, class Value>
[[nodiscard]] child_spec child_registry(std::string id, const registry<Key, Value>& r);

/// For server_options: the server stands under the key before its constructor runs. Where another does, its start is
/// `already_started`.
template <class Key, class Value>
[[nodiscard]] via_name via(const unique_registry<Key, Value>& r, std::type_identity_t<Key> key,
                           std::type_identity_t<Value> value = {});
template <class Key, class Value, class... Rest>
via_name via(const duplicate_registry<Key, Value>&, Rest&&...) {
  static_assert(!std::is_same_v<Key, Key>,
                "joist: a server is found under a key that has one process: use a joist::unique_registry");
  return {};
}
/// The server under the key. That it is one of class Server is up to who says so.     [any thread]
template <class Server, class Key, class Value>
[[nodiscard]] std::optional<server_ref<Server>> find_server(const unique_registry<Key, Value>& r,
                                                            const std::type_identity_t<Key>& key);

}  // namespace joist::inline v0

#include <joist/detail/registry_functions.hpp>
