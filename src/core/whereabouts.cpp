#include "core/whereabouts.hpp"

#include <joist/clock.hpp>

#include <fmt/format.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <span>
#include <string_view>
#include <vector>

#include "core/code_map.hpp"
#include "core/fault_handlers.hpp"
#include "core/fault_judgement.hpp"
#include "core/scheduler.hpp"

namespace joist::inline v0::core {
namespace {

constexpr std::int64_t patience_ns = 50'000'000;
constexpr std::size_t most_frames = 32;

/// What the kernel says of a thread (proc(5), /proc/pid/syscall).
struct thread_state {
  bool computes = false;  // or the kernel computes for it
  long call = -1;         // the system call it waits in
  std::uintptr_t sp = 0, pc = 0;
};

std::uintptr_t number(const std::string& hex) noexcept { return std::strtoull(hex.c_str(), nullptr, 16); }

thread_state state_of(pid_t thread) {
  std::ifstream file{fmt::format("/proc/self/task/{}/syscall", thread)};
  const std::vector<std::string> words{std::istream_iterator<std::string>{file}, {}};
  if (words.empty()) return {};  // not every kernel tells
  // "running"; "-1 sp pc", for instance while a page is read; "number, six arguments, sp, pc"
  constexpr std::size_t words_of_a_call = 9;
  if (words.size() < words_of_a_call) return {true};
  return {false, std::strtol(words[0].c_str(), nullptr, 10), number(words[7]), number(words[8])};
}

// Those that block; of others the number says enough.
std::string_view name_of_call(long call) noexcept {
  switch (call) {
    case SYS_read: return "read";
    case SYS_write: return "write";
    case SYS_pread64: return "pread64";
    case SYS_pwrite64: return "pwrite64";
    case SYS_readv: return "readv";
    case SYS_writev: return "writev";
    case SYS_recvfrom: return "recvfrom";
    case SYS_recvmsg: return "recvmsg";
    case SYS_sendto: return "sendto";
    case SYS_sendmsg: return "sendmsg";
    case SYS_connect: return "connect";
    case SYS_accept: return "accept";
    case SYS_accept4: return "accept4";
    case SYS_ppoll: return "ppoll";
    case SYS_pselect6: return "pselect6";
    case SYS_epoll_pwait: return "epoll_pwait";
#if defined(__x86_64__)
    case SYS_poll: return "poll";
    case SYS_select: return "select";
    case SYS_epoll_wait: return "epoll_wait";
    case SYS_open: return "open";
#endif
    case SYS_openat: return "openat";
    case SYS_futex: return "futex, for a lock or another thread";
    case SYS_nanosleep: return "nanosleep";
    case SYS_clock_nanosleep: return "clock_nanosleep";
    case SYS_wait4: return "wait4";
    case SYS_waitid: return "waitid";
    case SYS_flock: return "flock";
    case SYS_fcntl: return "fcntl";
    case SYS_fsync: return "fsync";
    case SYS_fdatasync: return "fdatasync";
    default: return "";
  }
}

bool ask(worker& w, pid_t thread, question& q) {
  q.answered.store(false, std::memory_order_relaxed);
  q.copy.pc = q.copy.count = 0;
  // release: the question. Pairs with on_question().
  w.asked.store(&q, std::memory_order_release);
  if (::syscall(SYS_tgkill, ::getpid(), thread, question_signal()) == 0) {
    const std::int64_t until = clock::now().time_since_epoch().count() + patience_ns;
    while (!q.answered.load(std::memory_order_acquire) && clock::now().time_since_epoch().count() < until)
      q.asks.park(until);
  }
  if (w.asked.exchange(nullptr, std::memory_order_acq_rel) != nullptr) return false;
  while (!q.answered.load(std::memory_order_acquire)) q.asks.park(INT64_MAX);
  return q.copy.pc != 0;
}

// Of a thread that waits.
void copy_stack(std::uintptr_t sp, const stack_range& stack, stack_copy& copy) noexcept {
  copy.count = 0;
  if (sp < stack.bottom || sp >= stack.top) return;
  const std::size_t bytes = std::min(stack.top - sp, sizeof copy.words);
  copy.count = copy_what_is_there(copy.words.data(), sp, bytes) / sizeof(std::uintptr_t);
}

void add_frames(std::string& lines, const code_map& code, const stack_copy& copy) {
  for (const std::uintptr_t frame : code.return_addresses({copy.words.data(), copy.count}, most_frames))
    lines += "\n    " + code.name(frame);
}

}  // namespace

std::string whereabouts(worker& w, std::uint64_t switches, stack_range stack, const void* body, question& q) {
  const pid_t thread = w.thread_id.load(std::memory_order_relaxed);
  const thread_state state = state_of(thread);
  q.switches = switches;
  q.stack = stack;
  const bool waits = state.call >= 0;
  if (waits) copy_stack(state.sp, stack, q.copy);
  const bool answers = state.computes && w.home.asks_stuck && ask(w, thread, q);
  if (w.switches.load(std::memory_order_acquire) != switches) return {};  // it has come back: this was of another process
  const code_map code;
  std::string lines;
  if (waits) {
    const std::string_view name = name_of_call(state.call);
    lines = fmt::format("\n  waits in system call {}{}{}, called at\n    {}", state.call, name.empty() ? "" : ": ", name,
                        code.name(state.pc));
    add_frames(lines, code, q.copy);
  } else if (answers) {
    lines = "\n  computes at\n    " + code.name(q.copy.pc);
    add_frames(lines, code, q.copy);
  }
  if (body != nullptr) lines += "\n  began at\n    " + code.name(reinterpret_cast<std::uintptr_t>(body));
  return lines;
}

// The last but two: debuggers and tools that want one of their own take the last.
int question_signal() noexcept { return SIGRTMAX - 2; }

void on_question(int signal, siginfo_t* info, void* context) noexcept {
  worker* w = this_worker();
  question* q = w != nullptr ? w->asked.exchange(nullptr, std::memory_order_acq_rel) : nullptr;
  if (q == nullptr) {
    const bool late = info->si_code == SI_TKILL && info->si_pid == ::getpid();
    if (!late && handled_before(signal)) hand_on(signal, info, context);
    return;
  }
  const int error_number = errno;
  if (w->switches.load(std::memory_order_relaxed) == q->switches) {
    const interrupted at{*static_cast<ucontext_t*>(context)};
    const auto sp = reinterpret_cast<std::uintptr_t>(at.sp);
    q->copy.pc = reinterpret_cast<std::uintptr_t>(at.pc);
    if (sp >= q->stack.bottom && sp < q->stack.top) {
      q->copy.count = std::min((q->stack.top - sp) / sizeof(std::uintptr_t), q->copy.words.size());
      std::memcpy(q->copy.words.data(), at.sp, q->copy.count * sizeof(std::uintptr_t));
    }
  }
  q->answered.store(true, std::memory_order_release);
  q->asks.unpark();
  errno = error_number;
}

}  // namespace joist::inline v0::core
