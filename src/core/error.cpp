#include <joist/error.hpp>

namespace joist::inline v0 {

std::string_view to_string(errc code) noexcept {
  switch (code) {
    case errc::bad_argument: return "a value is outside of what is allowed";
    case errc::not_a_process: return "the call needs a process around it, and this thread runs none";
    case errc::not_running: return "there is no such runtime, or it is stopping and takes no new work";
    case errc::process_limit: return "as many processes are alive as process_limit allows";
    case errc::out_of_memory: return "the system gave no memory for a process or its stack";
    case errc::no_process: return "the pid names no living process";
    case errc::name_taken: return "the name belongs to another living process";
    case errc::already_named: return "the process has a name already";
    case errc::name_unknown: return "no process is registered under the name";
    case errc::bad_wait: return "the call would wait where nobody can";
    case errc::deadlock: return "nothing can run any more, and the first process has not ended";
    case errc::no_table: return "the table is gone: its owner has ended, or it was deleted";
    case errc::access_denied: return "only the owner of the table may do this";
  }
  return "?";
}

}  // namespace joist::inline v0
