// core/mailbox_count.hpp: how many messages of a limited mailbox are on their way or wait. Senders count them before they
// push, so a place may be used again between a sender's count and its push: the count belongs to one life of the place, and
// counts for another do nothing.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>

namespace joist::inline v0::core {

class mailbox_count {
 public:
  /// A new life, with nothing in its mailbox.     [the table]
  void begin(std::uint32_t generation) noexcept { word_.store(std::uint64_t{generation} << 32, std::memory_order_relaxed); }

  /// One more for this life: how many there were; nothing when the life is over.     [any thread]
  [[nodiscard]] std::optional<std::uint32_t> add(std::uint32_t generation) noexcept {
    // relaxed throughout: a count, it publishes nothing.
    std::uint64_t seen = word_.load(std::memory_order_relaxed);
    do {
      if (seen >> 32 != generation) return std::nullopt;
    } while (!word_.compare_exchange_weak(seen, seen + 1, std::memory_order_relaxed));
    return static_cast<std::uint32_t>(seen);
  }

  void take_off(std::uint32_t generation, std::uint32_t messages = 1) noexcept {
    std::uint64_t seen = word_.load(std::memory_order_relaxed);
    do {
      if (seen >> 32 != generation) return;
    } while (!word_.compare_exchange_weak(seen, seen - messages, std::memory_order_relaxed));
  }

 private:
  std::atomic<std::uint64_t> word_{0};  // generation << 32 | count
};

}  // namespace joist::inline v0::core
