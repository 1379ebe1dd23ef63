#include "core/whereabouts.hpp"

#include <joist/clock.hpp>
#include <joist/exit_reason.hpp>

#include <fmt/format.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <iterator>
#include <vector>

#include "core/fault_handlers.hpp"
#include "core/fault_judgement.hpp"
#include "core/scheduler.hpp"

namespace joist::inline v0::core {
namespace {

constexpr std::int64_t patience_ns = 50'000'000;

/// What the kernel says of a thread (proc(5), /proc/pid/syscall).
struct thread_state {
  bool may_be_interrupted = false;
  void* call = nullptr;  // the instruction after its system call
};

thread_state state_of(pid_t thread) {
  std::ifstream file{fmt::format("/proc/self/task/{}/syscall", thread)};
  const std::vector<std::string> words{std::istream_iterator<std::string>{file}, {}};
  if (words.empty()) return {};  // not every kernel tells
  // "running"; "-1 sp pc", for instance while a page is read; "number, six arguments, sp, pc"
  constexpr std::size_t words_of_a_call = 9;
  constexpr std::size_t time_limit = 4;
  if (words.size() < words_of_a_call) return {true, nullptr};
  thread_state s;
  s.may_be_interrupted = words[0] == std::to_string(SYS_futex) && words[time_limit] == "0x0";
  s.call = reinterpret_cast<void*>(static_cast<std::uintptr_t>(std::strtoull(words.back().c_str(), nullptr, 16)));
  return s;
}

bool ask(worker& w, pid_t thread, question& q) {
  q.answered.store(false, std::memory_order_relaxed);
  q.frames = {};
  // release: the question. Pairs with on_question().
  w.asked.store(&q, std::memory_order_release);
  if (::syscall(SYS_tgkill, ::getpid(), thread, SIGURG) == 0) {
    const std::int64_t until = clock::now().time_since_epoch().count() + patience_ns;
    while (!q.answered.load(std::memory_order_acquire) && clock::now().time_since_epoch().count() < until)
      q.asks.park(until);
  }
  if (w.asked.exchange(nullptr, std::memory_order_acq_rel) != nullptr) return false;
  while (!q.answered.load(std::memory_order_acquire)) q.asks.park(INT64_MAX);
  return q.frames.count > 0;
}

}  // namespace

std::string whereabouts(worker& w, std::uint64_t switches, question& q) {
  const pid_t thread = w.thread_id.load(std::memory_order_relaxed);
  const thread_state state = state_of(thread);
  if (state.call != nullptr && !state.may_be_interrupted)
    return fmt::format("\n  waits in the system call of {}", symbolize({state.call}).front());
  q.switches = switches;
  if (!w.home.contains_faults || !state.may_be_interrupted || !ask(w, thread, q)) return {};
  std::string lines = "\n  at:";
  for (const std::string& frame : symbolize(q.frames.trace())) lines += "\n    " + frame;
  return lines;
}

void on_question(int signal, siginfo_t* info, void* context) noexcept {
  worker* w = this_worker();
  question* q = w != nullptr ? w->asked.exchange(nullptr, std::memory_order_acq_rel) : nullptr;
  if (q == nullptr) {
    if (handled_before(signal)) hand_on(signal, info, context);
    return;
  }
  const int error_number = errno;
  if (w->switches.load(std::memory_order_relaxed) == q->switches)
    q->frames = walk_from(interrupted{*static_cast<ucontext_t*>(context)}.pc);
  q->answered.store(true, std::memory_order_release);
  q->asks.unpark();
  errno = error_number;
}

}  // namespace joist::inline v0::core
