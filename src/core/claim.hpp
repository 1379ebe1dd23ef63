// core/claim.hpp: how the watcher acts for a process that runs and does not come to the runtime, without a lock on the
// way of those that do.
//
// What belongs to the owner and is not atomic (extras: links, monitors; traps_exits; whether it is ending) is touched
//   by the owner       within owner_scope
//   by the watcher     within claim, when it holds
//
//   owner              inside     | light fence | claimed? then not inside, wait, again
//   watcher            claimed    | heavy fence | inside?  then no claim
//
// Invariant
//   C1  never both: if the owner's look missed the claim, its `inside` was written before the watcher's fence was passed,
//       and the watcher sees it
// An owner may enter many times a microsecond and pays two plain stores and a load.
#pragma once

#include <mutex>

#include "base/asymmetric_fence.hpp"
#include "core/process_control.hpp"

namespace joist::inline v0::core {

/// Steps out until the watcher has done with `p`, and is inside again when it returns.
void await_claim(process_control& p) noexcept;

class owner_scope {
 public:
  explicit owner_scope(process_control& p) noexcept : p_{p}, outer_{p.inside.load(std::memory_order_relaxed)} {
    p_.inside.store(true, std::memory_order_relaxed);
    base::light_fence();
    // acquire: what the watcher did under its last claim.
    if (p_.claimed.load(std::memory_order_acquire) && !outer_) [[unlikely]]
      await_claim(p_);
  }
  // release: what was done within, for the claim that sees this. Pairs with claim().
  ~owner_scope() { p_.inside.store(outer_, std::memory_order_release); }
  owner_scope(const owner_scope&) = delete;
  owner_scope& operator=(const owner_scope&) = delete;

 private:
  process_control& p_;
  const bool outer_;  // in another scope already
};

/// Tries to claim `p`; one claim at a time, under `mutex`.     [watcher]
class claim {
 public:
  claim(process_control& p, std::mutex& mutex) : p_{p}, lock_{mutex} {
    p_.claimed.store(true, std::memory_order_relaxed);
    base::heavy_fence();
    holds_ = !p_.inside.load(std::memory_order_acquire);
    if (!holds_) p_.claimed.store(false, std::memory_order_release);
  }
  ~claim() {
    if (holds_) p_.claimed.store(false, std::memory_order_release);
  }
  claim(const claim&) = delete;
  claim& operator=(const claim&) = delete;
  [[nodiscard]] bool holds() const noexcept { return holds_; }

 private:
  process_control& p_;
  std::scoped_lock<std::mutex> lock_;
  bool holds_ = false;
};

}  // namespace joist::inline v0::core
