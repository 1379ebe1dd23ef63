// base/assert.hpp: what must be true of our own code. Always on: the asserted things are one comparison each.
#pragma once

namespace joist::inline v0::base {

/// Prints the sentence and the place to standard error, and aborts.
[[noreturn]] void assertion_failed(const char* condition, const char* sentence, const char* file, int line) noexcept;

/// Whether such an abort is under way: nobody is to survive it.     [any thread]
[[nodiscard]] bool assertion_has_failed() noexcept;

}  // namespace joist::inline v0::base

/// The sentence is what a report shows: it says which invariant is broken.
#define JOIST_ASSERT(condition, sentence)            \
  (__builtin_expect(static_cast<bool>(condition), 1) \
       ? static_cast<void>(0)                        \
       : ::joist::base::assertion_failed(#condition, sentence, __FILE__, __LINE__))
