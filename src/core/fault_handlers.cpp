#include "core/fault_handlers.hpp"

#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <exception>
#include <mutex>
#include <tuple>

#include "core/fault.hpp"
#include "core/fault_frames.hpp"
#include "core/whereabouts.hpp"

namespace joist::inline v0::core {
namespace {

struct handled_signal {
  int signal;
  void (*handler)(int, siginfo_t*, void*);
  int flags;
};

// NODEFER: a handler that is left by an exception leaves the signal as it was.
const std::array handled {
  handled_signal{SIGSEGV, &on_fault, SA_NODEFER}, handled_signal{SIGBUS, &on_fault, SA_NODEFER},
      handled_signal{SIGFPE, &on_fault, SA_NODEFER}, handled_signal{SIGILL, &on_fault, SA_NODEFER},
      handled_signal{SIGABRT, &on_fault, SA_NODEFER},
#if defined(__aarch64__)
      handled_signal{SIGTRAP, &on_fault, SA_NODEFER},  // __builtin_trap is a brk
#endif
      handled_signal {
    question_signal(), &on_question, SA_RESTART
  }
};

struct before_us {
  struct sigaction action {};
  bool installed = false;  // ours is, or somebody who came later has it and hands on to us
};

// Written under the mutex, before the handler that reads them can run.
constinit std::array<before_us, std::tuple_size_v<decltype(handled)>> previous{};
constinit std::terminate_handler previous_terminate = nullptr;
constinit std::size_t holders = 0;
constinit std::mutex mutex;

before_us& before(int signal) noexcept {
  const auto* found = std::find_if(handled.begin(), handled.end(), [signal](const auto& h) { return h.signal == signal; });
  return previous[static_cast<std::size_t>(found - handled.begin())];
}

bool is_ours(const struct sigaction& action, const handled_signal& h) noexcept {
  return (action.sa_flags & SA_SIGINFO) != 0 && action.sa_sigaction == h.handler;
}

// Somebody who came over ours has put back what was before us, or nothing: no chain leads to us any more.
bool was_taken_out(const before_us& b, const struct sigaction& now) noexcept {
  if ((now.sa_flags & SA_SIGINFO) == 0 && (now.sa_handler == SIG_DFL || now.sa_handler == SIG_IGN)) return true;
  const bool same_kind = ((now.sa_flags ^ b.action.sa_flags) & SA_SIGINFO) == 0;
  return same_kind && ((now.sa_flags & SA_SIGINFO) != 0 ? now.sa_sigaction == b.action.sa_sigaction
                                                        : now.sa_handler == b.action.sa_handler);
}

void install(bool questions) noexcept {
  for (const handled_signal& h : handled) {
    if (h.handler == &on_question && !questions) continue;
    before_us& b = before(h.signal);
    struct sigaction now {};
    ::sigaction(h.signal, nullptr, &now);
    // To come twice in a chain of handlers would close it to a circle.
    if (b.installed && !was_taken_out(b, now)) continue;
    struct sigaction ours {};
    ours.sa_sigaction = h.handler;
    ours.sa_flags = SA_SIGINFO | SA_ONSTACK | h.flags;
    b.action = now;
    b.installed = ::sigaction(h.signal, &ours, nullptr) == 0;
  }
  if (std::get_terminate() != &on_terminate) previous_terminate = std::set_terminate(&on_terminate);
}

void uninstall() noexcept {
  for (const handled_signal& h : handled) {
    before_us& b = before(h.signal);
    struct sigaction now {};
    ::sigaction(h.signal, nullptr, &now);
    if (is_ours(now, h) && ::sigaction(h.signal, &b.action, nullptr) == 0) b.installed = false;
  }
  if (std::get_terminate() == &on_terminate) std::set_terminate(previous_terminate);
}

std::size_t page_bytes() noexcept { return static_cast<std::size_t>(::sysconf(_SC_PAGESIZE)); }

// Unwinding and symbols need a third of it; wide registers come on top.
std::size_t fault_stack_bytes() noexcept {
  constexpr std::size_t wanted = std::size_t{128} << 10;
  const std::size_t page = page_bytes();
  return (wanted + ::getauxval(AT_MINSIGSTKSZ) + page - 1) / page * page;
}

}  // namespace

bool can_contain_faults() noexcept { return !base::sanitized && read_modules(); }

const char* why_not_contained() noexcept {
  return base::sanitized
             ? "contain_faults: not under a sanitizer, whose own report says more"
             : "contain_faults: not where the C library is linked into the program: it could not be seen whether a "
               "fault interrupts malloc";
}

void fault_handlers::hold(bool questions) {
  if (held_.exchange(true)) return;
  const std::scoped_lock lock{mutex};
  if (holders++ == 0 || questions) install(questions);
}

void fault_handlers::release() noexcept {
  if (!held_.exchange(false)) return;
  const std::scoped_lock lock{mutex};
  if (--holders == 0) uninstall();
}

fault_stack::fault_stack(bool wanted) noexcept {
  if (!wanted) return;
  const std::size_t page = page_bytes();
  const std::size_t bytes = fault_stack_bytes() + page;
  void* map = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (map == MAP_FAILED) return;  // stack overflows then stop the program: the kernel has nowhere to go
  ::mprotect(map, page, PROT_NONE);
  map_ = map;
  bytes_ = bytes;
  stack_t stack{};
  stack.ss_sp = static_cast<std::byte*>(map) + page;
  stack.ss_size = bytes - page;
  ::sigaltstack(&stack, nullptr);
}

fault_stack::~fault_stack() {
  if (map_ == nullptr) return;
  stack_t none{};
  none.ss_flags = SS_DISABLE;
  ::sigaltstack(&none, nullptr);
  ::munmap(map_, bytes_);
}

bool handled_before(int signal) noexcept {
  const struct sigaction& b = before(signal).action;
  return (b.sa_flags & SA_SIGINFO) != 0 ? b.sa_sigaction != nullptr : b.sa_handler != SIG_DFL && b.sa_handler != SIG_IGN;
}

void hand_on(int signal, siginfo_t* info, void* context) noexcept {
  const struct sigaction& b = before(signal).action;
  const bool fault = info->si_code > 0;
  if (handled_before(signal)) {
    sigset_t held = b.sa_mask;
    sigset_t now;
    if ((b.sa_flags & SA_NODEFER) == 0) ::sigaddset(&held, signal);
    ::pthread_sigmask(SIG_BLOCK, &held, &now);
    (b.sa_flags & SA_SIGINFO) != 0 ? b.sa_sigaction(signal, info, context) : b.sa_handler(signal);
    ::pthread_sigmask(SIG_SETMASK, &now, nullptr);
    return;
  }
  if (b.sa_handler == SIG_IGN && !fault) return;
  struct sigaction standard {};
  standard.sa_handler = SIG_DFL;
  ::sigaction(signal, &standard, nullptr);
  // A fault happens again when this handler returns, and abort() raises again; another's signal is over.
  if (!fault) ::syscall(SYS_tgkill, ::getpid(), ::syscall(SYS_gettid), signal);
}

void hand_on_terminate() noexcept {
  if (previous_terminate != nullptr) previous_terminate();
  std::abort();
}

}  // namespace joist::inline v0::core
