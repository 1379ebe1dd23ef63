// tests/support/faults.hpp: ways to fault, in a function with a local whose destructor counts.
#pragma once

#include <joist/fault.hpp>

#include <atomic>

namespace support {

enum class way {
  divide,
  read_null,
  call_null,
  read_beyond_file,
  call_illegal,
  trap,
  overflow,
  abort,
  leave_noexcept,
  throw_in_destructor,
  read_wildly,
  read_no_address,
};

/// Compiled as code that links joist::joist is.
void commit(way how, std::atomic<int>& ended);
/// Compiled with -fno-non-call-exceptions.
void commit_without_tables(way how, std::atomic<int>& ended);
/// Whether an address is in the function that faults in commit().
bool is_in_commit(const void* address);

/// Whether the compiler makes tables for faults: Clang does not.
#ifdef JOIST_TEST_NO_TABLES
inline constexpr bool has_tables = false;
#else
inline constexpr bool has_tables = true;
#endif

/// Whether code without tables always gives its stack up. What Clang has there may say that nothing is to be destroyed: then
/// the fault passes through the innermost frame.
#ifdef __clang__
inline constexpr bool always_gives_up = false;
#else
inline constexpr bool always_gives_up = true;
#endif

}  // namespace support
