// base/flat_map.hpp: a map from non-zero 64-bit keys: pids, references. Most processes have few relations, some have
// hundreds of thousands: up to eight entries are searched in a row, more are hashed (linear probing, no tombstones).
// Refused: std::unordered_map: a node allocation and two cache misses for the one monitor of every call.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

#include "base/pool.hpp"

namespace joist::inline v0::base {

/// Of references: any bits may differ.
struct hash_of_key {
  static constexpr std::uint64_t mix(std::uint64_t key) noexcept { return key; }
};
/// Of pids: without the number of the node, so that the order of entries is the same in each run of a simulated world.
struct hash_of_pid {
  static constexpr std::uint64_t mix(std::uint64_t key) noexcept { return key << 12; }
};

/// A number of `bits` bits for a place in a table: of the product the bits that all bits of the key are in (Fibonacci
/// hashing, Knuth 6.4). bits > 0.
[[nodiscard]] constexpr std::size_t top_bits(std::uint64_t mixed, int bits) noexcept {
  return static_cast<std::size_t>((mixed * 0x9e3779b97f4a7c15U) >> (64 - bits));
}

template <class Value, class Hash = hash_of_key>
class flat_map {
 public:
  struct entry {
    std::uint64_t key = 0;  // 0: free
    Value value{};
  };

  flat_map() = default;
  flat_map(flat_map&& from) noexcept
      : entries_{std::exchange(from.entries_, nullptr)},
        size_{std::exchange(from.size_, 0)},
        capacity_{std::exchange(from.capacity_, 0)} {}
  flat_map& operator=(flat_map&& from) noexcept {
    flat_map taken{std::move(from)};
    std::swap(entries_, taken.entries_);
    std::swap(size_, taken.size_);
    std::swap(capacity_, taken.capacity_);
    return *this;
  }
  ~flat_map() { release(entries_, capacity_); }

  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  [[nodiscard]] bool empty() const noexcept { return size_ == 0; }

  [[nodiscard]] Value* find(std::uint64_t key) noexcept {
    entry* found = locate(key);
    return found != nullptr ? &found->value : nullptr;
  }

  /// The value of `key`, made by default if there is none. References hold until the next change.
  Value& operator[](std::uint64_t key) {
    if (entry* found = locate(key)) return found->value;
    if (size_ >= (is_row() ? capacity_ : capacity_ - capacity_ / 4)) grow();
    entry& place = free_place(key);
    place.key = key;
    place.value = Value{};
    ++size_;
    return place.value;
  }

  bool erase(std::uint64_t key) {
    entry* found = locate(key);
    if (found == nullptr) return false;
    --size_;
    if (is_row()) {
      entry& last = entries_[size_];
      if (found != &last) *found = std::move(last);
      last = entry{};
    } else {
      close_gap(static_cast<std::size_t>(found - entries_));
    }
    return true;
  }

  /// Calls f(key, value) for each entry, in no order. f must not change the map.
  template <class F>
  void for_each(F&& f) {
    for (std::size_t i = 0, left = size_; left > 0; ++i) {
      if (entries_[i].key == 0) continue;
      --left;
      f(entries_[i].key, entries_[i].value);
    }
  }

 private:
  static constexpr std::size_t row = 8;

  [[nodiscard]] bool is_row() const noexcept { return capacity_ <= row; }
  [[nodiscard]] std::size_t home(std::uint64_t key) const noexcept {
    return top_bits(Hash::mix(key), std::countr_zero(capacity_));
  }

  entry* locate(std::uint64_t key) noexcept {
    if (is_row()) {
      for (std::size_t i = 0; i < size_; ++i) {
        if (entries_[i].key == key) return &entries_[i];
      }
      return nullptr;
    }
    for (std::size_t i = home(key);; i = (i + 1) & (capacity_ - 1)) {
      if (entries_[i].key == key) return &entries_[i];
      if (entries_[i].key == 0) return nullptr;
    }
  }

  entry& free_place(std::uint64_t key) noexcept {
    if (is_row()) return entries_[size_];
    std::size_t i = home(key);
    while (entries_[i].key != 0) i = (i + 1) & (capacity_ - 1);
    return entries_[i];
  }

  void grow() {
    const std::uint32_t before = capacity_;
    const std::uint32_t wanted = before == 0 ? 1 : before * 2;
    entry* made = make(wanted);
    entry* old = std::exchange(entries_, made);
    capacity_ = wanted;
    const std::uint32_t kept = size_;
    size_ = 0;
    for (std::size_t i = 0; i < before && size_ < kept; ++i) {
      if (old[i].key == 0) continue;
      free_place(old[i].key) = std::move(old[i]);
      ++size_;
    }
    release(old, before);
  }

  static entry* make(std::uint32_t count) {
    static_assert(alignof(entry) <= 16);
    auto* memory = static_cast<entry*>(pool_allocate_uncounted(count * sizeof(entry)));
    std::uninitialized_value_construct_n(memory, count);
    return memory;
  }
  static void release(entry* entries, std::uint32_t count) noexcept {
    if (entries == nullptr) return;
    std::destroy_n(entries, count);
    pool_release_uncounted(entries, count * sizeof(entry));
  }

  // Moves later entries of the probe run back, so that no search is cut short (Knuth 6.4, algorithm R).
  void close_gap(std::size_t gap) {
    const std::size_t mask = capacity_ - 1;
    for (std::size_t i = (gap + 1) & mask; entries_[i].key != 0; i = (i + 1) & mask) {
      const std::size_t wanted = home(entries_[i].key);
      if (((i - wanted) & mask) < ((i - gap) & mask)) continue;
      entries_[gap] = std::move(entries_[i]);
      gap = i;
    }
    entries_[gap] = entry{};
  }

  entry* entries_ = nullptr;
  std::uint32_t size_ = 0;
  std::uint32_t capacity_ = 0;
};

}  // namespace joist::inline v0::base
