// expect: cannot send what cannot be moved
// expect: member<.*hits.*counters>
#include <joist/joist.hpp>

#include <atomic>

struct counters {
  int number;
  std::atomic<int> hits;
};

void wrong() { joist::detail::require_sendable<counters>(); }
