// net/readiness.hpp: one direction of a descriptor: whether the system has said that it can go on, or who is to hear of it.
//
//   word        meaning                                              who moves it on
//     idle      nothing has been said since take()                   happen -> ready; the owner: arm -> a node
//     ready     something has: the next attempt may succeed          the owner: take -> idle
//     a node    somebody waits; to be sent when something happens    happen -> ready, and the node is sent; the owner:
//     disarm -> idle
//
// The system speaks of changes only (EPOLLET), so none may be lost:
//   owner     take, attempt: "would block", arm            poller    the change, happen
// Invariants
//   D1  no change is lost: one that comes after take() makes it ready, so arm() fails, or finds the node, and sends it
//   D2  a node has one owner: who exchanges it out of the word
//   D3  too much is harmless: `ready` without a change costs an attempt. So nobody asks whether an event is of a descriptor
//       that had the same entry before; entry::ended, which such an event may set, holds until a read finds nothing
#pragma once

#include <joist/detail/node.hpp>
#include <joist/pid.hpp>

#include <atomic>
#include <cstdint>

namespace joist::inline v0::net::detail {

using joist::detail::node;
using joist::detail::node_ptr;

/// A node that waits to be sent has nothing behind it in a queue: it keeps whom it is for.
inline void address_to(node& n, pid target) noexcept { n.next = reinterpret_cast<node*>(target.value()); }
[[nodiscard]] inline pid addressee_of(const node& n) noexcept {
  return pid::from_value(reinterpret_cast<std::uint64_t>(n.next));
}

class readiness {
 public:
  /// Forgets what has been said; whether something had been. An armed node stays.     [owner]
  bool take() noexcept {
    std::uintptr_t seen = ready;
    // acquire: the change was before; what is attempted after this sees it. Pairs with happen().
    return word_.compare_exchange_strong(seen, idle, std::memory_order_acquire, std::memory_order_relaxed);
  }
  [[nodiscard]] bool is_ready() const noexcept { return word_.load(std::memory_order_relaxed) == ready; }
  [[nodiscard]] bool is_armed() const noexcept { return word_.load(std::memory_order_relaxed) > ready; }

  /// Leaves `n`, addressed, to be sent. False: it is ready, the caller keeps it.     [owner, where none is armed]
  [[nodiscard]] bool arm(node_ptr& n) noexcept {
    std::uintptr_t seen = idle;
    // release: the node. Pairs with happen().
    if (!word_.compare_exchange_strong(seen, reinterpret_cast<std::uintptr_t>(n.get()), std::memory_order_release,
                                       std::memory_order_relaxed))
      return false;
    (void)n.release();
    return true;
  }
  /// Takes the node back; null: it was sent, or there was none.     [owner]
  [[nodiscard]] node_ptr disarm() noexcept {
    std::uintptr_t seen = word_.load(std::memory_order_relaxed);
    if (seen <= ready) return nullptr;
    if (!word_.compare_exchange_strong(seen, idle, std::memory_order_acquire, std::memory_order_relaxed)) return nullptr;
    return node_ptr{reinterpret_cast<node*>(seen)};
  }

  /// Something has changed: what is to be sent, or null.     [poller]
  [[nodiscard]] node_ptr happen() noexcept {
    // acq_rel: the change, for take(); the node, of arm().
    const std::uintptr_t before = word_.exchange(ready, std::memory_order_acq_rel);
    return node_ptr{before > ready ? reinterpret_cast<node*>(before) : nullptr};
  }
  /// For another descriptor; what was left here is destroyed.     [who opens or closes it]
  void reset() noexcept {
    const std::uintptr_t before = word_.exchange(idle, std::memory_order_acq_rel);
    if (before > ready) (void)node_ptr{reinterpret_cast<node*>(before)};
  }

 private:
  static constexpr std::uintptr_t idle = 0;
  static constexpr std::uintptr_t ready = 1;

  std::atomic<std::uintptr_t> word_{idle};
};

}  // namespace joist::inline v0::net::detail
