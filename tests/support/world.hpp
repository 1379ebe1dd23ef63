// tests/support/world.hpp: where tests of processes run: in seeded worlds, on real workers, or in both.
//
// A test body is the first process. It checks with EXPECT, which ends the process: Catch2's own macros are not for several
// threads. A failure in a seeded world prints the seed and the command that replays it.
#pragma once

#include <joist/joist.hpp>

#include <chrono>
#include <functional>
#include <stdexcept>
#include <string>

#include "support/catch.hpp"

namespace support {

/// What EXPECT throws.
struct failed_expectation : std::runtime_error {
  using std::runtime_error::runtime_error;
};

[[noreturn]] void expectation_failed(const char* condition, const char* file, int line);
inline void expect(bool ok, const char* condition, const char* file, int line) {
  if (!ok) expectation_failed(condition, file, line);
}

#define EXPECT(...) ::support::expect(static_cast<bool>(__VA_ARGS__), #__VA_ARGS__, __FILE__, __LINE__)

/// True when `call` throws joist::error with this code.
template <class Call>
bool refuses(joist::errc code, Call&& call) {
  try {
    call();
  } catch (const joist::error& e) {
    return e.code() == code;
  }
  return false;
}

/// Checked builds are slower, and give every process a stack of its own: their tests take smaller numbers.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || defined(JOIST_CHECK_ISOLATION)
inline constexpr bool checked_build = true;
#else
inline constexpr bool checked_build = false;
#endif

inline constexpr std::uint64_t usual_seeds = checked_build ? 50 : 1000;

/// Runs `body` under many seeds, in virtual time.
void in_simulation(const std::function<void()>& body, std::uint64_t seeds = usual_seeds);

joist::runtime_options quiet(std::size_t workers = 4);

/// Runs `body` on real workers, more of them than the machine has cores.
void on_workers(const std::function<void()>& body, int rounds = 20);

/// Both.
void everywhere(const std::function<void()>& body);

/// Nothing is in the mailbox, and nothing comes within a (virtual or real) moment.
bool mailbox_stays_empty(std::chrono::milliseconds moment = std::chrono::milliseconds{5});

}  // namespace support
