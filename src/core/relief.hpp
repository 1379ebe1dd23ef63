// core/relief.hpp: threads that stand in for workers which do not come back from a process.
//
// A worker is relieved by the watcher, when it has not switched for a while and others wait, or by itself, in blocking().
// A spare attends to its shelf of timers from then on; what waited for it goes to the injected queues. The process it is in
// goes on undisturbed, on the thread it is on; when it yields, waits or ends, that thread becomes a spare. So processes
// never change the thread in the middle of their code, and no signal interrupts anybody's system call.
//
// relieving worker w                          w itself, at any moment
//   duty := relieved                            run_next: load, store | light fence | look at duty (worker.cpp, R3)
//   heavy fence                                 queue: push           | fence       | look at duty: give_up_queue
//   take run_next, by exchange
//   give the shelf of timers to the spare
//   take all of queue
// Why nothing is lost: whatever w wrote before it passed the heavy fence is seen by who relieves it; whatever w does after
// that, it then sees that it is relieved, and looks after it itself.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <utility>
#include <vector>

#include <joist/pid.hpp>

namespace joist::inline v0::detail {
class scheduler;
}

namespace joist::inline v0::core {

using detail::scheduler;
struct worker;

class relief {
 public:
  /// What a try to relieve a worker came to.
  enum class result : std::uint8_t {
    relieved,
    not_on,    // it is relieved, or a spare, already
    no_spare,  // all spare threads are in use, or the system gives no more
  };

  /// A spare thread takes over what waits for `w`.     [the watcher; w's own thread, in blocking()]
  [[nodiscard]] result relieve(worker& w);

  /// A relieved worker has come back from its process: it is a spare from now on, until await_post() returns.     [worker]
  void stand_by(worker& w);
  /// Parks, and returns when it is on, or when the runtime stops.     [worker]
  void await_post(worker& w);

  enum class place : std::uint8_t {
    in_line,      // the signal with the token comes when it is its turn to try
    at_the_head,  // there is a spare now
    no_line,      // no spare is out, so none will come back: there are none
  };
  /// A process waits for a spare, behind all others; with `first`, because it has had its turn in vain, before them.
  /// [process]
  [[nodiscard]] place join_line(pid process, std::uint64_t token, bool first);
  /// It does not wait any more.     [process]
  void leave_line(std::uint64_t token);
  /// There may be a spare: the first in the line has its turn.     [worker]
  void tell_line(worker& here);

  void wake_all();

  [[nodiscard]] std::size_t waiting() const;
  [[nodiscard]] std::uint64_t times() const noexcept { return times_.load(std::memory_order_relaxed); }

 private:
  worker* take_spare(scheduler& home);
  void put_back(worker& spare);

  mutable std::mutex mutex_;  // guards all below
  std::vector<worker*> spares_;
  std::deque<std::pair<pid, std::uint64_t>> line_;
  std::size_t out_ = 0;          // spares in use
  worker* unstarted_ = nullptr;  // the system gave no thread for it; it is tried again
  std::atomic<std::uint64_t> times_{0};
};

}  // namespace joist::inline v0::core
