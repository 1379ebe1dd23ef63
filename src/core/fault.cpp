#include "core/fault.hpp"

#include <cxxabi.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <exception>

#include "core/abandon.hpp"
#include "core/claim.hpp"
#include "core/fault_handlers.hpp"
#include "core/fault_judgement.hpp"
#include "core/fault_report.hpp"
#include "core/process_main.hpp"
#include "core/scheduler.hpp"
#include "fiber/isolation.hpp"

namespace joist::inline v0::core {
namespace {

constexpr const char* no_tables =
    "no table says how to unwind from there; code compiled with -fnon-call-exceptions has them, unless it is noexcept";
constexpr const char* overflow = "a stack that is used up cannot be unwound";
constexpr const char* aborted = "who calls abort() is not unwound";
constexpr const char* left_noexcept =
    "std::terminate was called: an exception left a noexcept function or a destructor, or met code without tables";
constexpr const char* killed_in_noexcept =
    "it waits in a noexcept function or a destructor while it is being ended, and must not be unwound through it";

// The thread that stops the program: a fault in its report is not reported, an abort that follows is not contained.
constinit std::atomic<pid_t> stopper{0};

pid_t this_thread() noexcept { return static_cast<pid_t>(::syscall(SYS_gettid)); }

// What would be without us, after a report. A handler before us may come back and go on.
void stop_with_report(int signal, siginfo_t* info, void* context, const fault_judgement& j) noexcept {
  stopper.store(this_thread(), std::memory_order_relaxed);
  report_fault(name_of_signal(signal), j);
  const bool may_go_on = handled_before(signal);
  hand_on(signal, info, context);
  if (may_go_on) stopper.store(0, std::memory_order_relaxed);
}

// The program stops already: by this thread, or by another, which is given the time for its report.
void stop_with_others(int signal, siginfo_t* info, void* context) noexcept {
  if (stopper.load(std::memory_order_relaxed) != this_thread()) ::sleep(1);
  hand_on(signal, info, context);
}

std::uint64_t number_of(const void* place) noexcept { return reinterpret_cast<std::uintptr_t>(place); }

void note_reason(process_control& p, exit_reason reason) {
  const owner_scope here{p};
  if (!p.ending) p.more().reason = std::move(reason);
}

void contain(const fault_judgement& j) {
  const bool unwinds = j.kind != fault_kind::stack_overflow && j.kind != fault_kind::abort;
  if (unwinds) throw make_fault(j.kind, j.address, j.frames);
  note_reason(*j.p, reason_of(make_fault(j.kind, j.address, j.frames)));
  abandon_stack(*j.p, j.kind == fault_kind::abort ? aborted : overflow, number_of(j.frames.place()));
}

bool on_fault_stack() noexcept {
  stack_t now{};
  return ::sigaltstack(nullptr, &now) == 0 && (now.ss_flags & SS_ONSTACK) != 0;
}

// The process that std::terminate is called in, if it may end by it.
process_control* process_to_end(const fault_frames& frames) noexcept {
  const worker* w = containing_worker();
  process_control* p = w != nullptr ? w->running : nullptr;
  if (p == nullptr || stopper.load(std::memory_order_relaxed) != 0 || holds_locks(*p, frames) != nullptr) return nullptr;
  const auto* here = static_cast<const std::byte*>(__builtin_frame_address(0));
  return on_stack_of(*p, here) || on_fault_stack() ? p : nullptr;
}

// Compilers call std::terminate with the exception caught, or, where locals were destroyed first, in flight: then it is the
// one that was seen on its way to the process's first frame.
void catch_what_is_in_flight(process_control& p) noexcept {
  if (abi::__cxa_current_exception_type() != nullptr || std::uncaught_exceptions() == 0) return;
  if (p.extras != nullptr && p.extras->thrown != nullptr && p.extras->thrown->exception != nullptr)
    abi::__cxa_begin_catch(p.extras->thrown->exception);
}

exit_reason reason_of_terminate(process_control& p, const fault_frames& frames, const char*& because) {
  catch_what_is_in_flight(p);
  std::string thrown;
  if (abi::__cxa_current_exception_type() != nullptr) {
    try {
      throw;
    } catch (const fault& f) {
      because = no_tables;
      return reason_of(f);
    } catch (const forced_exit& e) {
      because = killed_in_noexcept;
      return e.reason();
    } catch (const process_exit& e) {
      return e.reason();
    } catch (...) {
      const auto [type, what] = describe_current_exception();
      thrown = what.empty() ? type : fmt::format("{}: {}", type, what);
    }
  } else if (std::uncaught_exceptions() > 0) {
    thrown = "an exception whose type is not known";
  }
  const fault made = make_fault(fault_kind::terminate, frames.place(), frames);
  exit_reason reason = reason_of(made);
  if (thrown.empty()) return reason;
  error_info info = *reason.error();
  info.what += "; in flight: " + thrown;
  return exit_reason::error(std::move(info));
}

}  // namespace

exit_reason reason_of(const fault& f) { return exit_reason::error({"joist::fault", f.what(), f.backtrace()}); }

void on_fault(int signal, siginfo_t* info, void* context) {
  auto& interrupted_at = *static_cast<ucontext_t*>(context);
  if (stopper.load(std::memory_order_relaxed) != 0) return stop_with_others(signal, info, context);
  fault_judgement j = judge(signal, *info, interrupted_at);
  if (j.foreign != nullptr) fiber::report_foreign_use(*j.foreign);
  if (j.what == fault_judgement::verdict::contain) {
    // A handler that was installed over us may hold signals back; who leaves without returning puts them right himself.
    ::pthread_sigmask(SIG_SETMASK, &interrupted_at.uc_sigmask, nullptr);
    contain(j);
  }
  if (j.what == fault_judgement::verdict::stop) return stop_with_report(signal, info, context, j);
  // Of others: a handler before us has its own words, the default action has none.
  const bool was_sent = info->si_code <= 0 && signal != SIGABRT;
  if (was_sent || handled_before(signal)) return hand_on(signal, info, context);
  j.frames = walk_from(interrupted{interrupted_at}.pc);
  stop_with_report(signal, info, context, j);
}

void on_terminate() {
  const fault_frames frames = walk_from(nullptr);
  process_control* p = process_to_end(frames);
  if (p == nullptr) hand_on_terminate();
  const char* because = left_noexcept;
  note_reason(*p, reason_of_terminate(*p, frames, because));
  abandon_stack(*p, because, number_of(frames.place()));
}

}  // namespace joist::inline v0::core
