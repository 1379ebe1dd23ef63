#include "base/assert.hpp"

#include <cstdio>
#include <cstdlib>

namespace joist::inline v0::base {

void assertion_failed(const char* condition, const char* sentence, const char* file, int line) noexcept {
  std::fprintf(stderr, "joist: internal error: %s (%s, %s:%d). Please report this with the backtrace.\n", sentence,
               condition, file, line);
  std::abort();
}

}  // namespace joist::inline v0::base
