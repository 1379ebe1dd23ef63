// fiber/isolation.hpp: in the isolation build, who uses a waiting process's stack is stopped, and told whose it was.
#include "fiber/isolation.hpp"

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

void use_a_waiting_stack(bool own_stack) {
  runtime rt{support::quiet(1)};
  rt.ask([own_stack] {
    spawn_options options;
    options.label = "the lender";
    options.own_stack = own_stack;
    spawn(options, [main = self()] {
      volatile int mine = 1;
      send(main, smuggled{reinterpret_cast<std::uintptr_t>(&mine)});
      support::wait_for_ever();
      (void)mine;
    });
    const auto got = receive<smuggled>();
    yield();  // the lender waits
    *reinterpret_cast<volatile int*>(got.address) = 2;
  });
}

}  // namespace

TEST_CASE("isolation: a pointer into the stack of a waiting process ends the program with the process's name") {
  const auto end = support::in_child([] { use_a_waiting_stack(false); });
  CHECK(end.died_of(SIGSEGV));
  INFO(end.written);
  CHECK(end.written.find("joist: isolation: the stack of a process that does not run was used: <") != std::string::npos);
  CHECK(end.written.find("\"the lender\"") != std::string::npos);
}

TEST_CASE("isolation: a stack that was asked for may be lent") {
  const auto end = support::in_child([] { use_a_waiting_stack(true); });
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
