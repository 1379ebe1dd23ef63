// Looking at processes: joist/info.hpp. The ids are those of docs/semantics.md.
#include <algorithm>

#include "support/ends.hpp"
#include "support/world.hpp"

using namespace joist;
using namespace std::chrono_literals;
using support::go;
using support::reason_of;

TEST_CASE("info: tells of a process what it is", "[L15][M10]") {
  support::everywhere([] {
    spawn_options options;
    options.label = "shown";
    options.priority = priority::high;
    const auto child = spawn_monitor(options, [main = self()] {
      trap_exit(true);
      link(main);
      (void)make_alias();
      (void)make_alias();
      register_name("child");
      send(main, go{});
      support::wait_for_ever();
    });
    receive<go>();
    send(child.process, 1);
    send(child.process, 2);
    const auto d = process_info(child.process);
    EXPECT(d && d->process == child.process);
    EXPECT(d->label == "shown" && d->name == "child" && d->parent == self());
    EXPECT(d->priority == priority::high && d->trap_exit);
    EXPECT(d->message_queue_length == 2);
    EXPECT(d->links == std::vector<pid>{self()});
    EXPECT(d->monitored_by == std::vector<pid>{self()});
    EXPECT(d->monitors.empty() && d->aliases == 2 && d->reductions > 0);
    const auto mine = process_info(self());
    EXPECT(mine->status == process_status::running);
    EXPECT(mine->monitors == std::vector<pid>{child.process});
    EXPECT(!mine->trap_exit && mine->stack_bytes == 0);
    unlink(child.process);
    joist::exit(child.process, exit_reason::kill);
    EXPECT(!process_info(child.process));
    EXPECT(reason_of(child) == exit_reason::killed);
  });
}

TEST_CASE("info: a waiting process answers without waking up, and shows its stack", "[L15]") {
  support::everywhere([] {
    const pid child = spawn([main = self()] {
      send(main, go{});
      receive<go>();
      send(main, 1);
    });
    receive<go>();
    while (process_info(child)->status != process_status::waiting) yield();
    for (int i = 0; i < 3; ++i) {
      const auto d = process_info(child);
      EXPECT(d->status == process_status::waiting && d->stack_bytes > 0);
    }
    EXPECT(!receive<int>(after(0s)));
    send(child, go{});
    EXPECT(receive<int>() == 1);
  });
}

TEST_CASE("info: an answer leaves the caller's mailbox as it was", "[L15]") {
  support::everywhere([] {
    const pid child = spawn([] { support::wait_for_ever(); });
    send(self(), 1);
    send(self(), 2);
    EXPECT(process_info(child));
    EXPECT(is_alive(child));
    EXPECT(process_info(self())->message_queue_length == 2);
    EXPECT(receive<int>() == 1 && receive<int>() == 2);
    joist::exit(child, exit_reason::kill);
    EXPECT(support::mailbox_stays_empty(0ms));
  });
}

TEST_CASE("info: processes and system_info count who is there", "[L15]") {
  support::everywhere([] {
    const auto spawned = system_info().spawned;
    std::vector<monitored> some;
    for (int i = 0; i < 5; ++i) some.push_back(spawn_monitor([] { receive<go>(); }));
    auto all = processes();
    const auto has = [&all](pid p) { return std::count(all.begin(), all.end(), p); };
    EXPECT(has(self()) == 1);
    for (const auto& m : some) EXPECT(has(m.process) == 1);
    EXPECT(system_info().process_count >= 6);
    EXPECT(system_info().spawned == spawned + 5);
    EXPECT(system_info().process_count <= system_info().process_limit);
    for (const auto& m : some) {
      send(m.process, go{});
      EXPECT(reason_of(m) == exit_reason::normal);
    }
    for (const auto& m : some) {
      do {
        all = processes();
      } while (has(m.process) != 0);
    }
  });
}

TEST_CASE("info: unknown processes have none, and threads are refused", "[L15]") {
  support::everywhere([] {
    EXPECT(!process_info(pid{}));
    EXPECT(!is_alive(pid{}));
    EXPECT(!process_info(pid{self().node(), (1U << pid::index_bits) - 1, 1}));
    EXPECT(!is_alive(pid{self().node(), self().index(), self().generation() + 1}));
    EXPECT(is_alive(self()));
  });
  CHECK(support::refuses(errc::not_a_process, [] { (void)process_info(pid{}); }));
  CHECK(support::refuses(errc::not_a_process, [] { (void)processes(); }));
  CHECK(support::refuses(errc::not_a_process, [] { (void)system_info(); }));
}

TEST_CASE("longest_mailboxes: the longest first, to within 1024 messages, and no more than are asked for") {
  support::everywhere([] {
    const pid full = spawn([] { receive<support::go>(); });
    const pid fuller = spawn([] { receive<support::go>(); });
    for (int i = 0; i < 6000; ++i) {
      if (i < 3000) send(full, i);
      send(fuller, i);
    }
    for (const pid p : {full, fuller}) EXPECT(process_info(p));  // it has taken them in
    const auto both = longest_mailboxes(10, 1500);
    EXPECT(both.size() == 2 && both[0].process == fuller && both[1].process == full);
    EXPECT(both[0].messages > 6000 - 1024 && both[0].messages <= 6000);
    EXPECT(longest_mailboxes(1, 1500).size() == 1);
    EXPECT(longest_mailboxes(10, 7000).empty());
    for (const pid p : {full, fuller}) {
      send(p, support::go{});
      (void)support::await_end(p);
    }
  });
}

TEST_CASE("message_queue_length: what the caller has taken in and not received") {
  support::everywhere([] {
    for (int i = 0; i < 3; ++i) send(self(), i);
    receive<int>([](int i) { return i == 2; });
    EXPECT(message_queue_length() == 2);
    EXPECT(receive<int>() == 0 && receive<int>() == 1);
    EXPECT(message_queue_length() == 0);
  });
}

TEST_CASE("system_info: a process that could run and does not is in a run queue") {
  runtime rt{support::quiet(1)};
  rt.ask([] {
    EXPECT(system_info().run_queue_length == 0);
    const monitored m = spawn_monitor([] {});
    EXPECT(system_info().run_queue_length == 1);
    (void)support::reason_of(m);
    EXPECT(system_info().run_queue_length == 0);
  });
}

TEST_CASE("process_info: may be asked without a pause by processes that go from worker to worker") {
  support::on_workers(
      [] {
        constexpr int count = support::checked_build ? 200 : 3'000;
        std::vector<pid> all;
        for (int i = 0; i < count; ++i) all.push_back(spawn([] { receive<std::string>(); }));
        const auto ask_all = [all] {
          for (int n = 0; n < 3; ++n) {
            for (const pid p : all) EXPECT(process_info(p)->process == p && is_alive(p));
          }
        };
        std::vector<monitored> askers;
        for (int i = 0; i < 3; ++i) askers.push_back(spawn_monitor(ask_all));
        for (const monitored& m : askers) EXPECT(support::reason_of(m) == exit_reason::normal);
        for (const pid p : all) send(p, std::string{});
      },
      3);
}
