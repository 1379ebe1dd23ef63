// pubsub/topic_table.hpp: who has subscribed to which topic.
//
//   topic          name, blocks of places; there while it has a subscription
//   place          a subscriber, for those who deliver; all but the last block of a topic are full
//   subscription   the same for its process, which keeps them in a list of its own (process_local) and takes them out when
//                  it ends
//
// Invariants
//   T1  a subscription says where its place is, and the place which subscription it is of; both change under the lock of the
//       topic's shard
//   T2  a block that somebody else holds is never changed: who has to change it changes a copy of it. So who delivers has
//       the subscribers as they were at one moment, and no lock
//   T3  no call of the runtime runs under a lock, and whoever holds one gives way to nobody (no_preempt)
//
// Refused: a registry (otp/registry.hpp), whose entries cost 400 bytes, with two links, where these cost about 100;
// processes that watch subscribers, for a process that ends cleans up itself, also where its stack is given up
// (core/abandon.hpp).
#pragma once

#include <joist/detail/held.hpp>
#include <joist/detail/pubsub.hpp>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/text_hash.hpp"

namespace joist::inline v0::detail {

class topic_table;
struct topic;

/// In the heap, by the process that has subscribed.
struct subscription {
  subscription* next;  // of the process
  std::shared_ptr<topic_table> table;
  topic* in;
  std::uint32_t position;  // of its place in the topic

  static void* operator new(std::size_t bytes) { return base::pool_allocate_uncounted(bytes); }
  static void operator delete(void* memory, std::size_t bytes) noexcept { base::pool_release_uncounted(memory, bytes); }
};

struct subscriber_place {
  pid process;
  subscription* of;
  subscriber_data_ptr data;
};

using subscriber_places = std::vector<subscriber_place, pool_allocator<subscriber_place>>;

/// Up to so many places, held by their topic and by those who deliver.
class topic_block {
 public:
  static constexpr std::size_t most = 64;
  subscriber_places places;

 private:
  friend class block_ptr;
  std::atomic<std::uint32_t> holders_{1};
};

class block_ptr {
 public:
  block_ptr() : block_{new topic_block} {}
  block_ptr(const block_ptr& other) noexcept : block_{other.block_} {
    block_->holders_.fetch_add(1, std::memory_order_relaxed);  // the copied one keeps it
  }
  block_ptr(block_ptr&& other) noexcept : block_{std::exchange(other.block_, nullptr)} {}
  block_ptr& operator=(block_ptr other) noexcept {
    std::swap(block_, other.block_);
    return *this;
  }
  ~block_ptr() {
    // acq_rel: what others have read of it, before it is freed. Pairs with itself.
    if (block_ != nullptr && block_->holders_.fetch_sub(1, std::memory_order_acq_rel) == 1) delete block_;
  }
  [[nodiscard]] const subscriber_places& places() const noexcept { return block_->places; }

  /// The places, to be changed: of this block, if nobody else holds it, or of a copy, which it then is.
  [[nodiscard]] subscriber_places& own() {
    // acquire: who has let go of it has read it before. Pairs with the release in ~block_ptr. With relaxed, a place could
    // change under the eyes of one who delivers.
    if (block_->holders_.load(std::memory_order_acquire) > 1) {
      block_ptr copy;
      copy.block_->places = block_->places;
      *this = std::move(copy);
    }
    return block_->places;
  }

 private:
  topic_block* block_;
};

struct topic {
  std::string name;
  std::vector<block_ptr> blocks;
  std::uint32_t size = 0;
};

class topic_table {
 public:
  /// Puts a place for it at the end of the topic.     [process]
  void add(std::string_view name, pid process, subscription& s, subscriber_data_ptr data);
  /// Takes it out: it is nobody's place then.     [any thread]
  void remove(subscription& s) noexcept;

  /// The subscribers of a topic at this moment.
  [[nodiscard]] std::vector<block_ptr> look(std::string_view name) const;
  [[nodiscard]] std::size_t count(std::string_view name) const;
  /// Sorted, as they lie in an order of this run.
  [[nodiscard]] std::vector<std::string> names() const;

 private:
  using by_text = base::by_text;  // topics are texts of clients
  struct alignas(64) shard {
    mutable std::shared_mutex mutex;
    std::unordered_map<std::string_view, std::unique_ptr<topic>, by_text, std::equal_to<>> topics;  // keys: their names
  };
  static constexpr std::size_t shard_count = 64;
  [[nodiscard]] const shard& shard_of(std::string_view name) const noexcept {
    return shards_[by_text{}(name)*0x9e3779b97f4a7c15U >> 58];
  }
  [[nodiscard]] shard& shard_of(std::string_view name) noexcept {
    return const_cast<shard&>(std::as_const(*this).shard_of(name));
  }

  std::array<shard, shard_count> shards_;
};

}  // namespace joist::inline v0::detail
