// joist/detail/registry_functions.hpp: the bodies of joist/otp/registry.hpp.
#pragma once

#include <joist/otp/registry.hpp>

#include <algorithm>

namespace joist::inline v0 {

namespace detail {

/// The record that the caller has while it enters. A new one stays only if it has got an entry.
template <class Key, class Value>
class opening {
 public:
  opening(registry_state<Key, Value>& state, pid owner) : state_{state}, owner_{owner}, opened_{state.table.open(owner)} {}
  opening(const opening&) = delete;
  opening& operator=(const opening&) = delete;
  ~opening() {
    if (opened_.made && state_.table.close(owner_)) unlink(opened_.keeper);
  }
  /// Who has a record is linked to its keeper, before it has an entry: whoever ends when, the keeper hears of it.
  void link_to_keeper() const {
    if (!opened_.keeper) registry_is_not_running(state_.options);
    if (opened_.made) link_to_partition(opened_.keeper, state_.options);
  }

 private:
  registry_state<Key, Value>& state_;
  pid owner_;
  typename registry_table<Key, Value>::opened opened_;
};

template <class Key, class Value>
typename registry_table<Key, Value>::added enter(registry_state<Key, Value>& state, const Key& key, const Value& value,
                                                 bool once) {
  const pid me = self();
  for (;;) {
    // A partition is told of an end once: what comes after it would stay. What comes before goes with the record.
    if (has_ended(me)) refuse_who_has_ended(state.options);
    std::vector<std::pair<pid, key_registered<Key, Value>>> news;
    for (const pid listener : state.listeners())
      news.emplace_back(listener, key_registered<Key, Value>{state.options.name, key, me, value});
    {
      const opening record{state, me};
      record.link_to_keeper();
      const no_preempt whole;  // no end of the caller comes between its entry and the news of it
      const auto added = state.table.add(me, key, value, once);
      if (added.what == registry_table<Key, Value>::verdict::added) {
        for (auto& [listener, event] : news) send(listener, std::move(event));
      }
      if (added.what != registry_table<Key, Value>::verdict::not_open) return added;
    }
    state.forget_ended(me);  // the partition has crashed: the caller's entries go, and it begins anew with the next
  }
}

template <class F, class Value>
void call_for(F& f, const registration<Value>& e) {
  static_assert(std::invocable<F&, pid> || std::invocable<F&, pid, const Value&>,
                "joist: dispatch calls f(joist::pid) or f(joist::pid, const Value&): take one of these");
  if constexpr (std::invocable<F&, pid, const Value&>) {
    f(e.process, e.value);
  } else {
    f(e.process);
  }
}

/// A piece of a dispatch: [first, last) of what all pieces share.
template <class F, class Value>
[[nodiscard]] closure_ptr dispatching(std::shared_ptr<const std::vector<registration<Value>>> all, std::size_t first,
                                      std::size_t last, const F& f) {
  return make_closure([all = std::move(all), first, last, f]() mutable {
    for (std::size_t i = first; i < last; ++i) call_for(f, (*all)[i]);
  });
}

}  // namespace detail

template <class Key, class Value>
std::optional<pid> registry<Key, Value>::enter(const Key& key, const Value& value, bool once) const {
  detail::count_call();
  for (;;) {
    const auto added = detail::enter(*state_, key, value, once);
    if (added.what == detail::registry_table<Key, Value>::verdict::added) break;
    if (added.owner == self() || is_alive(added.owner)) return added.owner;
    state_->forget(added.owner);  // its partition has not heard of it yet
  }
  return std::nullopt;
}

template <class Key, class Value>
std::size_t registry<Key, Value>::unregister(const Key& key) const {
  return leave(key, [](std::size_t) { return true; });
}

template <class Key, class Value>
template <std::predicate<const Value&> Choose>
std::size_t registry<Key, Value>::unregister(const Key& key, Choose chosen) const {
  std::vector<std::size_t> numbers;
  for (const auto& [number, value] : state_->table.numbered(key, self())) {
    if (chosen(value)) numbers.push_back(number);
  }
  return leave(key, [&numbers](std::size_t n) { return std::find(numbers.begin(), numbers.end(), n) != numbers.end(); });
}

template <class Key, class Value>
template <class Choose>
std::size_t registry<Key, Value>::leave(const Key& key, Choose choose) const {
  const pid me = self();
  const std::vector<pid> listeners = state_->listeners();
  typename detail::registry_table<Key, Value>::removed removed;
  {
    const no_preempt whole;
    removed = state_->table.remove(me, key, choose);
    for (std::size_t i = 0; i < removed.count; ++i) state_->tell_gone(listeners, key, me);
  }
  if (removed.keeper) unlink(removed.keeper);
  return removed.count;
}

template <class Key, class Value>
std::vector<Key> registry<Key, Value>::keys(pid process) const {
  detail::count_call();
  return state_->table.keys_of(process);
}

template <class Key, class Value>
std::vector<Value> registry<Key, Value>::values(const Key& key, pid process) const {
  detail::count_call();
  std::vector<Value> values;
  for (auto& [number, value] : state_->table.numbered(key, process)) values.push_back(std::move(value));
  return values;
}

template <class Key, class Value>
template <std::predicate<const Value&> Choose>
auto registry<Key, Value>::match(const Key& key, Choose chosen) const -> std::vector<entry> {
  detail::count_call();
  std::vector<entry> all = state_->table.all_of(key);
  std::erase_if(all, [&chosen](const entry& e) { return !chosen(e.value); });
  return all;
}

template <class Key, class Value>
template <std::predicate<const Key&, pid, const Value&> Choose>
std::vector<keyed_registration<Key, Value>> registry<Key, Value>::select(Choose chosen) const {
  std::vector<keyed_registration<Key, Value>> found;
  state_->table.for_each_part([&](std::vector<keyed_registration<Key, Value>>& part) {
    detail::count_call();
    for (auto& e : part) {
      if (chosen(std::as_const(e.key), e.process, std::as_const(e.value))) found.push_back(std::move(e));
    }
  });
  return found;
}

template <class Key, class Value>
std::size_t registry<Key, Value>::count() const {
  detail::count_call();
  return state_->table.count();
}

template <class Key, class Value>
std::size_t registry<Key, Value>::count(const Key& key) const {
  detail::count_call();
  return state_->table.count_of(key);
}

template <class Key, class Value>
template <std::predicate<const Value&> Choose>
std::size_t registry<Key, Value>::count(const Key& key, Choose chosen) const {
  return match(key, std::move(chosen)).size();
}

template <class Key, class Value>
template <std::predicate<const Key&, pid, const Value&> Choose>
std::size_t registry<Key, Value>::count(Choose chosen) const {
  return select(std::move(chosen)).size();
}

template <class Key, class Value>
template <class F>
void registry<Key, Value>::dispatch(const Key& key, F f, dispatch_mode mode) const {
  detail::count_call();
  auto all = std::make_shared<const std::vector<entry>>(state_->table.all_of(key));
  if (mode == dispatch_mode::serial) {
    for (const entry& e : *all) detail::call_for(f, e);
    return;
  }
  std::vector<detail::closure_ptr> pieces;
  const std::size_t most = std::max<std::size_t>(1, state_->partitions);
  const std::size_t each = (all->size() + most - 1) / most;
  for (std::size_t first = 0; first < all->size(); first += each)
    pieces.push_back(detail::dispatching(all, first, std::min(first + each, all->size()), f));
  detail::run_in_parallel(std::move(pieces));
}

template <class Key, class Value>
template <class F>
std::invoke_result_t<F&> registry<Key, Value>::lock(const Key& key, F f) const {
  const detail::registry_lock<Key, Value> held{*state_, key};
  return f();
}

template <class Key, class Value>
result<void, already_registered> unique_registry<Key, Value>::register_(const Key& key, const Value& value) const {
  if (const std::optional<pid> owner = this->enter(key, value, true)) return failure{already_registered{*owner}};
  return {};
}

template <class Key, class Value>
std::optional<registration<Value>> unique_registry<Key, Value>::lookup(const Key& key) const {
  detail::count_call();
  return this->shared().table.oldest_of(key);
}

template <class Key, class Value>
std::optional<pid> unique_registry<Key, Value>::whereis(const Key& key) const {
  detail::count_call();
  const pid owner = this->shared().table.owner_of(key);
  return owner ? std::optional{owner} : std::nullopt;
}

// Nobody else changes it meanwhile.
template <class Key, class Value>
template <class Change>
std::optional<Value> unique_registry<Key, Value>::update_value(const Key& key, Change change) const {
  static_assert(std::is_invocable_r_v<Value, Change&, Value>,
                "joist: update_value calls change(Value), which returns a Value");
  detail::count_call();
  const pid me = self();
  auto mine = this->shared().table.numbered(key, me);
  if (mine.empty()) return std::nullopt;
  Value now = change(std::move(mine.front().second));
  if (!this->shared().table.change(me, key, now)) return std::nullopt;
  return now;
}

template <class Key, class Value>
void duplicate_registry<Key, Value>::register_(const Key& key, const Value& value) const {
  (void)this->enter(key, value, false);
}

template <class Key, class Value>
std::vector<registration<Value>> duplicate_registry<Key, Value>::lookup(const Key& key) const {
  detail::count_call();
  return this->shared().table.all_of(key);
}

template <class Key, class Value>
result<supervisor_ref, start_error> try_start_registry(const registry<Key, Value>& r) {
  return detail::start_registry(r.state_);
}

template <class Key, class Value>
supervisor_ref start_registry(const registry<Key, Value>& r) {
  return detail::started_or_throw(try_start_registry(r));
}

template <class Key, class Value>
child_spec child_registry(std::string id, const registry<Key, Value>& r) {
  return detail::supervisor_child(std::move(id),
                                  [state = r.state_] { return detail::child_of(detail::start_registry(state)); });
}

template <class Key, class Value>
via_name via(const unique_registry<Key, Value>& r, std::type_identity_t<Key> key, std::type_identity_t<Value> value) {
  return {[r, key, value]() -> std::optional<pid> {
            const auto entered = r.register_(key, value);
            return entered ? std::nullopt : std::optional{entered.error().process};
          },
          [r, key] { r.unregister(key); }};
}

template <class Server, class Key, class Value>
std::optional<server_ref<Server>> find_server(const unique_registry<Key, Value>& r, const std::type_identity_t<Key>& key) {
  const std::optional<pid> found = r.whereis(key);
  return found ? std::optional{server_ref<Server>{*found}} : std::nullopt;
}

}  // namespace joist::inline v0
