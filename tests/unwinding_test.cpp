// How a process is ended: by unwinding, see process.hpp (forced_exit). The ids are those of docs/semantics.md.
#include <exception>

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
    const auto child = spawn_monitor([main = self()] {
      int raised = 0;
      const auto wait = [&](auto call) {
        try {
          call();
        } catch (const forced_exit& e) {
          EXPECT(e.reason() == named_reason("out"));
          ++raised;
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
      send(main, raised);
    });
    receive<go>();
    joist::exit(child.process, named_reason("out"));
    EXPECT(receive<int>() == 7);
    EXPECT(reason_of(child) == named_reason("out"));
  });
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
