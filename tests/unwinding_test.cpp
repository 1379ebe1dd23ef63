// How a process is ended: by unwinding, see process.hpp (forced_exit). The ids are those of docs/semantics.md.
#include <atomic>
#include <exception>
#include <memory>
#include <utility>
#include <vector>

#include "support/ends.hpp"
#include "support/world.hpp"

using namespace joist;
using namespace std::chrono_literals;
using support::go;
using support::named_reason;
using support::reason_of;

namespace {

/// Calls `f` when the scope is left.
template <class F>
struct on_leaving {
  F f;
  ~on_leaving() { f(); }
};
template <class F>
on_leaving(F) -> on_leaving<F>;

}  // namespace

TEST_CASE("unwinding: destructors run when a process is killed, and its captures and locals go too", "[L16]") {
  support::everywhere([] {
    auto held = std::make_shared<int>(1);
    const auto child = spawn_monitor([main = self(), held] {
      const on_leaving outer{[main] { send(main, 2); }};
      const on_leaving inner{[main] { send(main, 1); }};
      send(main, go{});
      send(self(), std::make_shared<const int>(*held));
      support::wait_for_ever();
    });
    receive<go>();
    joist::exit(child.process, exit_reason::kill);
    EXPECT(receive<int>() == 1);
    EXPECT(receive<int>() == 2);
    EXPECT(reason_of(child) == exit_reason::killed);
    while (held.use_count() != 1) yield();
  });
}

TEST_CASE("unwinding: forced_exit can be caught, tells the reason, and is raised again at each wait", "[L09]") {
  support::everywhere([] {
    const auto raised = std::make_shared<std::atomic<int>>(0);
    const auto child = spawn_monitor([main = self(), raised] {
      const auto wait = [&](auto call) {
        try {
          call();
        } catch (const forced_exit& e) {
          if (e.reason() == named_reason("out")) ++*raised;
          send(main, 'c');  // cleaning up
        }
      };
      send(main, go{});
      wait([] { support::wait_for_ever(); });
      wait([] { receive<go>(); });
      wait([] { (void)receive<go>(after(0s)); });
      wait([] { sleep_for(1ms); });
      wait([] { yield(); });
      wait([] { checkpoint(); });
      wait([] { trap_exit(true); });
      wait([] { (void)make_ref(); });
      wait([] { (void)whereis("x"); });
      wait([] { (void)spawn([] {}); });
      wait([main] { (void)monitor(main); });
      send(main, 'd');  // what is dead sends nothing
      ++*raised;
    });
    receive<go>();
    joist::exit(child.process, named_reason("out"));
    EXPECT(reason_of(child) == named_reason("out"));
    while (raised->load() != 12) yield();
    for (int i = 0; i < 11; ++i) EXPECT(receive<char>() == 'c');
    EXPECT(support::mailbox_stays_empty(0ms));
  });
}

namespace {

/// A process that calls `call` for ever is ended all the same, sends nothing after its end, and lets others run.
template <class Call>
void ends_in_a_loop_of(Call call) {
  const auto unwound = std::make_shared<std::atomic<bool>>(false);
  const auto child = spawn_monitor([main = self(), call, unwound] {
    const on_leaving told{[unwound] { unwound->store(true); }};
    send(main, go{});
    for (;;) call();
  });
  receive<go>();
  joist::exit(child.process, exit_reason::kill);
  EXPECT(reason_of(child) == exit_reason::killed);
  while (!unwound->load()) yield();
}

}  // namespace

TEST_CASE("unwinding: a stack that is given up takes the messages of its process along, wherever these move it") {
  struct waits_for_ever {
    ~waits_for_ever() { (void)receive<go>(); }
  };
  struct told_when_dropped {
    pid whom;
    explicit told_when_dropped(pid p) : whom{p} {}
    told_when_dropped(told_when_dropped&& from) noexcept : whom{std::exchange(from.whom, pid{})} {}
    ~told_when_dropped() {
      for (int i = 0; i < 10 && whom; ++i) send(whom, 1);
    }
  };
  auto options = support::quiet();
  options.reductions = 5;
  runtime rt{options};
  rt.ask([] {
    const pid dead = spawn([] {});
    (void)support::await_end(dead);
    std::vector<monitored> all;
    for (int k = 0; k < 50; ++k) {
      all.push_back(spawn_monitor([] {
        const waits_for_ever last;
        receive<char>();
      }));
      for (int i = 0; i < 10; ++i) send(all.back().process, told_when_dropped{dead});
    }
    for (const auto& m : all) joist::exit(m.process, exit_reason::kill);
    for (const auto& m : all) EXPECT(reason_of(m) == exit_reason::killed);
    while (system_info().abandoned_stacks < all.size()) yield();
  });
}

TEST_CASE("unwinding: whatever a process calls in a loop, others have their turn, and a kill ends it", "[L16][L13][L21]") {
  const auto body = [] {
    const pid main = self();
    const pid listener = spawn([] {
      trap_exit(true);
      for (;;) receive([](any_message) {});
    });
    ends_in_a_loop_of([listener] { send(listener, 1); });
    ends_in_a_loop_of([] { send(pid{}, 1); });
    ends_in_a_loop_of([] { joist::exit(pid{}, exit_reason::normal); });
    ends_in_a_loop_of([main] { (void)is_alive(main); });
    ends_in_a_loop_of([] { (void)process_info(self()); });
    ends_in_a_loop_of([] { cancel_timer(send_after(1h, self(), 1)); });
    ends_in_a_loop_of([] { (void)read_timer(ref{1}); });
    ends_in_a_loop_of([main] { demonitor(monitor(main)); });
    ends_in_a_loop_of([listener] {
      link(listener);
      unlink(listener);
    });
    ends_in_a_loop_of([] { (void)support::await_end(spawn([] {})); });
    ends_in_a_loop_of([] { (void)make_ref(); });
    ends_in_a_loop_of([] { unalias(make_alias()); });
    ends_in_a_loop_of([] { (void)whereis("nobody"); });
    ends_in_a_loop_of([] { (void)processes(); });
    ends_in_a_loop_of([] { (void)system_info(); });
    ends_in_a_loop_of([] { trap_exit(false); });
    ends_in_a_loop_of([] {
      register_name("mine");
      unregister_name("mine");
    });
    ends_in_a_loop_of([] {
      try {
        receive<go>(after(1h));
      } catch (...) {
        for (;;) send(self(), 1);  // a handler that goes on
      }
    });
    joist::exit(listener, exit_reason::kill);
  };
  support::in_simulation(body, support::checked_build ? 5 : 50);
  runtime rt{support::quiet(1)};
  rt.ask(body);
}

TEST_CASE("unwinding: a catch of std::exception does not hold a forced exit", "[L09]") {
  support::everywhere([] {
    const auto child = spawn_monitor([main = self()] {
      try {
        send(main, go{});
        support::wait_for_ever();
      } catch (const std::exception&) {
        send(main, 1);
      }
    });
    receive<go>();
    joist::exit(child.process, exit_reason::shutdown);
    EXPECT(reason_of(child) == exit_reason::shutdown);
    EXPECT(support::mailbox_stays_empty(1ms));
  });
}

TEST_CASE("unwinding: a wait with a timeout in a destructor ends at once", "[L13]") {
  support::everywhere([] {
    const auto child = spawn_monitor([main = self()] {
      const on_leaving cleanup{[main] {
        const auto began = joist::clock::now();
        const bool none = !receive<go>(after(1h));
        sleep_for(1h);
        yield();
        send(main, none && joist::clock::now() - began < 1min);
      }};
      send(main, go{});
      support::wait_for_ever();
    });
    receive<go>();
    const auto before = system_info().abandoned_stacks;
    joist::exit(child.process, exit_reason::kill);
    EXPECT(receive<bool>());
    EXPECT(reason_of(child) == exit_reason::killed);
    EXPECT(system_info().abandoned_stacks == before);
  });
}

TEST_CASE("unwinding: a wait without a timeout in a destructor gives the stack up, and is counted", "[L13]") {
  support::everywhere([] {
    const auto before = system_info().abandoned_stacks;
    const auto child = spawn_monitor([main = self()] {
      const on_leaving never{[main] { send(main, 3); }};
      const on_leaving waits{[main] {
        send(main, 1);
        receive<go>();
        send(main, 2);
      }};
      send(main, go{});
      support::wait_for_ever();
    });
    receive<go>();
    joist::exit(child.process, exit_reason::kill);
    EXPECT(receive<int>() == 1);
    EXPECT(reason_of(child) == exit_reason::killed);
    while (system_info().abandoned_stacks == before) yield();
    EXPECT(system_info().abandoned_stacks == before + 1);
    EXPECT(support::mailbox_stays_empty(1ms));
    EXPECT(support::reason_after([] {}) == exit_reason::normal);
  });
}

TEST_CASE("unwinding: a destructor that runs for an exception of the process's own may wait", "[L18]") {
  support::everywhere([] {
    const auto child = spawn_monitor([main = self()] {
      const on_leaving asks{[main] {
        send(main, self());
        receive<go>();
      }};
      throw std::runtime_error{"mine"};
    });
    const pid asker = receive<pid>();
    EXPECT(asker == child.process && is_alive(asker));
    send(asker, go{});
    const auto reason = reason_of(child);
    EXPECT(reason.error() != nullptr && reason.error()->what == "mine");
  });
}

namespace {

struct counts_exceptions {
  int expected;
  bool* ok;
  ~counts_exceptions() {
    *ok = *ok && std::uncaught_exceptions() == expected;
    (void)receive<go>(after(100us));  // others throw meanwhile, and this one moves
    *ok = *ok && std::uncaught_exceptions() == expected;
  }
};

// Catches, waits inside the handler, and throws inside that; each process sees its own exceptions only.
void nested(int depth, int mark) {
  EXPECT(std::uncaught_exceptions() == 0);
  bool ok = true;
  try {
    const counts_exceptions watcher{1, &ok};
    throw depth * 1000 + mark;
  } catch (const int& caught) {
    EXPECT(ok);
    EXPECT(caught == depth * 1000 + mark);
    yield();
    (void)receive<go>(after(100us));
    if (depth > 0) nested(depth - 1, mark);
    EXPECT(caught == depth * 1000 + mark);
    try {
      yield();
      throw;
    } catch (int again) {
      EXPECT(again == depth * 1000 + mark);
    }
    EXPECT(std::current_exception() != nullptr);
  }
}

}  // namespace

TEST_CASE("unwinding: nested catches with waits inside keep each process's exceptions apart", "[L18]") {
  support::everywhere([] {
    std::vector<monitored> all;
    for (int i = 0; i < 8; ++i)
      all.push_back(spawn_monitor([i] {
        nested(3, i);
        EXPECT(std::current_exception() == nullptr);
      }));
    for (const auto& m : all) EXPECT(reason_of(m).to_string() == "normal");
  });
}

TEST_CASE("unwinding: a kill during a caught exception unwinds the handler too", "[L16]") {
  support::everywhere([] {
    const auto child = spawn_monitor([main = self()] {
      try {
        throw std::runtime_error{"held"};
      } catch (const std::exception&) {
        const on_leaving told{[main] { send(main, std::uncaught_exceptions()); }};
        send(main, go{});
        support::wait_for_ever();
      }
    });
    receive<go>();
    joist::exit(child.process, exit_reason::kill);
    EXPECT(receive<int>() == 1);
    EXPECT(reason_of(child) == exit_reason::killed);
  });
}

TEST_CASE("unwinding: what a process that is being ended still starts or links to does not outlive it unseen", "[L02]") {
  support::everywhere([] {
    const auto child = spawn_monitor([main = self()] {
      try {
        send(main, go{});
        support::wait_for_ever();
      } catch (const forced_exit&) {
        send(main, spawn_link([] { support::wait_for_ever(); }));
      }
    });
    receive<go>();
    joist::exit(child.process, named_reason("ended"));
    EXPECT(reason_of(child) == named_reason("ended"));
    const pid orphan = receive<pid>();
    const ref m = monitor(orphan);
    const auto d = receive<down>(after(1s));
    EXPECT(d && d->monitor == m);
  });
}
