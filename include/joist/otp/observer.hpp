// joist/otp/observer.hpp: all processes at a moment, as the tree in which they were started: for operators, tests and logs.
//
//   joist::print_tree();
//     <1.3.1> shop                      waiting  msgs 0  reds 41  mem 3.1 KiB
//     |- <1.4.1> desks: supervisor      waiting  msgs 0  reds 12  mem 2.9 KiB
//     |  `- <1.6.1> till                running  msgs 7
//   std::string json = joist::observer::take_snapshot().to_json();
//
// Promises
//   a process that computes and does not answer in time is there too, as `busy`; nobody waits for it longer
//   it costs each process what process_info costs: no pause of the world
//
// See also: info.hpp, sys.hpp. OTP: observer, Elixir: the supervision trees of LiveDashboard.
#pragma once

#include <joist/clock.hpp>
#include <joist/info.hpp>

#include <chrono>
#include <cstddef>
#include <cstdio>
#include <optional>
#include <string>
#include <vector>

namespace joist::inline v0 {
namespace observer {

struct entry {
  pid process;
  std::size_t depth = 0;                   ///< 0: whoever started it has ended, or is no process
  bool last = true;                        ///< of those that its parent started
  std::optional<process_details> details;  ///< nothing: it is busy
};

/// In the order of the tree: after each process come those that it started, by their pids.
struct snapshot {
  std::vector<entry> processes;
  system_details system;
  /// One line a process.
  [[nodiscard]] std::string to_text() const;
  /// {"processes": [{"pid", "parent", "label", "name", "status", "messages", "reductions", "memory", "depth"}...], "system":
  /// {...}} Memory is in bytes: messages and live stack.
  [[nodiscard]] std::string to_json() const;
};

/// Asks all processes, each in its turn; who has not answered until `limit` is busy.     [process]
[[nodiscard]] snapshot take_snapshot(std::chrono::milliseconds limit = std::chrono::milliseconds{100});

}  // namespace observer

/// Prints observer::take_snapshot().to_text().     [process]
void print_tree(std::FILE* to = stdout);

}  // namespace joist::inline v0
