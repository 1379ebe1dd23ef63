// Processes: joist/process.hpp. The ids are those of docs/semantics.md.
#include "support/ends.hpp"
#include "support/world.hpp"

#include <array>
#include <atomic>
#include <fstream>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>

using namespace joist;
using namespace std::chrono_literals;
using support::go;
using support::named_reason;
using support::reason_of;

TEST_CASE("process: low priority is not starved by normal ones, and yield is voluntary", "[L21]") {
  support::everywhere([] {
    std::vector<monitored> busy;
    for (int i = 0; i < 8; ++i) {
      busy.push_back(spawn_monitor([] {
        for (;;) yield();
      }));
    }
    spawn_options low;
    low.priority = priority::low;
    const auto child = spawn_monitor(low, [] {
      EXPECT(process_info(self())->priority == priority::low);
      for (int i = 0; i < 20; ++i) yield();
    });
    EXPECT(reason_of(child) == exit_reason::normal);
    for (const auto& b : busy) {
      joist::exit(b.process, exit_reason::kill);
      EXPECT(reason_of(b) == exit_reason::killed);
    }
  });
}

TEST_CASE("process: one of high priority that waits for a low one makes progress", "[L21]") {
  support::everywhere([] {
    std::vector<pid> busy;
    for (int i = 0; i < 4; ++i)
      busy.push_back(spawn([] {
        for (;;) yield();
      }));
    spawn_options low;
    low.priority = priority::low;
    const pid server = spawn(low, [] {
      for (;;) {
        const pid asker = receive<pid>();
        send(asker, go{});
      }
    });
    for (const auto p : {priority::high, priority::max}) {
      spawn_options urgent;
      urgent.priority = p;
      const auto client = spawn_monitor(urgent, [server] {
        for (int i = 0; i < 5; ++i) {
          send(server, self());
          receive<go>();
        }
      });
      EXPECT(reason_of(client) == exit_reason::normal);
    }
    busy.push_back(server);
    for (const pid p : busy) joist::exit(p, exit_reason::kill);
  });
}

TEST_CASE("process: on one worker a process of high priority goes before the normal ones", "[L21]") {
  runtime rt{support::quiet(1)};
  const std::string order = rt.ask([] {
    for (int i = 0; i < 4; ++i) spawn([main = self()] { send(main, 'n'); });
    spawn_options high;
    high.priority = priority::high;
    spawn(high, [main = self()] { send(main, 'h'); });
    spawn_options most;
    most.priority = priority::max;
    spawn(most, [main = self()] { send(main, 'm'); });
    std::string seen;
    for (int i = 0; i < 6; ++i) seen += receive<char>();
    return seen;
  });
  CHECK(order == "mhnnnn");
}

TEST_CASE("process: yield lets others run, and checkpoint too when the reductions are spent", "[L21]") {
  for (const bool voluntary : {true, false}) {
    runtime rt{support::quiet(1)};
    CHECK(rt.ask([voluntary] {
      auto done = std::make_shared<std::atomic<bool>>(false);
      spawn([done] { done->store(true); });
      for (int i = 0; i < 100'000'000 && !done->load(); ++i) {
        if (voluntary) {
          yield();
        } else {
          checkpoint();
        }
      }
      return done->load();
    }));
  }
}

TEST_CASE("process: a suspended one runs again after as many resumes, and keeps its messages", "[L22]") {
  support::everywhere([] {
    const auto child = spawn_monitor([main = self()] {
      for (;;) send(main, receive<int>());
    });
    suspend(child.process);
    suspend(child.process);
    send(child.process, 1);
    EXPECT(support::mailbox_stays_empty(1ms));
    EXPECT(process_info(child.process)->status == process_status::suspended);
    EXPECT(process_info(child.process)->message_queue_length == 1);
    resume(child.process);
    EXPECT(support::mailbox_stays_empty(1ms));
    resume(child.process);
    EXPECT(receive<int>() == 1);
    EXPECT(process_info(child.process)->status != process_status::suspended);
    EXPECT(support::refuses(errc::bad_argument, [&] { resume(child.process); }));  // one too many
    suspend(child.process);
    send(child.process, 2);
    EXPECT(support::mailbox_stays_empty(1ms));
    joist::exit(child.process, named_reason("enough"));
    EXPECT(reason_of(child) == named_reason("enough"));
    EXPECT(support::mailbox_stays_empty(0ms));
    EXPECT(support::refuses(errc::no_process, [&] { suspend(child.process); }));
    EXPECT(support::refuses(errc::no_process, [&] { resume(child.process); }));
    EXPECT(support::refuses(errc::bad_argument, [] { suspend(self()); }));
  });
}

TEST_CASE("process: one that is busy can be suspended", "[L22]") {
  support::everywhere([] {
    const auto busy = spawn_monitor([main = self()] {
      send(main, go{});
      for (;;) yield();
    });
    receive<go>();
    suspend(busy.process);
    EXPECT(process_info(busy.process)->status == process_status::suspended);
    joist::exit(busy.process, exit_reason::kill);
    EXPECT(reason_of(busy) == exit_reason::killed);
  });
}

TEST_CASE("process: a timeout of a suspended one waits for the resume", "[L22]") {
  support::in_simulation([] {
    const auto sleeper = spawn_monitor([main = self()] {
      sleep_for(1h);
      send(main, go{});
    });
    suspend(sleeper.process);
    EXPECT(support::mailbox_stays_empty(std::chrono::milliseconds{3h}));
    resume(sleeper.process);
    receive<go>();
    EXPECT(reason_of(sleeper) == exit_reason::normal);
  });
}

TEST_CASE("process: one that hibernates wakes as it was: by a message, by its time limit, and to die") {
  support::everywhere([] {
    struct told {
      pid whom;
      ~told() { send(whom, std::string{"unwound"}); }
    };
    std::vector<monitored> all;
    for (int i = 0; i < 40; ++i) {
      all.push_back(spawn_monitor([i, parent = self()] {
        std::array<int, 200> mine{};
        mine.fill(i);
        const int* inside = &mine[100];  // into its own stack
        const told at_end{parent};
        for (int round = 0; round < 3; ++round) {
          hibernate_next_wait();
          EXPECT(receive([](int n) { return n; }) == round);
          EXPECT(*inside == i);
          EXPECT(receive([](std::string) { return false; }, after(1us, [] { return true; })));  // an ordinary wait again
        }
        hibernate_next_wait();
        EXPECT(receive([](go) { return false; }, after(1ms, [] { return true; })));
        for (const int n : mine) EXPECT(n == i);
        send(parent, i);
        hibernate_next_wait();
        receive([](go) {});
      }));
    }
    for (int round = 0; round < 3; ++round) {
      for (const auto& p : all) send(p.process, round);
    }
    for (std::size_t i = 0; i < all.size(); ++i) receive([](int) {});
    for (const auto& p : all) joist::exit(p.process, exit_reason::kill);
    for (const auto& p : all) EXPECT(reason_of(p) == exit_reason::killed);
    for (std::size_t i = 0; i < all.size(); ++i) receive([](const std::string& what) { EXPECT(what == "unwound"); });
  });
}

TEST_CASE(
    "process: one that hibernates when its body returns is called again with each message, and keeps what the body has") {
  support::everywhere([] {
    struct counter {
      pid parent;
      int sum = 0;
      std::array<char, 300> much{};
      void operator()() {
        if (receive([](go) { return true; }, after(0s, [] { return false; }))) return;
        const int before = sum;
        receive([this](int n) { sum += n; }, after(0s, [] {}));
        if (sum > before) send(parent, sum);
        EXPECT(much.back() == (before > 0 ? 'x' : '\0'));
        if (sum > before) much.back() = 'x';
        hibernate_on_return();
      }
    };
    std::vector<monitored> all;
    for (int i = 0; i < 40; ++i) all.push_back(spawn_monitor(counter{self()}));
    for (int round = 1; round <= 3; ++round) {
      for (const auto& p : all) send(p.process, round);
      int most = 0;
      for (std::size_t i = 0; i < all.size(); ++i) most = std::max(most, receive([](int sum) { return sum; }));
      EXPECT(most == round * (round + 1) / 2);
    }
    for (const auto& p : all) send(p.process, go{});
    for (const auto& p : all) EXPECT(reason_of(p) == exit_reason::normal);
  });
}

TEST_CASE(
    "process: one that hibernates when its body returns ends by exit signals, by its links and by what its body throws") {
  support::everywhere([] {
    struct told {
      pid whom;
      told(pid p) : whom{p} {}
      told(told&& other) noexcept : whom{std::exchange(other.whom, {})} {}
      ~told() {
        if (whom) send(whom, std::string{"destroyed"});
      }
    };
    auto body = [](pid parent) {
      return [at_end = told{parent}, first = true]() mutable {
        if (!std::exchange(first, false)) receive([](int) { throw std::runtime_error{"called again"}; });
        hibernate_on_return();
      };
    };
    auto is_destroyed = [] { receive([](const std::string& what) { EXPECT(what == "destroyed"); }); };
    const auto killed = spawn_monitor(body(self()));
    joist::exit(killed.process, exit_reason::kill);
    EXPECT(reason_of(killed) == exit_reason::killed);
    is_destroyed();
    const auto linked = spawn_monitor([b = body(self())]() mutable {
      (void)spawn_link([] { exit(exit_reason::of("link")); });
      b();
    });
    EXPECT(reason_of(linked) == exit_reason::of("link"));
    is_destroyed();
    const auto throws = spawn_monitor(body(self()));
    send(throws.process, 1);
    EXPECT(reason_of(throws).to_string().find("called again") != std::string::npos);
    is_destroyed();
  });
}

TEST_CASE("process: one that hibernates when its body returns is called again at once for a message it has passed over") {
  support::everywhere([] {
    const auto p = spawn_monitor([calls = 0]() mutable {
      if (++calls == 5) return;
      receive([](std::string) {}, after(0s, [] {}));
      if (calls == 1) receive([](go) {});
      hibernate_on_return();
    });
    send(p.process, 1);  // nobody takes it
    send(p.process, go{});
    EXPECT(reason_of(p) == exit_reason::normal);
  });
}

TEST_CASE("process: one whose body takes no message and is called again for ever lets others run, and can be killed") {
  support::everywhere([] {
    const auto p = spawn_monitor([] { hibernate_on_return(); });
    send(p.process, 1);
    const auto other = spawn_monitor([] {});
    EXPECT(reason_of(other) == exit_reason::normal);
    joist::exit(p.process, exit_reason::kill);
    EXPECT(reason_of(p) == exit_reason::killed);
  });
}

TEST_CASE("process: what a body owns that waits without a stack is not destroyed outside of a process") {
  // The destructor may unlink: no process could, that is none. What could not end before a runtime is gone is leaked, as
  // stacks are.
  struct owned {
    std::shared_ptr<std::atomic<int>> destroyed;
    explicit owned(std::shared_ptr<std::atomic<int>> count) : destroyed{std::move(count)} {}
    owned(owned&&) = default;
    ~owned() {
      if (destroyed == nullptr) return;
      EXPECT(in_process());
      ++*destroyed;
    }
  };
  // What is leaked would be told, where leaks are looked for.
  for (const auto limit : {support::checked_build ? 20000ms : 0ms, 20000ms}) {
    const auto destroyed = std::make_shared<std::atomic<int>>(0);
    {
      runtime rt{support::quiet(2)};
      rt.ask([destroyed] {
        std::vector<monitored> all;
        for (int i = 0; i < 500; ++i) {
          all.push_back(spawn_monitor([mine = owned{destroyed}] { hibernate_on_return(); }));
        }
        for (const auto& p : all) (void)process_info(p.process);
      });
      (void)rt.stop(limit);
    }
    if (limit > 0ms) CHECK(*destroyed == 500);
  }
}

TEST_CASE("process: suspended while it hibernates without a stack, it is called again when it is resumed") {
  support::everywhere([] {
    const pid p = spawn([parent = self(), first = true]() mutable {
      if (std::exchange(first, false)) return hibernate_on_return();
      receive([](int) {});
      send(parent, go{});
    });
    suspend(p);
    send(p, 1);
    EXPECT(receive([](go) { return false; }, after(1ms, [] { return true; })));
    resume(p);
    receive([](go) {});
  });
}

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__) && !defined(JOIST_CHECK_ISOLATION)
TEST_CASE("process: one that hibernates holds less memory than its stack has pages") {
  support::on_workers(
      [] {
        constexpr int count = 200;
        auto touch = [] {
          std::array<volatile char, 40'000> much;
          for (std::size_t i = 0; i < much.size(); i += 512) much[i] = 1;
        };
        auto resident = [] {
          std::ifstream in{"/proc/self/statm"};
          std::size_t size = 0, pages = 0;
          in >> size >> pages;
          return pages * 4096;
        };
        std::vector<pid> all;
        for (int i = 0; i < count; ++i) {
          all.push_back(spawn_link([touch, parent = self()] {
            touch();
            send(parent, go{});
            receive([](int) {});
            send(parent, go{});
            hibernate_next_wait();
            receive([](std::string) {});
          }));
        }
        for (int i = 0; i < count; ++i) receive([](go) {});
        const std::size_t before = resident();
        for (const pid p : all) send(p, 1);
        for (int i = 0; i < count; ++i) receive([](go) {});
        bool less = false;
        for (int i = 0; i < 4000 && !less; ++i) {
          less = resident() + count * 20'000 < before;
          if (!less) sleep_for(1ms);
        }
        EXPECT(less);
        for (const pid p : all) send(p, std::string{});
      },
      2);
}
#endif

TEST_CASE("process: spawn options: label, own stack and its size", "[L21]") {
  support::everywhere([] {
    spawn_options options;
    std::string label = "worker 1";
    options.label = label;
    options.own_stack = true;
    options.stack_bytes = 512 * 1024;
    const auto child = spawn_monitor(options, [main = self()] {
      int here = 1;
      send(main, reinterpret_cast<std::uintptr_t>(&here));  // nobody else's stack comes over it
      receive<go>();
      EXPECT(here == 2);
      volatile char deep[400 * 1024];
      deep[0] = 1;
      deep[sizeof(deep) - 1] = 1;
    });
    label = "overwritten";
    auto* lent = reinterpret_cast<int*>(receive<std::uintptr_t>());
    EXPECT(process_info(child.process)->label == "worker 1");
    EXPECT(system_info().own_stacks >= 1);  // those of processes that ended a moment ago may still count, or not
    *lent = 2;
    send(child.process, go{});
    EXPECT(reason_of(child) == exit_reason::normal);
  });
}

TEST_CASE("process: parent, self and in_process", "[L21]") {
  support::everywhere([] {
    EXPECT(in_process());
    EXPECT(support::reason_after([main = self()] { EXPECT(parent() == main && self() != main); }) == exit_reason::normal);
  });
  CHECK_FALSE(in_process());
  CHECK(support::refuses(errc::not_a_process, [] { (void)self(); }));
  CHECK(support::refuses(errc::not_a_process, [] { (void)parent(); }));
  CHECK(support::refuses(errc::not_a_process, [] { spawn([] {}); }));
  CHECK(support::refuses(errc::not_a_process, [] { yield(); }));
  CHECK(support::refuses(errc::not_a_process, [] { checkpoint(); }));
  CHECK(support::refuses(errc::not_a_process, [] { (void)is_alive(pid{}); }));
  CHECK(support::refuses(errc::not_a_process, [] { suspend(pid{1, 1, 1}); }));
  CHECK(support::refuses(errc::not_a_process, [] { receive<go>(); }));
}

TEST_CASE("process: at the limit spawn refuses, and after an end there is room again", "[L21]") {
  auto options = support::quiet();
  options.process_limit = 10;
  runtime rt{options};
  const auto reason = rt.ask([] {
    return support::reason_after([] {
      std::vector<monitored> all;
      const bool refused = support::refuses(errc::process_limit, [&] {
        for (int i = 0; i < 20; ++i) all.push_back(spawn_monitor([] { receive<go>(); }));
      });
      EXPECT(refused);
      EXPECT(all.size() == 8);  // beside the first process and this one
      EXPECT(process_info(self())->monitors.size() == 8);
      send(all.front().process, go{});
      EXPECT(reason_of(all.front()) == exit_reason::normal);
      monitored next;
      while (!next.process) {  // its place is free a moment after its down
        try {
          next = spawn_monitor([] { receive<go>(); });
        } catch (const error&) {
          yield();
        }
      }
      EXPECT(is_alive(next.process));
    });
  });
  CHECK(reason.to_string() == "normal");
}

TEST_CASE("process: a limited mailbox drops the newest, refuses, or kills, as its policy says", "[L12]") {
  support::everywhere([] {
    spawn_options options;
    options.mailbox_limit = 3;
    for (const auto policy : {mailbox_policy::drop_newest, mailbox_policy::fail, mailbox_policy::kill}) {
      options.when_full = policy;
      const auto child = spawn_monitor(options, [main = self()] {
        receive<go>();
        while (const auto got = receive<int>(after(0s))) send(main, *got);
        send(main, go{});
        receive<go>();
      });
      suspend(child.process);
      for (int i = 0; i < 3; ++i) EXPECT(send(child.process, i) == send_result::sent);
      const auto fourth = send(child.process, 3);
      EXPECT(fourth == (policy == mailbox_policy::fail ? send_result::mailbox_full : send_result::sent));
      if (policy == mailbox_policy::kill) {
        EXPECT(reason_of(child) == exit_reason::killed);
        continue;
      }
      joist::exit(child.process, exit_reason::normal);  // signals are not counted
      EXPECT(process_info(child.process)->message_queue_length == 3);
      resume(child.process);
      EXPECT(support::mailbox_stays_empty(1ms));  // it waits for go, which finds no room
      joist::exit(child.process, exit_reason::kill);
      EXPECT(reason_of(child) == exit_reason::killed);
    }
  });
}

TEST_CASE("process: a limited mailbox has room again for each message that is taken", "[L12]") {
  support::everywhere([] {
    spawn_options options;
    options.mailbox_limit = 2;
    options.when_full = mailbox_policy::fail;
    const auto child = spawn_monitor(options, [main = self()] {
      for (;;) send(main, receive<int>());
    });
    for (int i = 0; i < 20; ++i) {
      while (send(child.process, i) == send_result::mailbox_full) yield();
    }
    for (int i = 0; i < 20; ++i) EXPECT(receive<int>() == i);
    joist::exit(child.process, exit_reason::kill);
    EXPECT(reason_of(child) == exit_reason::killed);
  });
}

TEST_CASE("process: answers of the runtime and exits are not counted against a mailbox limit", "[L12]") {
  support::everywhere([] {
    const pid other = spawn([] { support::wait_for_ever(); });
    spawn_options options;
    options.mailbox_limit = 2;
    options.when_full = mailbox_policy::fail;
    const auto child = spawn_monitor(options, [other, main = self()] {
      trap_exit(true);
      for (int i = 0; i < 5; ++i) EXPECT(process_info(other) && is_alive(other));
      const auto dead = spawn_monitor([] {});
      EXPECT(reason_of(dead) == exit_reason::normal);
      link(dead.process);
      EXPECT(receive<exited>().reason == exit_reason::noproc);
      send(main, go{});
      receive<go>();
      EXPECT(process_info(self())->message_queue_length == 2);
    });
    receive<go>();
    EXPECT(send(child.process, 1) == send_result::sent);
    EXPECT(send(child.process, 2) == send_result::sent);
    EXPECT(send(child.process, 3) == send_result::mailbox_full);
    joist::exit(child.process, exit_reason::kill);
    EXPECT(reason_of(child) == exit_reason::killed);
    joist::exit(other, exit_reason::kill);
  });
}

TEST_CASE("process: a mailbox limit begins anew with each process in a place, whoever still sends to the last", "[L12]") {
  runtime rt{support::quiet(1)};
  std::atomic<std::uint64_t> target{0};
  std::atomic<bool> over{false};
  std::vector<std::thread> senders;
  for (int i = 0; i < 3; ++i) {
    senders.emplace_back([&] {
      while (!over.load()) send(pid::from_value(target.load()), 1);
    });
  }
  const bool right = rt.ask([&target] {
    spawn_options options;
    options.mailbox_limit = 1000;
    options.when_full = mailbox_policy::fail;
    for (int i = 0; i < (support::checked_build ? 100 : 3000); ++i) {
      const auto hit = spawn_monitor(options, [&target] {
        target = self().value();
        for (int k = 0; k < 3; ++k) yield();
      });
      (void)reason_of(hit);
      target = 0;
      const auto quiet = spawn_monitor(options, [] { receive<char>(); });
      if (send(quiet.process, 'x') != send_result::sent) return false;
      (void)reason_of(quiet);
    }
    return true;
  });
  over = true;
  for (auto& s : senders) s.join();
  CHECK(right);
}

TEST_CASE("process: wrong spawn options are refused with what was expected", "[L21]") {
  support::everywhere([] {
    auto refused = [](spawn_options o) { return support::refuses(errc::bad_argument, [&] { spawn(o, [] {}); }); };
    spawn_options o;
    o.priority = static_cast<priority>(77);
    EXPECT(refused(o));
    o = {};
    o.when_full = static_cast<mailbox_policy>(9);
    EXPECT(refused(o));
    o = {};
    o.stack_bytes = 1 << 20;
    EXPECT(refused(o));
    o.own_stack = true;
    o.stack_bytes = std::size_t{1} << 60;
    EXPECT(refused(o));
  });
}

TEST_CASE("process: a suspension ends with the process that made it", "[L22]") {
  support::everywhere([] {
    const auto child = spawn_monitor([main = self()] {
      receive<go>();
      send(main, 1);
    });
    const auto suspender = spawn_monitor([child] {
      suspend(child.process);
      suspend(child.process);
    });
    EXPECT(reason_of(suspender) == exit_reason::normal);
    send(child.process, go{});
    EXPECT(receive<int>() == 1);
    EXPECT(support::refuses(errc::bad_argument, [] { resume(self()); }));
    EXPECT(reason_of(child) == exit_reason::normal);
  });
}

TEST_CASE("process: a receive in a guard is refused, and the message stays", "[L12]") {
  support::everywhere([] {
    send(self(), 1);
    EXPECT(support::refuses(errc::bad_wait, [] {
      receive(when([](const int&) { return receive<int>(after(0s)).has_value(); }, [](int) {}), after(0s, [] {}));
    }));
    EXPECT(support::refuses(errc::bad_wait, [] {
      receive(when(
                  [](const int&) {
                    sleep_for(0s);
                    return true;
                  },
                  [](int) {}),
              after(0s, [] {}));
    }));
    EXPECT(receive<int>() == 1);
  });
}

TEST_CASE("catch_end: what leaves a function is the reason that the process would end with, and the process goes on") {
  support::everywhere([] {
    EXPECT(!joist::catch_end([] {}));
    const auto thrown = joist::catch_end([] { throw std::runtime_error{"no"}; });
    EXPECT(thrown && thrown->error() != nullptr && thrown->error()->what == "no" && !thrown->error()->backtrace.empty());
    const auto left = joist::catch_end([] { joist::exit(joist::exit_reason::shutdown); });
    EXPECT(left == joist::exit_reason::shutdown);
    // One in the other: each has its own.
    const auto outer = joist::catch_end([] {
      const auto inner = joist::catch_end([] { throw 1; });
      EXPECT(inner->error()->type == "int");
      throw std::string{"outer"};
    });
    EXPECT(outer->error()->type == "std::string" && outer->error()->what == "outer");
  });
}

TEST_CASE("catch_end: the end of the process from outside is not caught") {
  support::everywhere([] {
    const auto child = joist::spawn_monitor([] {
      (void)joist::catch_end([] { joist::sleep_for(joist::infinity); });
      joist::exit(joist::exit_reason::of(std::string{"went on"}));
    });
    joist::exit(child.process, joist::exit_reason::shutdown);
    EXPECT(joist::receive<joist::down>().reason == joist::exit_reason::shutdown);
  });
}

TEST_CASE("process: has_ended is true when its monitors are told, while its destructors run, and for nobody", "[L24]") {
  struct last_words {
    pid to;
    ~last_words() { send(to, has_ended(self())); }
  };
  support::everywhere([] {
    EXPECT(has_ended(pid{}) && !has_ended(self()));
    EXPECT(has_ended(pid{self().node(), self().index(), self().generation() + 1}));
    const auto child = spawn_monitor([main = self()] {
      const last_words said{main};
      send(main, has_ended(self()));
      support::wait_for_ever();
    });
    EXPECT(!receive<bool>() && !has_ended(child.process));
    joist::exit(child.process, exit_reason::kill);
    EXPECT(reason_of(child) == exit_reason::killed);
    EXPECT(has_ended(child.process) && receive<bool>());
  });
}

TEST_CASE("process: has_ended waits for nobody, and threads may ask it", "[L24]") {
  runtime rt{support::quiet(2)};
  std::atomic<bool> begun{false};
  std::atomic<bool> released{false};
  const pid busy = rt.spawn([&] {
    begun = true;
    while (!released) {
    }
  });
  while (!begun) std::this_thread::yield();
  CHECK_FALSE(has_ended(busy));
  CHECK_FALSE(rt.ask([busy] { return has_ended(busy); }));
  released = true;
  while (!has_ended(busy)) std::this_thread::yield();
  CHECK(rt.stop(10s).clean());
  CHECK(has_ended(busy));
}
