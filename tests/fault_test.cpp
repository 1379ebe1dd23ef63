// joist/fault.hpp: a fault in a process ends the process; what must end the program does, with a report.
#include <sys/wait.h>

#include <csignal>
#include <cstdio>
#include <exception>
#include <thread>
#include <utility>
#include <vector>

#include "base/assert.hpp"
#include "support/child.hpp"
#include "support/ends.hpp"
#include "support/faults.hpp"
#include "support/world.hpp"

using namespace joist;
using namespace std::chrono_literals;
using support::go;
using support::reason_after;
using support::way;

namespace {

runtime_options containing(std::size_t workers = 2) {
  runtime_options options = support::quiet(workers);
  options.contain_faults = true;
  return options;
}

[[maybe_unused]] bool begins(const std::string& text, const char* with) { return text.rfind(with, 0) == 0; }
bool contains(const std::string& text, const char* part) { return text.find(part) != std::string::npos; }

}  // namespace

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)

TEST_CASE("fault: under a sanitizer nothing is contained, and a runtime that was asked to says so") {
  const auto end = support::in_child([] {
    runtime_options options = containing();
    options.log = [](log_level, std::string_view text) { std::fprintf(stderr, "%s\n", std::string{text}.c_str()); };
    runtime rt{options};
    std::atomic<int> ended{0};
    rt.ask([&ended] { support::commit(way::read_null, ended); });
  });
  CHECK(contains(end.written, "not under a sanitizer"));
  CHECK_FALSE(end.exited_with(0));
}

#else

namespace {

enum class unwinds : std::uint8_t { with_tables, always, never };  // a call may throw: tables speak of it in any code

struct expected {
  way how;
  const char* begins;
  unwinds when;
  bool names_place;
};

constexpr expected all_ways[] = {
#if defined(__x86_64__)  // aarch64 divides by zero and gets zero
    {way::divide, "division by zero: at ", unwinds::with_tables, true},
#endif
    {way::read_null, "null access: address 0x10, at ", unwinds::with_tables, true},
    {way::call_null, "null access: address 0x0, at ", unwinds::always, true},
    {way::read_beyond_file, "bus error: address ", unwinds::with_tables, true},
    {way::call_illegal, "illegal instruction: at ", unwinds::always, false},
    {way::overflow, "stack overflow: address ", unwinds::never, false},
    {way::abort, "abort: at ", unwinds::never, false},
    {way::leave_noexcept, "terminate: at ", unwinds::never, false},
    {way::throw_in_destructor, "terminate: at ", unwinds::never, false},
};

// The reason that a process ends with, as its monitor and its log see it.
exit_reason reason_of_fault(way how, std::atomic<int>& ended, bool tables = true) {
  return reason_after(
      [how, tables, &ended] { tables ? support::commit(how, ended) : support::commit_without_tables(how, ended); });
}

}  // namespace

TEST_CASE("fault: ends the process with a reason that names it, its address and its place, and others go on") {
  runtime rt{containing()};
  const pid echo = rt.spawn([] {
    for (;;) send(receive<pid>(), go{});
  });
  for (const auto& [how, text, when, names_place] : all_ways) {
    std::atomic<int> ended{0};
    const auto before = rt.info().abandoned_stacks;
    const auto reason = rt.ask([&ended, how = how] { return reason_of_fault(how, ended); });
    INFO(reason.to_string());
    REQUIRE(reason.error() != nullptr);
    CHECK(reason.error()->type == "joist::fault");
    CHECK(begins(reason.error()->what, text));
    REQUIRE_FALSE(reason.error()->backtrace.empty());
    if (names_place) CHECK(support::is_in_commit(reason.error()->backtrace.front()));
    const bool unwound = when == unwinds::always || (when == unwinds::with_tables && support::has_tables);
    CHECK(ended.load() == (unwound ? 1 : 0));
    if (support::always_gives_up || when != unwinds::with_tables)
      CHECK(rt.info().abandoned_stacks == before + (unwound ? 0 : 1));
    rt.ask([echo] {
      send(echo, self());
      receive<go>();
    });
  }
}

TEST_CASE("fault: where code has no tables for it, the stack is given up, and each is counted") {
  runtime rt{containing()};
  for (const auto& [how, text, when, names_place] : all_ways) {
    std::atomic<int> ended{0};
    const auto before = rt.info().abandoned_stacks;
    const auto reason = rt.ask([&ended, how = how] { return reason_of_fault(how, ended, false); });
    INFO(reason.to_string());
    REQUIRE(reason.error() != nullptr);
    CHECK(begins(reason.error()->what, text));
    CHECK(ended.load() == (when == unwinds::always ? 1 : 0));
    if (support::always_gives_up || when != unwinds::with_tables)
      CHECK(rt.info().abandoned_stacks == before + (when == unwinds::always ? 0 : 1));
  }
}

TEST_CASE("fault: a __builtin_trap ends the process, unwound or not") {
  runtime rt{containing()};
  std::atomic<int> ended{0};
  const auto reason = rt.ask([&ended] { return reason_of_fault(way::trap, ended); });
  REQUIRE(reason.error() != nullptr);
  CHECK(begins(reason.error()->what, "illegal instruction: at "));
}

TEST_CASE("fault: std::terminate names the exception that was in flight") {
  runtime rt{containing()};
  std::atomic<int> ended{0};
  auto what_of = [&](way how) { return rt.ask([&ended, how] { return reason_of_fault(how, ended); }).error()->what; };
  CHECK(contains(what_of(way::leave_noexcept), "in flight: std::logic_error: not from here"));
  CHECK(contains(what_of(way::throw_in_destructor), "in flight: std::runtime_error: too late"));
  // With a local to destroy first, compilers call std::terminate with nothing caught.
  const auto reason = rt.ask([&ended] {
    return reason_after([&ended]() noexcept {
      struct local {
        std::atomic<int>& count;
        ~local() { ++count; }
      } const it{ended};
      (void)std::string{}.at(ended == 0 ? 1 : 2);
    });
  });
  CHECK(contains(reason.error()->what, "std::out_of_range: basic_string::at"));
}

TEST_CASE("fault: is thrown where it happens, can be caught, and is no std::exception") {
  if (!support::has_tables) return;
  runtime rt{containing()};
  rt.ask([] {
    std::atomic<int> ended{0};
    bool caught = false;
    try {
      try {
        support::commit(way::read_null, ended);
      } catch (const std::exception&) {
        EXPECT(false);
      }
    } catch (const fault& f) {
      caught = f.kind() == fault_kind::null_access && f.address() == reinterpret_cast<void*>(16);
      yield();  // on another thread, perhaps
      caught = caught && support::is_in_commit(f.backtrace().front());
    }
    EXPECT(caught && ended == 1 && std::uncaught_exceptions() == 0);
    for (int i = 0; i < 100; ++i) {  // the signal is not held back, the fault stack is free
      try {
        support::commit(i % 2 == 0 ? way::call_illegal : way::call_null, ended);
      } catch (const fault& f) {
        EXPECT(f.kind() == (i % 2 == 0 ? fault_kind::illegal_instruction : fault_kind::null_access));
      }
    }
    EXPECT(ended == 101);
  });
}

TEST_CASE(
    "fault: links see the reason, locals of the process and messages are destroyed, also where the stack is given up") {
  struct told {
    pid whom;
    explicit told(pid p) : whom{p} {}
    told(told&& from) noexcept : whom{std::exchange(from.whom, pid{})} {}
    ~told() {
      if (whom) send(whom, 7);
    }
  };
  static process_local<std::shared_ptr<told>> kept;
  runtime rt{containing()};
  rt.ask([] {
    trap_exit(true);
    const pid child = spawn_link([main = self()] {
      kept.get() = std::make_shared<told>(main);
      receive<go>();
      std::atomic<int> ended{0};
      support::commit(way::overflow, ended);
    });
    send(child, told{self()});
    send(child, go{});
    const auto end = receive<exited>();
    EXPECT(end.process == child && begins(end.reason.error()->what, "stack overflow"));
    EXPECT(receive<int>() == 7);
    EXPECT(receive<int>() == 7);
    EXPECT(support::mailbox_stays_empty());
  });
}

TEST_CASE("fault: the last words of a process may fault, and wait, and end all the same") {
  struct faults {
    bool armed = true;
    faults() = default;
    faults(faults&& from) noexcept : armed{std::exchange(from.armed, false)} {}
    ~faults() {
      std::atomic<int> ended{0};
      if (armed) support::commit(way::abort, ended);
    }
  };
  struct waits {
    bool armed = true;
    waits() = default;
    waits(waits&& from) noexcept : armed{std::exchange(from.armed, false)} {}
    ~waits() {
      if (armed) receive<go>();
    }
  };
  runtime rt{containing()};
  rt.ask([] {
    const auto child = spawn_monitor([] {
      receive<go>();
      std::atomic<int> ended{0};
      support::commit(way::abort, ended);
    });
    for (int i = 0; i < 3; ++i) {
      send(child.process, faults{});
      send(child.process, waits{});
    }
    send(child.process, go{});
    EXPECT(begins(support::reason_of(child).error()->what, "abort"));
    while (system_info().abandoned_stacks < 7) yield();
    while (system_info().process_count > 1) yield();
  });
}

TEST_CASE("fault: an overflow of a shared stack, of a small one of its own, and of one with large frames") {
  runtime_options options = containing();
  options.slots = 8;  // all of them shared
  runtime rt{options};
  rt.ask([] {
    std::vector<monitored> others;
    for (int i = 0; i < 100; ++i) {
      others.push_back(spawn_monitor([i] {
        volatile int mine[50];
        for (int k = 0; k < 50; ++k) mine[k] = i * k;
        receive<go>();
        for (int k = 0; k < 50; ++k) EXPECT(mine[k] == i * k);
      }));
    }
    auto overflows = [] {
      std::atomic<int> ended{0};
      support::commit(way::overflow, ended);
    };
    auto large_frame = [] {
      char large[1 << 20];
      asm volatile("" : : "r"(large) : "memory");
    };
    spawn_options own;
    own.own_stack = true;
    own.stack_bytes = 32 << 10;
    for (int i = 0; i < 50; ++i) {
      for (const auto& m : {spawn_monitor(overflows), spawn_monitor(own, overflows), spawn_monitor(large_frame),
                            spawn_monitor(own, large_frame)}) {
        const std::string reason = support::reason_of(m).to_string();
        if (!contains(reason, "joist::fault: stack overflow")) throw std::runtime_error{reason};
      }
    }
    for (const auto& m : others) send(m.process, go{});
    for (const auto& m : others) EXPECT(support::reason_of(m) == exit_reason::normal);
    while (system_info().own_stacks > 1) yield();  // one, where every process has its own
  });
}

TEST_CASE("fault: a stack that was lent and given up is never used again: others may still write to it") {
  runtime rt{containing(1)};
  rt.ask([] {
    spawn_options own;
    own.own_stack = true;
    own.stack_bytes = 64 << 10;
    auto place_of = [&own](bool faults) {
      const auto m = spawn_monitor(own, [main = self(), faults] {
        volatile char here = 0;
        send(main, reinterpret_cast<std::uintptr_t>(&here));
        std::atomic<int> ended{0};
        if (faults) support::commit(way::abort, ended);
      });
      (void)support::reason_of(m);
      while (system_info().process_count > 1) yield();
      return receive<std::uintptr_t>();
    };
    EXPECT(place_of(false) == place_of(false));
    const auto given_up = place_of(true);
    for (int i = 0; i < 40; ++i) EXPECT(place_of(false) != given_up);
  });
}

TEST_CASE("fault: a kill at a wait in a noexcept function gives the stack up; a fault after the kill changes no reason") {
  runtime rt{containing()};
  rt.ask([] {
    const auto waits = spawn_monitor([main = self()]() noexcept {
      send(main, go{});
      support::wait_for_ever();
    });
    receive<go>();
    joist::exit(waits.process, exit_reason::kill);
    EXPECT(support::reason_of(waits) == exit_reason::killed);
    while (system_info().abandoned_stacks < 1) yield();

    const auto faults = spawn_monitor([main = self()] {
      struct last {
        ~last() {
          std::atomic<int> ended{0};
          support::commit_without_tables(way::read_null, ended);
        }
      } const here{};
      send(main, go{});
      support::wait_for_ever();
    });
    receive<go>();
    joist::exit(faults.process, exit_reason::kill);
    EXPECT(support::reason_of(faults) == exit_reason::killed);
    while (system_info().abandoned_stacks < 2) yield();
    EXPECT(reason_after([]() noexcept { joist::exit(exit_reason::shutdown); }) == exit_reason::shutdown);
  });
}

TEST_CASE("fault: a stack that is given up is logged once for each place, a crash each time") {
  std::atomic<int> given_up{0}, crashes{0};
  runtime_options options = containing();
  options.log = [&](log_level, std::string_view text) {
    if (contains(std::string{text}, "its stack is given up")) ++given_up;
    if (contains(std::string{text}, "crashed")) ++crashes;
  };
  runtime rt{options};
  for (int i = 0; i < 10; ++i) {
    rt.ask([] {
      std::atomic<int> ended{0};
      (void)reason_of_fault(way::abort, ended);
    });
  }
  CHECK(given_up == 1);
  CHECK(crashes == 10);
}

namespace {

// How the program ends when a process, in a runtime that contains faults, does `what`.
template <class Body>
support::child_end end_of(Body what, fault_policy policy = fault_policy::stop_at_wild_access) {
  return support::in_child([&] {
    runtime_options options = containing();
    options.faults = policy;
    runtime rt{options};
    const pid made = rt.spawn({.label = "the culprit"}, what);
    while (rt.info().process_count > 0) std::this_thread::yield();
    (void)made;
  });
}

std::atomic<int> nobody_counts{0};

}  // namespace

TEST_CASE("fault: a wild access stops the program with a report, unless the policy contains it") {
  for (const way how : {way::read_wildly, way::read_no_address}) {
    const auto wild = [how] { support::commit(how, nobody_counts); };
    const auto end = end_of(wild);
    INFO(end.written);
    CHECK(end.died_of(SIGSEGV));
    CHECK(contains(end.written, "joist: the program stops by SIGSEGV: wild access"));
    CHECK(contains(end.written, "\"the culprit\""));
    CHECK(contains(end.written, "  at:\n    0x"));
    CHECK(end_of(wild, fault_policy::contain_wild_access).exited_with(0));
  }
  CHECK(contains(end_of([] { support::commit(way::read_wildly, nobody_counts); }).written, "address 0x123456789000"));
}

TEST_CASE("fault: in malloc or stdio, where locks are held, the program stops with a report that says so") {
  const auto in_malloc = end_of([] {
    // A list of free blocks that leads nowhere, as after a write to memory that was freed.
    void* volatile first = std::malloc(64);
    void* volatile second = std::malloc(64);
    std::free(first);
    std::free(second);
    for (int i = 0; i < 16; ++i) static_cast<volatile char*>(second)[i] = 0x11;
    for (int i = 0; i < 10; ++i) {
      void* volatile again = std::malloc(64);
      (void)again;
    }
  });
  INFO(in_malloc.written);
  CHECK((in_malloc.died_of(SIGABRT) || in_malloc.died_of(SIGSEGV)));
  CHECK(contains(in_malloc.written, "joist: the program stops by "));
  static const char* volatile no_text = nullptr;
  const auto in_stdio = end_of([] { std::fputs(no_text, stdout); });
  INFO(in_stdio.written);
  CHECK(in_stdio.died_of(SIGSEGV));
  CHECK(contains(in_stdio.written, "not contained: where locks of the C library are held"));
}

TEST_CASE("fault: of a thread that is no worker, or of a runtime that was not asked, ends the program as ever") {
  const auto thread = support::in_child([] {
    runtime rt{containing()};
    std::thread{[] { support::commit(way::read_null, nobody_counts); }}.join();
  });
  CHECK(thread.died_of(SIGSEGV));
  CHECK(contains(thread.written, "joist: the program stops by SIGSEGV: null access: address 0x10"));
  const auto other = support::in_child([] {
    runtime contains_them{containing()};
    runtime rt{support::quiet(1)};
    rt.ask([] { support::commit(way::read_null, nobody_counts); });
  });
  CHECK(other.died_of(SIGSEGV));
  const auto thrown = support::in_child([] {
    runtime rt{containing()};
    std::thread{[] { support::commit(way::leave_noexcept, nobody_counts); }}.join();
  });
  CHECK(thrown.died_of(SIGABRT));
}

TEST_CASE("fault: on a stack that is not the process's own, as in a handler, stops the program") {
  const auto end = end_of([] {
    struct sigaction action {};
    action.sa_handler = [](int) { support::commit(way::read_null, nobody_counts); };
    action.sa_flags = SA_ONSTACK;
    ::sigaction(SIGPROF, &action, nullptr);
    std::raise(SIGPROF);
  });
  INFO(end.written);
  CHECK(end.died_of(SIGSEGV));
  CHECK(contains(end.written, "a fault while a fault was handled"));
}

TEST_CASE("fault: in the log's sink, where others wait for its lock, stops the program") {
  const auto end = support::in_child([] {
    runtime_options options = containing();
    options.log = [](log_level, std::string_view) { support::commit(way::read_null, nobody_counts); };
    runtime rt{options};
    rt.spawn([] { throw std::runtime_error{"logged"}; });
    std::this_thread::sleep_for(10s);
  });
  INFO(end.written);
  CHECK(end.died_of(SIGSEGV));
  CHECK(contains(end.written, "not contained: where locks of the runtime are held"));
}

TEST_CASE("fault: a failed assertion of the runtime's own stops the program") {
  const auto end = end_of([] { base::assertion_failed("never", "what must be is not", __FILE__, __LINE__); });
  INFO(end.written);
  CHECK(end.died_of(SIGABRT));
  CHECK(contains(end.written, "joist: internal error: what must be is not"));
  CHECK(contains(end.written, "not contained: an internal error of Joist"));
}

#if defined(JOIST_TEST_OWN_TEXT)
namespace {
[[gnu::noinline]] int deeper(pid who, int level) {  // its frame is small, so that the end of the stack is met in the call
  int below = level < 0 || !is_alive(who) ? 0 : deeper(who, level + 1);
  asm volatile("" : "+r"(below));  // no loop
  return below;
}
}  // namespace

TEST_CASE(
    "fault: in a function of the runtime, called with a damaged handle, stops the program; of an overflow there, it goes "
    "on") {
  static const runtime* volatile damaged = nullptr;
  const auto end = end_of([] { (void)damaged->info(); });
  INFO(end.written);
  CHECK(end.died_of(SIGSEGV));
  CHECK(contains(end.written, "not contained: a fault in the runtime itself"));
  runtime rt{containing()};
  const auto reason = rt.ask([] {
    spawn_monitor([] { deeper(self(), 0); });
    return receive<down>().reason.to_string();
  });
  INFO(reason);
  CHECK(contains(reason, "stack overflow"));
  CHECK(contains(reason, "joist::"));
}
#endif

TEST_CASE("fault: signals that others send are not taken for faults") {
  for (const int signal : {SIGSEGV, SIGFPE, SIGABRT}) {
    const auto end = support::in_child([signal] {
      runtime rt{containing(1)};
      const auto worker = rt.ask([] { return ::pthread_self(); });
      rt.spawn([] {
        for (;;) {
        }
      });
      std::this_thread::sleep_for(50ms);
      ::pthread_kill(worker, signal);
      std::this_thread::sleep_for(10s);
    });
    CHECK(end.died_of(signal));
  }
}

namespace {

volatile std::sig_atomic_t seen_before_us = 0;

void handler_of_program(int, siginfo_t*, void*) {
  seen_before_us = 1;
  ::_exit(7);
}

struct sigaction handler_now(int signal) {
  struct sigaction now {};
  ::sigaction(signal, nullptr, &now);
  return now;
}

}  // namespace

TEST_CASE("fault: handlers that were there before are asked for what is not ours, and put back by the last that stops") {
  CHECK(support::in_child([] {
          struct sigaction action {};
          action.sa_sigaction = &handler_of_program;
          action.sa_flags = SA_SIGINFO;
          ::sigaction(SIGSEGV, &action, nullptr);
          runtime rt{containing()};
          rt.ask([] { (void)reason_of_fault(way::read_null, nobody_counts); });  // ours
          std::thread{[] { support::commit(way::read_null, nobody_counts); }}.join();
        }).exited_with(7));
  CHECK(support::in_child([] {
          struct sigaction action {};
          action.sa_sigaction = &handler_of_program;
          action.sa_flags = SA_SIGINFO;
          ::sigaction(SIGSEGV, &action, nullptr);
          const auto terminate_before = std::get_terminate();
          bool right = true;
          {
            runtime first{containing(1)};
            {
              runtime second{containing(1)};
              right = right && handler_now(SIGSEGV).sa_sigaction != &handler_of_program;
            }
            right = right && handler_now(SIGSEGV).sa_sigaction != &handler_of_program;
            first.ask([] { (void)reason_of_fault(way::read_null, nobody_counts); });
          }
          right = right && handler_now(SIGSEGV).sa_sigaction == &handler_of_program;
          right = right && handler_now(SIGFPE).sa_handler == SIG_DFL && std::get_terminate() == terminate_before;
          ::_exit(right ? 7 : 1);
        }).exited_with(7));
  CHECK(support::in_child([] {
          struct sigaction later {};
          later.sa_sigaction = &handler_of_program;
          later.sa_flags = SA_SIGINFO;
          {
            runtime rt{containing(1)};
            ::sigaction(SIGFPE, &later, nullptr);
          }
          ::_exit(handler_now(SIGFPE).sa_sigaction == &handler_of_program ? 7 : 1);
        }).exited_with(7));
}

TEST_CASE("fault: the signal of stuck_backtraces reaches a handler that was there before, and is put back") {
  const int signal = SIGRTMAX - 2;
  runtime_options asking = containing(1);
  asking.stuck_backtraces = true;
  CHECK(support::in_child([&] {
          struct sigaction action {};
          action.sa_sigaction = &handler_of_program;
          action.sa_flags = SA_SIGINFO;
          ::sigaction(signal, &action, nullptr);
          { const runtime rt{asking}; }
          if (handler_now(signal).sa_sigaction != &handler_of_program) ::_exit(1);
          {
            const runtime rt{containing(1)};
            if (handler_now(signal).sa_sigaction != &handler_of_program) ::_exit(2);
          }
          const runtime rt{asking};
          ::kill(::getpid(), signal);
          for (;;) ::pause();
        }).exited_with(7));
}

TEST_CASE("fault: handlers that somebody came over, and who took ours out with his own, are installed again") {
  CHECK(support::in_child([] {
          struct sigaction over {};
          over.sa_sigaction = &handler_of_program;
          over.sa_flags = SA_SIGINFO;
          struct sigaction before {};
          ::sigaction(SIGSEGV, nullptr, &before);
          {
            runtime first{containing(1)};
            ::sigaction(SIGSEGV, &over, nullptr);
          }
          ::sigaction(SIGSEGV, &before, nullptr);
          runtime second{containing(1)};
          second.ask([] { (void)reason_of_fault(way::read_null, nobody_counts); });
          ::_exit(7);
        }).exited_with(7));
}

#ifndef JOIST_CHECK_ISOLATION  // where every runtime takes them
TEST_CASE("fault: a runtime in a program takes no handlers unless it is asked, joist::run does") {
  CHECK(support::in_child([] {
          runtime rt{support::quiet(1)};
          ::_exit(handler_now(SIGSEGV).sa_handler == SIG_DFL ? 7 : 1);
        }).exited_with(7));
  CHECK(support::in_child([] {
          const int code = joist::run([] { (void)reason_of_fault(way::abort, nobody_counts); }, support::quiet(1));
          ::_exit(code == 0 && handler_now(SIGSEGV).sa_handler == SIG_DFL ? 7 : 1);
        }).exited_with(7));
  runtime_options off = support::quiet(1);
  off.contain_faults = false;
  CHECK(support::in_child([off] { joist::run([] { support::commit(way::abort, nobody_counts); }, off); }).died_of(SIGABRT));
}
#endif

#endif
