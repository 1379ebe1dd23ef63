// joist/net/detail/operation.hpp: an operation that others carry out while a process waits for it. See use_process.hpp.
#pragma once

#include <joist/clock.hpp>
#include <joist/detail/node.hpp>
#include <joist/pid.hpp>

#include <atomic>
#include <cstdint>

namespace joist::inline v0::net::detail {

/// An operation that others carry out, and the process that waits for it. Shared by that process, the handler, and who
/// cancels.
///
///   word            meaning                                   who moves it on
///   over            no handler is there, or none any more     begins() -> 0
///   0               under way, nobody sleeps                  run() -> a node; ends() -> over
///   a node          under way; the node wakes the process     run() -> a newer one; ends() -> over, and sends it
class operation {
 public:
  operation() = default;
  operation(const operation&) = delete;
  operation& operator=(const operation&) = delete;
  virtual ~operation();

  /// Calls start(with), which starts it, and waits for its end. True: `limit` passed, and it was cancelled. Throws what
  /// start throws, and what ends the process; the operation is over then as well.     [process]
  [[nodiscard]] bool run(const joist::detail::deadline& limit, void (*start)(void*), void* with);

  /// A handler has been made.     [process]
  void begins() noexcept { word_.store(0, std::memory_order_relaxed); }
  /// The handler has been called, or dropped: nothing of the process's is used any more.     [any thread, once]
  void ends() noexcept;
  [[nodiscard]] bool is_over() const noexcept { return word_.load(std::memory_order_acquire) == over; }

 protected:
  /// Asks for its end, which may have come.     [process]
  virtual void cancel() = 0;
  /// It ends: lets go of what belongs to the execution context.     [any thread, once]
  virtual void let_go() noexcept = 0;

 private:
  class end_awaited;
  static constexpr std::uintptr_t over = 1;

  [[nodiscard]] bool leave_wake_up(joist::detail::node_ptr call) noexcept;
  void cancel_and_block() noexcept;

  std::atomic<std::uintptr_t> word_{over};
  pid waiter_;
};

}  // namespace joist::inline v0::net::detail
