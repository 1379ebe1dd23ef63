#include <joist/net/detail/operation.hpp>

#include <joist/blocking.hpp>
#include <joist/error.hpp>

#include <fmt/format.h>

#include "core/io_hook.hpp"
#include "core/scheduler.hpp"
#include "net/poller.hpp"

namespace joist::inline v0::net::detail {
namespace {

constexpr const char* call = "use_process";

joist::detail::node* node_of(std::uintptr_t word) noexcept { return reinterpret_cast<joist::detail::node*>(word); }

// The caller, whose stack others may use while it waits.
pid require_lasting_stack() {
  const core::worker& w = require_outside_world(call);
  if (!w.running->stack->lent)
    throw error{errc::bad_wait,
                fmt::format("{}: expected a process with a stack of its own, since others use its buffers while it waits: "
                            "spawn({{.own_stack = true}}, ...), or joist::net's own streams, which work on every stack",
                            call)};
  return w.home.pid_of(*w.running);
}

}  // namespace

/// Leaves no operation behind that uses what is about to be unwound.
class operation::end_awaited {
 public:
  explicit end_awaited(operation& of) noexcept : of_{of} {}
  end_awaited(const end_awaited&) = delete;
  end_awaited& operator=(const end_awaited&) = delete;
  ~end_awaited() {
    if (!of_.is_over()) of_.cancel_and_block();
  }

 private:
  operation& of_;
};

operation::~operation() = default;

bool operation::run(const joist::detail::deadline& limit, void (*start)(void*), void* with) {
  core::outside_wait wait{call};
  waiter_ = require_lasting_stack();
  joist::detail::deadline until = limit.fixed();
  const end_awaited no_return_before{*this};
  start(with);
  for (bool cancelled = false;;) {
    const bool may_sleep = wait.begin(until);
    if (may_sleep && leave_wake_up(wait.wake_up())) wait.sleep();
    if (is_over()) return cancelled;
    wait.leave();
    if (cancelled) {  // in a destructor of a process that is being ended: nothing wakes it any more
      cancel_and_block();
      return true;
    }
    cancelled = true;
    until = infinity;
    cancel();
  }
}

// False: it is over.
bool operation::leave_wake_up(joist::detail::node_ptr wake_up) noexcept {
  std::uintptr_t before = word_.load(std::memory_order_relaxed);
  const auto wanted = reinterpret_cast<std::uintptr_t>(wake_up.get());
  do {
    if (before == over) return false;
    // release: what the signal says. Pairs with ends(). relaxed failure: is_over() looks again.
  } while (!word_.compare_exchange_weak(before, wanted, std::memory_order_release, std::memory_order_relaxed));
  (void)wake_up.release();
  const joist::detail::node_ptr of_a_wait_that_is_over{node_of(before)};
  return true;
}

void operation::ends() noexcept {
  let_go();
  const pid waiter = waiter_;
  // release: the results. acquire: the signal.
  const std::uintptr_t before = word_.exchange(over, std::memory_order_acq_rel);
  word_.notify_all();
  if (before > over) core::outside_wait::wake(waiter, joist::detail::node_ptr{node_of(before)});
}

void operation::cancel_and_block() noexcept {
  try {
    cancel();
  } catch (...) {  // no memory to say so: it ends when it ends
  }
  const auto until_over = [this] {
    for (std::uintptr_t seen = word_.load(std::memory_order_acquire); seen != over;
         seen = word_.load(std::memory_order_acquire)) {
      word_.wait(seen, std::memory_order_acquire);
    }
  };
  try {
    blocking(until_over);
  } catch (...) {  // no memory for a wait in the line for a thread: it is this one that blocks
    until_over();
  }
}

}  // namespace joist::inline v0::net::detail
