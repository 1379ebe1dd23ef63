// fiber/isolation.hpp: in the isolation build, who uses a waiting process's stack is stopped, and told whose it was.
#include "fiber/isolation.hpp"

#include <array>
#include <csignal>
#include <cstdlib>

#include "support/child.hpp"
#include "support/ends.hpp"
#include "support/world.hpp"

using namespace joist;

#ifdef JOIST_CHECK_ISOLATION
namespace {

/// A pointer, hidden from the check of sendable types.
struct smuggled {
  std::uintptr_t address;
};

// In a runtime with one worker: the lender waits, or gives its stack up, and then its stack is used.
void use_stack_of_another(const spawn_options& options, bool waits, const runtime_options& home = support::quiet(1)) {
  runtime rt{home};
  rt.ask([&] {
    spawn(options, [main = self(), waits] {
      volatile int mine = 1;
      send(main, smuggled{reinterpret_cast<std::uintptr_t>(&mine)});
      if (!waits) std::abort();
      support::wait_for_ever();
      (void)mine;
    });
    const auto got = receive<smuggled>();
    yield();
    *reinterpret_cast<volatile int*>(got.address) = 2;
  });
}

const spawn_options lender{.label = "the lender"};
const spawn_options lender_with_own_stack{.label = "the lender", .own_stack = true};

runtime_options containing_wild_access() {
  runtime_options options = support::quiet(1);
  options.contain_faults = true;
  options.faults = fault_policy::contain_wild_access;
  return options;
}

void check_report(const support::child_end& end) {
  INFO(end.written);
  CHECK(end.died_of(SIGSEGV));
  CHECK(end.written.find("joist: isolation: the stack of a process that does not run was used: <") != std::string::npos);
  CHECK(end.written.find("\"the lender\"") != std::string::npos);
}

}  // namespace

TEST_CASE("isolation: a pointer into the stack of a waiting process ends the program with the process's name") {
  check_report(support::in_child([] { use_stack_of_another(lender, true); }));
}

TEST_CASE("isolation: it ends the program also where faults are contained, wild accesses too") {
  const auto end = support::in_child([] { use_stack_of_another(lender, true, containing_wild_access()); });
  check_report(end);
  CHECK(end.written.find("not contained: a pointer into the stack of a process that does not run") != std::string::npos);
}

TEST_CASE("isolation: a stack that its process has given up is closed as others are") {
  check_report(support::in_child([] { use_stack_of_another(lender, false, containing_wild_access()); }));
}

TEST_CASE("isolation: a thread that is no worker is told as well, and a handler of the program is asked afterwards") {
  const auto end = support::in_child([] {
    std::signal(SIGSEGV, [](int) { ::_exit(7); });
    runtime rt{support::quiet(1)};
    const auto address = rt.ask([] {
      volatile int mine = 1;
      return reinterpret_cast<std::uintptr_t>(&mine);
    });
    *reinterpret_cast<volatile int*>(address) = 2;
  });
  INFO(end.written);
  CHECK(end.exited_with(7));
  CHECK(end.written.find("joist: isolation: the stack of a process that does not run was used: <") != std::string::npos);
}

TEST_CASE("isolation: stacks of a runtime that is gone are known no more") {
  fiber::slot s;
  std::array<std::byte, 64> memory{};
  s.top = memory.data() + memory.size();
  s.bytes = memory.size();
  for (int i = 0; i < 3; ++i) {
    fiber::watch_stack(s);
    CHECK(fiber::watched_stack_at(memory.data()) == &s);
    CHECK(fiber::watched_stack_at(memory.data() + memory.size()) == nullptr);
    fiber::forget_stack(s);
    CHECK(fiber::watched_stack_at(memory.data()) == nullptr);
  }
}

TEST_CASE("isolation: a stack that was asked for may be lent") {
  const auto end = support::in_child([] { use_stack_of_another(lender_with_own_stack, true); });
  INFO(end.written);
  CHECK(end.exited_with(0));
  CHECK(end.written.empty());
}
#else
TEST_CASE("isolation: other builds leave stacks open, and handle no signal") {
  runtime rt{support::quiet(1)};
  rt.ask([] { (void)support::reason_after([] {}); });
  struct sigaction now {};
  ::sigaction(SIGSEGV, nullptr, &now);
  CHECK(!fiber::checks_isolation);
  struct sigaction again {};
  rt.ask([] { (void)support::reason_after([] {}); });
  ::sigaction(SIGSEGV, nullptr, &again);
  CHECK(now.sa_sigaction == again.sa_sigaction);
}
#endif
