// joist/process.hpp: making processes, ending them, and being one.
//
// Promises
//   a process shares nothing: what it throws ends it alone, and tells its links and monitors why
//   spawn_link and spawn_monitor leave no window: also a child that ends at once is seen with its real reason
//   a process is ended by unwinding: its destructors run. The exception that does it is no std::exception, and if
//     it is caught it is raised again at every further wait
//
// Example: examples/01_hello. See also: link.hpp, monitor.hpp, receive.hpp, runtime.hpp (spawning from other threads).
#pragma once

#include <joist/detail/spawn.hpp>
#include <joist/exit_reason.hpp>
#include <joist/pid.hpp>
#include <joist/ref.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace joist::inline v0 {

namespace detail {
[[nodiscard]] std::optional<exit_reason> call_catching_end(void (*f)(void*), void* argument);
/// For bodies of our own: when the body returns, the process ends with this. As exit(reason), without a throw.     [process]
void exit_on_return(exit_reason reason);
/// Whatever hibernate_on_return() was called for.     [process]
void end_on_return() noexcept;
}

/// OTP's four: all `max` run before any `high`, all `high` before any `normal`; `low` gets one turn in eight.
/// While one above normal waits in process_info or is_alive, all others have turns too.
enum class priority : std::uint8_t { low, normal, high, max };

/// What happens to a message for a full mailbox. Signals other than messages always arrive.
enum class mailbox_policy : std::uint8_t {
  drop_newest,  ///< the message is dropped
  fail,         ///< the message is dropped, and send() says so
  kill,         ///< the receiver is killed
};

/// What a process may hold while it waits; more is an excess, which is acted on once: another begins when it has been down
/// to half of the limit (OTP: max_heap_size).
///
/// The mailbox is weighed where the process takes messages in: at waits, and when its reductions are spent. A message
/// takes its value and a header of 24 bytes, rounded up to the value's alignment; memory that the value points to, such as
/// that of a long std::string, is not seen.
/// The stack is weighed where its live bytes are copied out of a shared slot, because another process is to run there. A
/// process that waits on a stack nobody shares (the first three quarters of runtime_options::slots, own_stack, builds
/// with sanitizers or JOIST_CHECK_ISOLATION) has nothing copied, and so no limit.
struct memory_limit {
  std::size_t max_mailbox_bytes = 0;       ///< of all messages that wait; 0: no limit
  std::size_t max_parked_stack_bytes = 0;  ///< of its frames when they are copied out; 0: no limit
  bool kill = true;                        ///< it is killed: the reason is `killed`, and destructors run
  bool log = true;                         ///< the runtime's log says what was too much
};

struct spawn_options {
  std::string_view label = {};  ///< shown in logs and process_info; copied
  joist::priority priority = joist::priority::normal;
  bool own_stack = false;           ///< never shared: for processes that lend addresses of their locals
  std::size_t stack_bytes = 0;      ///< of an own stack; 0: the runtime's slot size. Rounded up to pages
  std::uint32_t mailbox_limit = 0;  ///< most messages waiting; 0: no limit
  mailbox_policy when_full = mailbox_policy::drop_newest;
  std::optional<joist::memory_limit> memory_limit = {};  ///< nothing: runtime_options::memory_limit
};

/// A process, and the monitor its parent has of it.
struct monitored {
  pid process;
  ref monitor;
};

/// Starts a process that runs `body` and returns its pid; it lives in the runtime of the caller. `body` is called
/// once, on the new process's stack (again after hibernate_on_return()). Capture values: a reference to a local of the
/// caller's, [&], is good only while the caller runs, for stacks are shared (docs/guides/stacks.md). Throws
/// errc::process_limit, errc::not_running, errc::not_a_process, errc::out_of_memory, and errc::bad_argument for options that
/// make no sense.     [process]
template <class Body>
pid spawn(Body&& body) {
  return detail::spawn_closure(detail::make_closure(std::forward<Body>(body)), nullptr, detail::spawn_mode::plain).process;
}
template <class Body>
pid spawn(const spawn_options& options, Body&& body) {
  return detail::spawn_closure(detail::make_closure(std::forward<Body>(body)), &options, detail::spawn_mode::plain).process;
}

/// As spawn, and links the two, at once.     [process]
template <class Body>
pid spawn_link(Body&& body) {
  return detail::spawn_closure(detail::make_closure(std::forward<Body>(body)), nullptr, detail::spawn_mode::link).process;
}
template <class Body>
pid spawn_link(const spawn_options& options, Body&& body) {
  return detail::spawn_closure(detail::make_closure(std::forward<Body>(body)), &options, detail::spawn_mode::link).process;
}

/// As spawn, and monitors the child, at once.     [process]
template <class Body>
monitored spawn_monitor(Body&& body) {
  return detail::spawn_closure(detail::make_closure(std::forward<Body>(body)), nullptr, detail::spawn_mode::monitor);
}
template <class Body>
monitored spawn_monitor(const spawn_options& options, Body&& body) {
  return detail::spawn_closure(detail::make_closure(std::forward<Body>(body)), &options, detail::spawn_mode::monitor);
}

/// The calling process. Throws errc::not_a_process elsewhere; in_process() asks first.     [process]
[[nodiscard]] pid self();
/// Whether the caller runs in a process.     [any thread]
[[nodiscard]] bool in_process() noexcept;
/// The process that spawned this one; nobody for those spawned from threads.     [process]
[[nodiscard]] pid parent();

/// Thrown by exit(reason). Not a std::exception, so that a catch of those does not keep a process alive by accident.
class process_exit {
 public:
  explicit process_exit(exit_reason reason) noexcept : reason_{std::move(reason)} {}
  [[nodiscard]] const exit_reason& reason() const noexcept { return reason_; }

 private:
  exit_reason reason_;
};

/// Thrown at a wait, or at another call but those that destructors make (send, exit(pid, reason), unlink, demonitor,
/// unalias, cancel_timer, unregister_name, self), of a process that is being ended from outside. May be caught to clean
/// up; every further wait raises it again. While an exception unwinds the stack, waits with a timeout end at once as
/// timed out, and a wait without one gives the stack up: nothing on it runs any more; it is counted and logged. As any
/// exception it must not leave a noexcept function, nor a destructor that runs otherwise: no wait belongs there.
class forced_exit {
 public:
  explicit forced_exit(exit_reason reason) noexcept : reason_{std::move(reason)} {}
  [[nodiscard]] const exit_reason& reason() const noexcept { return reason_; }

 private:
  exit_reason reason_;
};

/// Ends the calling process with `reason`, by throwing process_exit (OTP: exit/1).     [process]
[[noreturn]] void exit(exit_reason reason);

/// Calls f. What leaves it is returned as the exit reason that it would be if it ended the process, with the backtrace of
/// its throw; nothing when it returns. Not caught: the end of the process from outside. For loops that have to say something
/// before they go on with it: exit(reason).     [process]
template <class F>
[[nodiscard]] std::optional<exit_reason> catch_end(F&& f) {
  using function = std::remove_reference_t<F>;
  const void* at = std::addressof(f);
  return detail::call_catching_end([](void* g) { (*static_cast<function*>(g))(); }, const_cast<void*>(at));
}

/// Sends an exit signal (OTP: exit/2): `kill` ends any process, with the reason killed; `normal` does nothing to others
/// and arrives as a message where exits are trapped; other reasons end those that do not trap.     [any thread]
void exit(pid target, exit_reason reason);

/// Whether links' exit signals arrive as `exited` messages instead of ending the caller; returns what held
/// before. Signals that had arrived before are acted on first.     [process]
bool trap_exit(bool on);

/// False once the process has ended, or an exit signal that ends it was sent by the caller before.     [process]
[[nodiscard]] bool is_alive(pid process);
/// True from the moment that a process's links and monitors are told of its end, also while its destructors still run; and
/// for a pid that names nobody, or one whose runtime is gone. Waits for nobody: what is on its way to the process has not
/// happened yet, other than for is_alive().     [any thread]
[[nodiscard]] bool has_ended(pid process);

/// Lets others run; the caller goes to the end of the queue. Throws errc::bad_wait in a receive guard.     [process]
void yield();
/// The next wait of the caller may be long: meanwhile its frames are kept in as many bytes as they have, and the memory of
/// its stack is given back to the system. Waking costs some microseconds more. Does nothing for an own_stack. OTP:
/// erlang:hibernate/3, without its loss of the stack: that is hibernate_on_return().     [process]
void hibernate_next_wait();
/// When the body of the caller returns, its process goes on: it waits without a stack, and with the first message its body
/// is called again, from its beginning. What is to last is kept in the body, that is what a `mutable` lambda captures, or a
/// member of its class. A message that lies in the mailbox already, also one that a receive has passed over, calls it at
/// once. A process waits so in the fewest bytes. For bodies that are given to spawn: where
/// a server, a task or a start_ack is behind the body it does nothing (gen_server::hibernate). OTP: erlang:hibernate/3.
/// [process]
void hibernate_on_return();
/// For loops that call nothing of Joist: counts one reduction and yields when none is left. A few instructions. [process]
void checkpoint();

/// Stops `target` from running until the caller has resumed it as often, or has ended (OTP: suspend_process). It still
/// takes signals, and dies of them. Throws errc::no_process; errc::bad_argument for oneself, and for a resume without a
/// suspend of the caller's.     [process]
void suspend(pid target);
void resume(pid target);

}  // namespace joist::inline v0
