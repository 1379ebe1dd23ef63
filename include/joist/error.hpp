// joist/error.hpp: what a wrong call answers. The message says what was expected, what came, and what to do.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

namespace joist::inline v0 {

enum class errc {
  bad_argument = 1,  ///< a value outside the allowed range (negative timeout, empty name ...)
  not_a_process,     ///< the call needs a process around it; this thread runs none
  not_running,       ///< no such runtime, or it is stopping and takes no new work
  process_limit,     ///< runtime_options::process_limit processes are alive
  out_of_memory,     ///< the system gave no memory for a process or its stack
  no_process,        ///< the pid names no living process (OTP: noproc)
  name_taken,        ///< the name belongs to another living process
  already_named,     ///< the process has a name already
  name_unknown,      ///< no process is registered under the name
  bad_wait,          ///< a wait where none is possible: in a receive guard, say
  deadlock,          ///< simulate: nothing can run any more, and the first process has not ended
  no_table,          ///< the table is gone: its owner has ended, or it was deleted
  access_denied,     ///< only the table's owner may do this
};

/// What it means, in a sentence; the message of an error says more.
[[nodiscard]] std::string_view to_string(errc code) noexcept;

/// A wrong call. Caught like any exception; uncaught, it ends the process with exit_reason::error.
class error : public std::runtime_error {
 public:
  error(errc code, const std::string& what) : std::runtime_error{what}, code_{code} {}
  [[nodiscard]] errc code() const noexcept { return code_; }

 private:
  errc code_;
};

}  // namespace joist::inline v0
