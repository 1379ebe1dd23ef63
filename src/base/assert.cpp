#include "base/assert.hpp"

#include <atomic>
#include <cstdio>
#include <cstdlib>

namespace joist::inline v0::base {

namespace {
constinit std::atomic<bool> failed{false};
}

bool assertion_has_failed() noexcept { return failed.load(std::memory_order_relaxed); }

void assertion_failed(const char* condition, const char* sentence, const char* file, int line) noexcept {
  failed.store(true, std::memory_order_relaxed);  // read by the handler of the abort, on this thread
  std::fprintf(stderr, "joist: internal error: %s (%s, %s:%d). Please report this with the backtrace.\n", sentence,
               condition, file, line);
  std::abort();
}

}  // namespace joist::inline v0::base
