// core/signal.hpp: everything one process does to another, as nodes of one queue.
//
// kind          word              payload        from                  the receiver
//   message     alias or 0        the value      any thread            keeps it in its mailbox
//               reference | asks  a request      send_request()        adds the asker as a watcher, and keeps it
//   exit        sender's pid      exit_payload   exit(), links         ends, or gets `exited`
//   link        sender's pid      -              link()                adds its end
//   unlink      sender's pid      -              unlink()              removes its end, answers unlink_ack
//   unlink_ack  sender's pid      -              the answer            counts it
//   monitor     reference         monitor_payload monitor()            adds the watcher
//   demonitor   reference         -              demonitor(), an end   removes the watcher
//   down        reference         down_payload   an end                makes the message, unless demonitored
//   inspect     request           inspect_payload process_info, is_alive  answers with a message
//   suspend     -                 -              suspend()             counts, runs no more
//   resume      -                 -              resume()              counts
//   timeout     wait_timer::token -              a wheel, relief       ends the wait that has it
//   parked      bytes             -              who copied its        logs or ends, by its memory_limit
//                                                frames out
//
// Signals from one process to another arrive in the order sent: one queue, one push each.
#pragma once

#include <joist/detail/node.hpp>
#include <joist/exit_reason.hpp>
#include <joist/pid.hpp>
#include <joist/report.hpp>

#include <optional>

#include "core/process_control.hpp"

namespace joist::inline v0::core {

struct worker;

using detail::node_kind;

struct no_payload {};
struct exit_payload {
  exit_reason reason;
  bool linked;
};
struct down_payload {
  pid process;
  exit_reason reason;
};
enum class inspection : std::uint8_t { alive, details };
struct monitor_payload {
  pid watcher;
  bool until_reply;  // watcher_entry
};
struct inspect_payload {
  pid asker;
  inspection what;
};

template <node_kind Kind, class Payload = no_payload, class... Args>
[[nodiscard]] node_ptr make_signal(std::uint64_t word, Args&&... args) {
  node_ptr made = detail::make_node<Payload, Kind>(std::forward<Args>(args)...);
  made->word = word;
  return made;
}

/// In the word of a request, beside the reference by which its sender monitors the receiver.
inline constexpr std::uint64_t asks = std::uint64_t{1} << 62;

/// Whether an alias may have that reference: those of timers, and what a program has made up, begin with other bits.
[[nodiscard]] constexpr bool may_be_alias(std::uint64_t reference) noexcept {
  return reference != 0 && reference >> 62 == 0;
}

/// What the word of a down message in a mailbox says, so that demonitor finds it whatever its type. No alias has it.
[[nodiscard]] constexpr std::uint64_t down_mark(std::uint64_t reference) noexcept { return ~reference; }

/// Takes in all signals that have come: messages to the mailbox, the rest is acted on. Sets ready where the process's
/// wait is over, and ending where an exit signal ends it (then its exit is announced already).     [owner]
void take_signals(process_control& p);

/// Of the signals that have come to a process that runs and does not take them: if one of them ends it, acts on all up to
/// that one, and makes its end known. Else they stay for it.     [the watcher, under a claim]
/// Returns what is to be logged, when the claim is over: no code of users runs here.
[[nodiscard]] std::optional<report> take_signals_for(process_control& p);

/// Makes the end of `p` known: no signal is taken any more, the name is free, links and watchers are told, what had
/// come is answered or dropped. `rest`: signals taken and not yet acted on. `by`: the other process whose exit signal it
/// was. [owner]
void announce_exit(process_control& p, exit_reason reason, node* rest, pid by = {});

/// Drops a message that nobody takes. Where that runs a destructor of the user's, a process of its own does it: the thread
/// may run none, or one that is in the middle of its signals.     [worker]
void drop_unwanted(worker& w, node_ptr message) noexcept;

/// The timers that aim at a process which has ended go: the watcher leaves that to the process, for destructors of users
/// run. [owner]
void drop_timers_late(process_control& p);

/// Of a process that was left when its runtime stopped, what is not on its stack: all of it, if it never ran.     [no thread
/// runs it any more]
void drop_contents(process_control& p) noexcept;

/// What process_local has made, the last one first.     [the process]
void drop_locals(process_extras& x) noexcept;

/// Gives back what the mailbox and extras still hold. May run users' destructors.     [owner]
void clear_process(process_control& p) noexcept;

}  // namespace joist::inline v0::core
