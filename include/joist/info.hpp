// joist/info.hpp: looking at processes and at the runtime as a whole.
//
// process_info is a signal like any other: it is answered in the order it came, also by a waiting process (which
// does not wake up for it), and sees what earlier signals of the caller did. OTP: process_info/1.
#pragma once

#include <joist/pid.hpp>
#include <joist/process.hpp>
#include <joist/ref.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace joist::inline v0 {

enum class process_status : std::uint8_t { running, waiting, suspended };

struct process_details {
  pid process;
  std::string label;
  std::string name;  ///< registered name, or empty
  pid parent;
  process_status status = process_status::running;
  joist::priority priority = joist::priority::normal;
  bool trap_exit = false;
  std::size_t message_queue_length = 0;
  std::size_t mailbox_bytes = 0;  ///< of those messages, as memory_limit counts them; without one it takes a walk
  std::vector<pid> links;
  std::vector<pid> monitors;  ///< whom it watches
  std::vector<pid> monitored_by;
  std::size_t aliases = 0;
  std::uint64_t reductions = 0;
  std::size_t stack_bytes = 0;  ///< live bytes of its stack while it waits; 0 while it runs
};

/// Nothing when the process is not alive. Waits for a busy process to reach a runtime call.     [process]
[[nodiscard]] std::optional<process_details> process_info(pid process);

/// Pids of all processes that are alive, or were a moment ago.     [process]
[[nodiscard]] std::vector<pid> processes();

struct mailbox_length {
  pid process;
  std::size_t messages;
};
/// The processes with the longest mailboxes, of `at_least` messages; at most `most` of them, the longest first. A look, for
/// which no process is asked: lengths are known to within 1024, shorter ones count as nothing, and as of when the process
/// took messages in last: one that has not come back to the runtime has more.     [process]
[[nodiscard]] std::vector<mailbox_length> longest_mailboxes(std::size_t most, std::size_t at_least = 1024);
/// Of the caller: messages that it has taken in and not yet received.     [process]
[[nodiscard]] std::size_t message_queue_length();

struct system_details {
  std::size_t workers = 0;
  std::size_t threads = 0;        ///< made so far: of the workers and beside them
  std::size_t spare_threads = 0;  ///< of those: parked, ready to stand in
  std::size_t relieved = 0;       ///< of those: in a process that blocks or computes long, others do their work
  std::uint64_t reliefs = 0;      ///< times a thread stood in for another
  std::size_t zombies = 0;        ///< processes that were declared dead and have not come back
  std::size_t behind_stuck = 0;   ///< processes that share a stack with one that is stuck, and wait for it
  std::size_t process_count = 0;
  std::size_t process_limit = 0;
  std::size_t run_queue_length = 0;  ///< processes that could run and do not, about
  std::size_t slots_made = 0;        ///< shared stacks in use so far
  std::size_t slot_limit = 0;
  std::size_t slot_bytes = 0;
  std::size_t own_stacks = 0;
  std::uint64_t spawned = 0;  ///< processes since start
  std::uint64_t context_switches = 0;
  std::uint64_t stack_copies = 0;  ///< times a slot changed hands
  std::uint64_t slot_waits = 0;    ///< times a process found its slot running
  std::uint64_t steals = 0;
  std::uint64_t abandoned_stacks = 0;  ///< given up without unwinding; what their frames owned is leaked: see fault.hpp
  std::size_t live_nodes = 0;          ///< messages, signals, closures, parked stacks: in the whole program
  std::size_t timers = 0;              ///< started by processes and not over
  bool stack_guards_by_madvise = false;
};

[[nodiscard]] system_details system_info();

}  // namespace joist::inline v0
