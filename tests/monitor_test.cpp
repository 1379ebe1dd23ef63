// Monitors: joist/monitor.hpp. The ids are those of docs/semantics.md.
#include "support/ends.hpp"
#include "support/world.hpp"

#include <algorithm>
#include <set>
#include <utility>

using namespace joist;
using namespace std::chrono_literals;
using support::go;
using support::named_reason;
using support::reason_of;

TEST_CASE("monitor: down comes for normal ends, for failures and for the dead, by pid and by name", "[M01]") {
  support::everywhere([] {
    for (const auto& reason : {exit_reason::normal, exit_reason::shutdown, named_reason("bad")}) {
      const pid child = spawn([reason] {
        receive<go>();
        joist::exit(reason);
      });
      register_name("watched", child);
      const ref by_pid = monitor(child);
      const ref by_name = monitor("watched");
      send(child, go{});
      for (int i = 0; i < 2; ++i) {
        const down d = receive<down>();
        EXPECT(d.monitor == by_pid || d.monitor == by_name);
        EXPECT(d.process == child);
        EXPECT(d.reason == reason);
        EXPECT(d.name == (d.monitor == by_name ? "watched" : ""));
      }
      const ref late = monitor(child);
      const down d = receive<down>();
      EXPECT(d.monitor == late && d.process == child && d.reason == exit_reason::noproc && d.name.empty());
    }
    const ref none = monitor("nobody has this");
    const down d = receive<down>();
    EXPECT(d.monitor == none && !d.process && d.reason == exit_reason::noproc && d.name == "nobody has this");
    const ref nobody = monitor(pid{});
    EXPECT(receive<down>().monitor == nobody);
    EXPECT(support::mailbox_stays_empty(1ms));
  });
}

TEST_CASE("monitor: spawn_monitor sees the real reason of a child that ends at once", "[M02]") {
  support::everywhere([] {
    for (int i = 0; i < 10; ++i) {
      const auto child = spawn_monitor([i] { joist::exit(exit_reason::of(i)); });
      const down d = receive<down>();
      EXPECT(d.monitor == child.monitor && d.process == child.process);
      EXPECT(d.reason == exit_reason::of(i));
    }
    EXPECT(reason_of(spawn_monitor([] {})) == exit_reason::normal);
    EXPECT(process_info(self())->monitors.empty());
  });
}

TEST_CASE("monitor: n monitors give n downs with different references, and one of oneself never fires", "[M03]") {
  support::everywhere([] {
    const pid child = spawn([] { receive<go>(); });
    std::set<std::uint64_t> expected;
    for (int i = 0; i < 20; ++i) expected.insert(monitor(child).value());
    EXPECT(expected.size() == 20);
    const ref mine = monitor(self());
    EXPECT(expected.count(mine.value()) == 0);
    send(child, go{});
    std::set<std::uint64_t> seen;
    for (int i = 0; i < 20; ++i) seen.insert(receive<down>().monitor.value());
    EXPECT(seen == expected);
    EXPECT(support::mailbox_stays_empty(1ms));
    EXPECT(support::reason_after([] {
             (void)monitor(self());
             joist::exit(named_reason("end"));
           }) == named_reason("end"));
  });
}

TEST_CASE("monitor: messages sent before the end come before the down, and the name is free by then", "[M04]") {
  support::everywhere([] {
    const auto child = spawn_monitor([main = self()] {
      register_name("talker");
      for (int i = 0; i < 10; ++i) send(main, i);
    });
    int next = 0;
    bool ended = false;
    while (!ended) {
      receive([&](int i) { EXPECT(i == next++); },
              [&](down d) {
                EXPECT(d.process == child.process);
                EXPECT(!whereis("talker"));
                ended = true;
              });
    }
    EXPECT(next == 10);
    const auto killed = spawn_monitor([main = self()] {
      register_name("talker");
      send(main, go{});
      support::wait_for_ever();
    });
    receive<go>();
    joist::exit(killed.process, exit_reason::kill);
    EXPECT(reason_of(killed) == exit_reason::killed);
    EXPECT(!whereis("talker"));
  });
}

TEST_CASE("monitor: after demonitor no down arrives, and demonitor of a used or unknown reference is harmless", "[M05]") {
  support::everywhere([] {
    const pid child = spawn([] { receive<go>(); });
    const ref m = monitor(child);
    EXPECT(demonitor(m));
    EXPECT(!demonitor(m));
    EXPECT(!demonitor(make_ref()));
    EXPECT(!demonitor(ref{}));
    EXPECT(!demonitor(make_ref(), demonitor_option::flush));
    const ref other = monitor(child);
    send(child, go{});
    EXPECT(receive<down>().monitor == other);
    EXPECT(!demonitor(other));
    EXPECT(support::mailbox_stays_empty(1ms));
  });
}

TEST_CASE("monitor: a reference of another process does nothing, and outside of processes there are no monitors", "[M06]") {
  support::everywhere([] {
    const pid child = spawn([] { receive<go>(); });
    const ref mine = monitor(child);
    EXPECT(support::reason_after([mine] {
             EXPECT(!demonitor(mine));
             EXPECT(!demonitor(mine, demonitor_option::flush));
           }) == exit_reason::normal);
    send(child, go{});
    EXPECT(receive<down>().monitor == mine);
  });
  CHECK(support::refuses(errc::not_a_process, [] { (void)monitor(pid{1, 1, 1}); }));
  CHECK(support::refuses(errc::not_a_process, [] { (void)monitor("name"); }));
  CHECK(support::refuses(errc::not_a_process, [] { demonitor(ref{1}); }));
}

TEST_CASE("monitor: flush removes the queued down of its reference only, without flush it stays", "[M07]") {
  support::everywhere([] {
    const pid child = spawn([] { receive<go>(); });
    const ref first = monitor(child);
    const ref second = monitor(child);
    const ref third = monitor(child);
    const ref last = monitor(child);
    send(child, go{});
    (void)receive<down>([&](const down& d) { return d.monitor == last; });
    (void)support::await_end(child);
    EXPECT(process_info(self())->message_queue_length == 3);
    EXPECT(!demonitor(second, demonitor_option::flush));
    EXPECT(!demonitor(third));
    const ref seen = receive<down>().monitor;
    const ref seen_next = receive<down>().monitor;
    EXPECT((seen == first && seen_next == third) || (seen == third && seen_next == first));
    EXPECT(support::mailbox_stays_empty(1ms));
    const ref live = monitor(self());
    EXPECT(demonitor(live, demonitor_option::flush));
  });
}

TEST_CASE("monitor: flush also removes the down of a tagged monitor", "[M07][M14]") {
  support::everywhere([] {
    const pid child = spawn([] { receive<go>(); });
    const ref tagged = monitor_tagged(child, 7);
    const ref other = monitor_tagged(child, 8);
    send(child, go{});
    (void)support::await_end(child);
    EXPECT(receive<tagged_down<int>>([](const tagged_down<int>& d) { return d.tag == 8; }).ended.monitor == other);
    EXPECT(!demonitor(tagged, demonitor_option::flush));
    EXPECT(support::mailbox_stays_empty(1ms));
  });
}

TEST_CASE("monitor: demonitor says true when no down will come, false when it is in the queue", "[M08][M09]") {
  support::everywhere([] {
    for (int i = 0; i < 10; ++i) {
      const auto child = spawn_monitor([i] {
        for (int k = 0; k < i; ++k) yield();
      });
      const ref m = monitor(child.process);
      for (int k = 0; k < 5; ++k) yield();
      const bool removed = demonitor(m);
      const auto already = receive<down>(after(0s));
      if (already && already->monitor == m) {
        EXPECT(!removed);
        (void)reason_of(child);
      } else {
        if (!already) (void)reason_of(child);
        const bool in_queue = receive(when([m](const down& d) { return d.monitor == m; }, [](down) { return true; }),
                                      after(0s, [] { return false; }));
        EXPECT(in_queue == !removed);
      }
      EXPECT(!receive<down>(after(0s)));
    }
    EXPECT(support::mailbox_stays_empty(1ms));
  });
}

TEST_CASE("monitor: both lists are empty again after demonitor and after either side's end", "[M10]") {
  support::everywhere([] {
    const pid child = spawn([] { support::wait_for_ever(); });
    const ref m = monitor(child);
    EXPECT(process_info(self())->monitors == std::vector<pid>{child});
    EXPECT(process_info(child)->monitored_by == std::vector<pid>{self()});
    EXPECT(demonitor(m));
    EXPECT(process_info(self())->monitors.empty());
    EXPECT(process_info(child)->monitored_by.empty());
    const auto watcher = spawn_monitor([child, main = self()] {
      (void)monitor(child);
      (void)monitor(child);
      send(main, go{});
      support::wait_for_ever();
    });
    receive<go>();
    EXPECT(process_info(child)->monitored_by == std::vector<pid>(2, watcher.process));
    joist::exit(watcher.process, exit_reason::kill);
    (void)reason_of(watcher);
    // The end sent its demonitor before its down: but to another process. It is on its way.
    while (!process_info(child)->monitored_by.empty()) yield();
    (void)monitor(child);
    joist::exit(child, exit_reason::kill);
    (void)receive<down>();
    EXPECT(process_info(self())->monitors.empty());
  });
}

TEST_CASE("monitor: a large reason arrives intact", "[M11]") {
  support::everywhere([] {
    const std::vector<std::string> large(300, std::string(100, 'm'));
    const auto reason = support::reason_after([large] { joist::exit(exit_reason::of(large)); });
    EXPECT(reason.value<std::vector<std::string>>() != nullptr);
    EXPECT(*reason.value<std::vector<std::string>>() == large);
  });
}

TEST_CASE("monitor: whoever ends or demonitors first, nothing is left over", "[M12]") {
  support::everywhere([] {
    for (int mix = 0; mix < 16; ++mix) {
      const auto target = spawn_monitor([] { receive<go>(); });
      const auto watcher = spawn_monitor([mix, target, main = self()] {
        const ref one = monitor(target.process);
        const ref two = monitor(target.process);
        send(main, go{});
        if ((mix & 1) != 0) demonitor(one, demonitor_option::flush);
        if ((mix & 2) != 0) demonitor(two, demonitor_option::flush);
        int expected = 2 - (mix & 1) - ((mix >> 1) & 1);
        if ((mix & 4) == 0) {
          for (; expected > 0; --expected) (void)receive<down>();
          EXPECT(support::mailbox_stays_empty(0ms));
          EXPECT(process_info(self())->monitors.empty());
        }
      });
      receive<go>();
      if ((mix & 8) != 0) {
        joist::exit(target.process, exit_reason::kill);
      } else {
        send(target.process, go{});
      }
      EXPECT(reason_of(watcher) == exit_reason::normal);
      (void)reason_of(target);
    }
    EXPECT(process_info(self())->monitors.empty());
    EXPECT(process_info(self())->monitored_by.empty());
    EXPECT(support::mailbox_stays_empty(1ms));
  });
}

TEST_CASE("monitor: a process that kills its watcher and ends leaves nothing behind", "[M12]") {
  support::everywhere([] {
    const auto watched = spawn_monitor([main = self()] {
      const pid watcher = receive<pid>();
      joist::exit(watcher, exit_reason::kill);
      joist::exit(named_reason("both"));
    });
    const auto watcher = spawn_monitor([watched] {
      (void)monitor(watched.process);
      send(watched.process, self());
      (void)receive<down>();
      joist::exit(named_reason("saw it"));
    });
    EXPECT(reason_of(watched) == named_reason("both"));
    EXPECT(reason_of(watcher) == exit_reason::killed);
    EXPECT(support::mailbox_stays_empty(1ms));
  });
}

TEST_CASE("monitor: after the down of a named process its name can be taken at once, under pressure too", "[M13]") {
  support::everywhere([] {
    std::vector<pid> pressure;
    for (int i = 0; i < 4; ++i)
      pressure.push_back(spawn([] {
        for (;;) yield();
      }));
    for (int i = 0; i < 10; ++i) {
      const auto holder = spawn_monitor([] { register_name("held"); });
      EXPECT(reason_of(holder) == exit_reason::normal);
      register_name("held");
      unregister_name("held");
    }
    for (const pid p : pressure) joist::exit(p, exit_reason::kill);
  });
}

TEST_CASE("monitor: a tag comes with the down, for a thousand monitors at once, and for the dead", "[M14][M17]") {
  const auto body = [](int count) {
    const pid child = spawn([] { receive<go>(); });
    std::vector<ref> refs;
    for (int i = 0; i < count; ++i) refs.push_back(monitor_tagged(child, std::to_string(i)));
    send(child, go{});
    std::vector<bool> seen(static_cast<std::size_t>(count));
    for (int i = 0; i < count; ++i) {
      const auto d = receive<tagged_down<std::string>>();
      const auto at = static_cast<std::size_t>(std::stoi(d.tag));
      EXPECT(d.ended.monitor == refs[at] && d.ended.process == child && d.ended.reason == exit_reason::normal);
      EXPECT(!seen[at]);
      seen[at] = true;
    }
    const ref late = monitor_tagged(child, 'x', alias_mode::demonitor);
    const auto d = receive<tagged_down<char>>();
    EXPECT(d.tag == 'x' && d.ended.monitor == late && d.ended.reason == exit_reason::noproc);
    EXPECT(support::mailbox_stays_empty(1ms));
  };
  support::in_simulation([body] { body(10); });
  support::on_workers([body] { body(1000); });
}

namespace {

/// A tag whose destructor sends, and so may give its process's turn away.
struct tells_when_gone {
  explicit tells_when_gone(pid p) : whom{p} {}
  tells_when_gone(tells_when_gone&& from) noexcept : whom{std::exchange(from.whom, pid{})} {}
  tells_when_gone& operator=(tells_when_gone&& from) noexcept {
    std::swap(whom, from.whom);
    return *this;
  }
  ~tells_when_gone() {
    if (whom) send(whom, support::go{});
  }
  pid whom;
};
struct numbered {
  int number;
};

}  // namespace
template <>
struct joist::enable_sendable<tells_when_gone> : std::true_type {};

TEST_CASE("monitor: a tag that is destroyed with its monitor may send, and others' monitors are what they were", "[M14]") {
  runtime_options o = support::quiet(1);
  o.reductions = 1;  // each call gives its turn away
  runtime rt{o};
  rt.ask([] {
    const auto child = [] { return spawn([] { receive<support::go>(); }); };
    const pid a = child(), b = child(), c = child();
    const ref of_a = monitor_tagged(a, tells_when_gone{c});
    const ref of_b = monitor_tagged(b, numbered{7});
    const ref of_c = monitor(c);
    EXPECT(demonitor(of_a));
    EXPECT(receive<down>([of_c](const down& d) { return d.monitor == of_c; }).process == c);
    send(b, support::go{});
    const auto tagged = receive<tagged_down<numbered>>([](const auto&) { return true; });
    EXPECT(tagged.ended.monitor == of_b && tagged.tag.number == 7);
    send(a, support::go{});
  });
}
