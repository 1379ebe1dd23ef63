// Exit signals and own exits: joist/process.hpp. The ids are those of docs/semantics.md.
#include "support/ends.hpp"
#include "support/world.hpp"

#include <algorithm>
#include <atomic>
#include <stdexcept>
#include <thread>

using namespace joist;
using namespace std::chrono_literals;
using support::go;
using support::named_reason;
using support::reason_of;

TEST_CASE("exit: normal from outside does nothing, and is a message where exits are trapped", "[L06]") {
  support::everywhere([] {
    const auto plain = spawn_monitor([main = self()] {
      receive<go>();
      EXPECT(support::mailbox_stays_empty(1ms));
      joist::exit(named_reason("later"));
    });
    joist::exit(plain.process, exit_reason::normal);
    EXPECT(is_alive(plain.process));
    send(plain.process, go{});
    EXPECT(reason_of(plain) == named_reason("later"));
    const auto trapper = spawn_monitor([main = self()] {
      trap_exit(true);
      send(main, go{});
      const exited message = receive<exited>();
      EXPECT(message.process == main);
      EXPECT(message.reason == exit_reason::normal);
    });
    receive<go>();
    joist::exit(trapper.process, exit_reason::normal);
    EXPECT(reason_of(trapper) == exit_reason::normal);
  });
}

TEST_CASE("exit: normal to oneself ends a process that does not trap", "[L07]") {
  support::everywhere([] {
    EXPECT(support::reason_after([] {
             joist::exit(self(), exit_reason::normal);
             joist::exit(named_reason("still here"));
           }) == exit_reason::normal);
  });
}

TEST_CASE("exit: a trapper has its own exit signal in the mailbox at once", "[L08]") {
  support::everywhere([] {
    trap_exit(true);
    for (const auto& reason : {exit_reason::normal, named_reason("note"), exit_reason::shutdown}) {
      joist::exit(self(), reason);
      const auto message = receive<exited>(after(0s));
      EXPECT(message.has_value());
      EXPECT(message->process == self());
      EXPECT(message->reason == reason);
    }
    EXPECT(support::reason_after([] {
             trap_exit(true);
             joist::exit(self(), exit_reason::kill);
           }) == exit_reason::killed);
  });
}

TEST_CASE("exit: a signal to oneself cannot be caught away", "[L09]") {
  support::everywhere([] {
    EXPECT(support::reason_after([main = self()] {
             try {
               joist::exit(self(), named_reason("die"));
               send(main, go{});
             } catch (const std::exception&) {
               send(main, go{});
             } catch (...) {
             }
           }) == named_reason("die"));
    EXPECT(support::reason_after([main = self()] {
             try {
               joist::exit(self(), named_reason("die"));
             } catch (...) {
             }
             try {
               receive<go>(after(1h));
             } catch (...) {
             }
             try {
               throw std::runtime_error{"instead"};
             } catch (const std::exception&) {
             }
             joist::exit(named_reason("instead"));
           }) == named_reason("die"));
    EXPECT(support::mailbox_stays_empty(1ms));
  });
}

TEST_CASE("exit: the first signal wins", "[L10]") {
  support::everywhere([] {
    const auto child = spawn_monitor([] { support::wait_for_ever(); });
    joist::exit(child.process, named_reason("one"));
    joist::exit(child.process, named_reason("two"));
    joist::exit(child.process, exit_reason::kill);
    EXPECT(reason_of(child) == named_reason("one"));
    EXPECT(support::mailbox_stays_empty(1ms));
  });
}

TEST_CASE("exit: together with a timeout of the receive is handled once", "[L11]") {
  support::everywhere([] {
    const auto child = spawn_monitor([] {
      receive<go>(after(1ms));
      joist::exit(named_reason("timed out"));
    });
    const pid helper = spawn([child] {
      sleep_for(1ms);
      joist::exit(child.process, named_reason("signal"));
    });
    const auto reason = reason_of(child);
    EXPECT(reason == named_reason("signal") || reason == named_reason("timed out"));
    (void)support::await_end(helper);
    EXPECT(!is_alive(child.process));
    EXPECT(support::mailbox_stays_empty(1ms));
  });
}

TEST_CASE("exit: what was sent before it may be received, what was sent after it never", "[L12]") {
  support::everywhere([] {
    const auto child = spawn_monitor([main = self()] {
      for (;;) send(main, receive<int>());
    });
    for (int i = 0; i < 4; ++i) send(child.process, i);
    joist::exit(child.process, named_reason("stop"));
    for (int i = 100; i < 104; ++i) send(child.process, i);
    EXPECT(reason_of(child) == named_reason("stop"));
    int expected = 0;
    while (const auto echo = receive<int>(after(0s))) EXPECT(*echo == expected++);
    EXPECT(expected <= 4);
  });
}

namespace {

// Runs `late` in a process for which an exit signal has arrived that it could not notice yet: it spins without a call.
template <class Late>
exit_reason with_pending_signal(Late late) {
  auto here = std::make_shared<std::atomic<int>>(0);
  const auto child = spawn_monitor([here, late, main = self()] {
    link(main);
    here->store(1);
    while (here->load() != 2) std::this_thread::yield();
    late(main);
  });
  trap_exit(true);
  while (here->load() != 1) yield();
  joist::exit(child.process, named_reason("pending"));
  here->store(2);
  const auto reason = reason_of(child);
  EXPECT(receive<exited>().reason == reason);
  return reason;
}

}  // namespace

TEST_CASE("exit: a pending signal is not escaped by unlink, trap_exit, receive, allocation or success", "[L13]") {
  support::on_workers([] {
    const auto pending = named_reason("pending");
    EXPECT(with_pending_signal([](pid main) {
             unlink(main);
             receive<go>(after(0s));
           }) == pending);
    EXPECT(with_pending_signal([](pid main) { unlink(main); }) == pending);
    EXPECT(with_pending_signal([](pid) {
             trap_exit(true);
             receive<go>(after(0s));
           }) == pending);
    EXPECT(with_pending_signal([](pid) {
             receive<go>(after(0s));
             joist::exit(named_reason("lived"));
           }) == pending);
    EXPECT(with_pending_signal([](pid main) {
             for (int i = 0; i < 100; ++i) send(main, std::vector<int>(100));
             yield();
             joist::exit(named_reason("lived"));
           }) == pending);
    EXPECT(with_pending_signal([](pid) {
             checkpoint();
             yield();
             joist::exit(named_reason("lived"));
           }) == pending);
  });
}

TEST_CASE("exit: a process may still exit by itself while a signal is pending", "[L14]") {
  support::on_workers([] {
    EXPECT(with_pending_signal([](pid) { joist::exit(named_reason("own")); }) == named_reason("own"));
    const auto thrown = with_pending_signal([](pid) { throw std::runtime_error{"own"}; });
    EXPECT(thrown.which() == exit_reason::kind::error);
  });
}

TEST_CASE("exit: right after the signal its sender sees the process dead", "[L15]") {
  support::everywhere([] {
    const pid waiting = spawn([] { support::wait_for_ever(); });
    const pid busy = spawn([] {
      for (;;) yield();
    });
    const pid trapper = spawn([main = self()] {
      trap_exit(true);
      send(main, go{});
      support::wait_for_ever();
    });
    receive<go>();
    for (const pid target : {waiting, busy}) {
      EXPECT(is_alive(target));
      joist::exit(target, named_reason("off"));
      EXPECT(!is_alive(target));
      EXPECT(!process_info(target));
    }
    joist::exit(trapper, named_reason("off"));
    EXPECT(is_alive(trapper));
    joist::exit(trapper, exit_reason::kill);
    EXPECT(!process_info(trapper));
    EXPECT(!is_alive(trapper));
    const pid info_first = spawn([] { support::wait_for_ever(); });
    joist::exit(info_first, named_reason("off"));
    EXPECT(!process_info(info_first));
  });
}

namespace {

struct not_an_exception {
  int code;
};
struct my_error : std::logic_error {
  using std::logic_error::logic_error;
};

void expect_error(const exit_reason& reason, const char* type, const char* what) {
  EXPECT(reason.which() == exit_reason::kind::error);
  EXPECT(!reason.is_orderly());
  EXPECT(reason.error() != nullptr);
  EXPECT(reason.error()->type.find(type) != std::string::npos);
  EXPECT(reason.error()->what == what);
  EXPECT(!reason.error()->backtrace.empty());
  EXPECT(!symbolize(reason.error()->backtrace).empty());
}

}  // namespace

TEST_CASE("exit: what a process throws becomes an error with type, what and backtrace", "[L18]") {
  support::everywhere([] {
    expect_error(support::reason_after([] { throw my_error{"mine"}; }), "my_error", "mine");
    expect_error(support::reason_after([] { throw std::string{"text"}; }), "string", "text");
    expect_error(support::reason_after([] { throw "literal"; }), "char", "literal");
    expect_error(support::reason_after([] { throw 42; }), "int", "42");
    expect_error(support::reason_after([] { throw not_an_exception{1}; }), "not_an_exception", "");
    const auto refused = support::reason_after([] { link(pid{}); });
    EXPECT(refused.error() != nullptr && refused.error()->type.find("joist") != std::string::npos);
    EXPECT(support::reason_after([] { joist::exit(named_reason("as is")); }) == named_reason("as is"));
    EXPECT(support::reason_after([] { joist::exit(exit_reason::normal); }) == exit_reason::normal);
    EXPECT(support::reason_after([] { joist::exit(exit_reason::shutdown_with(7)); }) == exit_reason::shutdown_with(7));
    EXPECT(support::reason_after([] {
             try {
               throw my_error{"first"};
             } catch (const std::exception&) {
               throw my_error{"second"};
             }
           })
               .error()
               ->what == "second");
  });
}

namespace {

struct waits_when_dropped {
  ~waits_when_dropped() { sleep_for(1ms); }
};
[[gnu::noinline]] void first_thrower() { throw std::runtime_error{"first"}; }
[[gnu::noinline]] void second_thrower() {
  std::atomic_signal_fence(std::memory_order_seq_cst);  // not folded with the other
  throw std::logic_error{"second"};
}

/// The addresses of `reason` that lie in `function`.
bool was_thrown_in(const exit_reason& reason, void (*function)()) {
  const auto begin = reinterpret_cast<std::uintptr_t>(function);
  const auto& trace = reason.error()->backtrace;
  return std::any_of(trace.begin(), trace.end(), [begin](void* address) {
    const auto at = reinterpret_cast<std::uintptr_t>(address);
    return at > begin && at < begin + 128;
  });
}

}  // namespace

TEST_CASE("exit: the backtrace is that of the process's own throw, whoever throws while it waits in a destructor", "[L18]") {
  support::everywhere([] {
    const auto one = spawn_monitor([] {
      const waits_when_dropped waits;
      first_thrower();
    });
    const auto two = spawn_monitor([] {
      const waits_when_dropped waits;
      second_thrower();
    });
    EXPECT(was_thrown_in(reason_of(one), &first_thrower));
    EXPECT(was_thrown_in(reason_of(two), &second_thrower));
  });
}

namespace {

struct says_nothing : std::exception {
  const char* what() const noexcept override { return nullptr; }
};
struct unprintable {
  int value;
  bool operator==(const unprintable&) const = default;
};

}  // namespace

template <>
struct fmt::formatter<unprintable> : fmt::formatter<int> {
  template <class Context>
  auto format(const unprintable& u, Context& context) const {
    if (u.value != 0) throw std::runtime_error{"cannot"};
    return context.out();
  }
};

TEST_CASE("exit: exceptions without words, and reasons that cannot be printed, end the process and nothing else", "[L18]") {
  auto options = support::quiet();
  options.crash_reports = true;
  runtime rt{options};
  rt.ask([] {
    EXPECT(support::reason_after([] { throw says_nothing{}; }).error()->what.empty());
    EXPECT(support::reason_after([] { throw static_cast<const char*>(nullptr); }).error()->what.empty());
    const auto reason = support::reason_after([] { joist::exit(exit_reason::of(unprintable{1})); });
    EXPECT(reason.value<unprintable>()->value == 1);
    EXPECT(reason.to_string().find("threw") != std::string::npos);
    const auto waiting = spawn_monitor([] { support::wait_for_ever(); });
    joist::exit(waiting.process, exit_reason::of(unprintable{2}));
    EXPECT(reason_of(waiting) == exit_reason::of(unprintable{2}));
  });
}

TEST_CASE("exit: a catch of std::exception does not stop an exit, a catch of everything stops one's own", "[L18][L09]") {
  support::everywhere([] {
    EXPECT(support::reason_after([] {
             try {
               joist::exit(named_reason("out"));
             } catch (const std::exception&) {
             }
           }) == named_reason("out"));
    EXPECT(support::reason_after([] {
             try {
               joist::exit(named_reason("out"));
             } catch (const process_exit& e) {
               EXPECT(e.reason() == named_reason("out"));
             }
             EXPECT(!receive<go>(after(0s)));
           }) == exit_reason::normal);
  });
}

TEST_CASE("exit: to the dead and to nobody does nothing, and from a thread it works", "[L10]") {
  support::everywhere([] {
    const auto dead = spawn_monitor([] {});
    (void)reason_of(dead);
    joist::exit(dead.process, exit_reason::kill);
    joist::exit(pid{}, exit_reason::kill);
    EXPECT(support::mailbox_stays_empty(1ms));
  });
  runtime rt{support::quiet()};
  joist::exit(pid{}, exit_reason::kill);
  const auto reason = rt.ask([] {
    const auto child = spawn_monitor([] { support::wait_for_ever(); });
    std::thread{[child] { joist::exit(child.process, named_reason("thread")); }}.join();
    return reason_of(child).to_string();
  });
  CHECK(reason == "thread");
  CHECK(support::refuses(errc::not_a_process, [] { joist::exit(exit_reason::normal); }));
  CHECK(support::refuses(errc::not_a_process, [] { trap_exit(true); }));
}
