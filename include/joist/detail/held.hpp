// joist/detail/held.hpp: a lock whose holder gives way to nobody, so that no lock is kept over a switch.
#pragma once

#include <joist/preempt.hpp>

#include <mutex>
#include <shared_mutex>

namespace joist::inline v0::detail {

template <class Lock>
class held {
 public:
  explicit held(typename Lock::mutex_type& m) : lock_{m} {}

 private:
  no_preempt whole_;  // ends after the lock
  Lock lock_;
};
using mutex_lock = held<std::unique_lock<std::mutex>>;
using read_lock = held<std::shared_lock<std::shared_mutex>>;
using write_lock = held<std::unique_lock<std::shared_mutex>>;

}  // namespace joist::inline v0::detail
