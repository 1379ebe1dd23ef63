// joist/runtime.hpp: embedding.
#include <algorithm>
#include <atomic>
#include <csignal>
#include <cstdlib>
#include <ctime>
#include <memory>
#include <optional>
#include <set>
#include <thread>
#include <vector>

#include "support/child.hpp"
#include "support/ends.hpp"
#include "support/world.hpp"

using namespace joist;
using namespace std::chrono_literals;

namespace {

double cpu_seconds() {
  timespec t{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec) * 1e-9;
}

constexpr int many = support::checked_build ? 1000 : 100'000;

}  // namespace

TEST_CASE("runtime: starts and stops a thousand times in a program's life; pids of one name nobody in the next") {
  std::set<pid> seen;
  const int times = support::usual_seeds;
  for (int i = 0; i < times; ++i) {
    runtime rt{support::quiet(2)};
    const pid made = rt.spawn([] { support::wait_for_ever(); });
    for (const pid old : seen) send(old, i);
    seen.insert(made);
    CHECK(rt.stop(5s).clean());
  }
  CHECK(seen.size() == static_cast<std::size_t>(times));
}

TEST_CASE("runtime: any thread spawns, sends, asks and waits for the answer") {
  runtime rt{support::quiet(2)};
  const pid counter = rt.spawn([] {
    for (int sum = 0;;) {
      receive([&](int more) { sum += more; }, [&](pid asker) { send(asker, sum); });
    }
  });
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&rt, counter] {
      for (int i = 0; i < 100; ++i) {
        send(counter, 1);
        rt.spawn([counter] { send(counter, 1); });
        (void)rt.ask([counter] {
          send(counter, self());
          return receive<int>();
        });
      }
    });
  }
  for (auto& thread : threads) thread.join();
  // Every spawned process has sent before the runtime says that only the counter is left.
  while (rt.info().process_count > 1) std::this_thread::yield();
  CHECK(rt.ask([counter] {
    send(counter, self());
    return receive<int>();
  }) == 1600);
}

TEST_CASE("ask: a crash, a kill and a timeout are told, and a process may not ask") {
  runtime rt{support::quiet(2)};
  auto reason_of = [&](auto question, auto limit) {
    try {
      rt.ask(question, limit);
    } catch (const ask_failed& failure) {
      return failure.reason();
    }
    return exit_reason::normal;
  };
  CHECK(reason_of([] { throw std::runtime_error{"no"}; }, 10s).error()->what == "no");
  CHECK(reason_of([] { joist::exit(self(), exit_reason::kill); }, 10s) == exit_reason::killed);
  CHECK(reason_of([] { support::wait_for_ever(); }, 10ms) == exit_reason::timeout);
  CHECK(rt.ask([&rt] { return support::refuses(errc::bad_wait, [&rt] { rt.ask([] {}); }); }));
  CHECK(rt.ask([&rt] { return support::refuses(errc::bad_wait, [&rt] { (void)rt.stop(1s); }); }));
}

TEST_CASE("ask: a question that exits before it has an answer, and a runtime that stops before it asked, are told") {
  joist::runtime_options options = support::quiet(1);
  options.spare_threads = 0;  // or another thread would go on with what waits for the busy one
  runtime rt{options};
  auto reason_of = [&rt](auto question) -> std::optional<exit_reason> {
    try {
      rt.ask(question);
    } catch (const ask_failed& failure) {
      return failure.reason();
    }
    return std::nullopt;
  };
  CHECK(reason_of([]() -> int { joist::exit(exit_reason::normal); }) == exit_reason::normal);
  CHECK(reason_of([]() -> int { joist::exit(exit_reason::shutdown); }) == exit_reason::shutdown);
  CHECK_FALSE(reason_of([] { joist::exit(exit_reason::normal); }).has_value());

  std::atomic<bool> busy{false};
  const auto release = std::make_shared<std::atomic<bool>>(false);
  rt.spawn([&busy, release] {
    busy = true;
    while (!release->load()) {
    }
  });
  while (!busy.load()) std::this_thread::yield();
  std::optional<exit_reason> told;
  std::thread asker{[&] { told = reason_of([] {}); }};
  while (rt.info().process_count < 2) std::this_thread::yield();
  CHECK_FALSE(rt.stop(50ms).clean());
  asker.join();
  CHECK(told == exit_reason::killed);
  release->store(true);
}

TEST_CASE("stop: from several threads at once, each within its limit, with the same report") {
  for (int round = 0; round < 20; ++round) {
    runtime rt{support::quiet(2)};
    for (int i = 0; i < 10; ++i) rt.spawn([] { support::wait_for_ever(); });
    std::vector<std::thread> threads;
    std::atomic<int> clean{0};
    for (int t = 0; t < 4; ++t)
      threads.emplace_back([&] { clean += rt.stop(std::chrono::milliseconds::max()).clean() ? 1 : 0; });
    for (auto& thread : threads) thread.join();
    CHECK(clean.load() == 4);
  }
}

TEST_CASE("stop: is bounded although a process never comes back, and reports it") {
  const auto release = std::make_shared<std::atomic<bool>>(false);
  const auto running = std::make_shared<std::atomic<bool>>(false);
  stop_report report;
  {
    runtime rt{support::quiet(2)};
    rt.spawn({.label = "stuck"}, [release, running] {
      running->store(true);
      while (!release->load()) {
      }
    });
    while (!running->load()) std::this_thread::yield();
    const auto before = std::chrono::steady_clock::now();
    report = rt.stop(200ms);
    CHECK(std::chrono::steady_clock::now() - before < 5s);
    CHECK_FALSE(rt.running());
  }
  release->store(true);
  REQUIRE(report.still_running.size() == 1);
  CHECK(report.still_running[0].label == "stuck");
  CHECK(report.still_running[0].stuck_thread);
  CHECK_FALSE(report.clean());
}

TEST_CASE("stop: ends processes that trap exits or swallow their end, and refuses new ones") {
  runtime rt{support::quiet(2)};
  std::atomic<int> ready{0};
  rt.spawn([&ready] {
    trap_exit(true);
    ++ready;
    for (;;) receive([](exited) {});
  });
  rt.spawn([&ready] {
    ++ready;
    for (int i = 0; i < 100; ++i) {
      try {
        support::wait_for_ever();
      } catch (...) {
      }
    }
  });
  while (ready.load() < 2) std::this_thread::yield();
  CHECK(rt.stop(2s).clean());
  CHECK(support::refuses(errc::not_running, [&] { rt.spawn([] {}); }));
  CHECK(support::refuses(errc::not_running, [&] { rt.ask([] {}); }));
  CHECK(rt.stop(1s).clean());
}

TEST_CASE("stop: while sixteen threads spawn") {
  for (int round = 0; round < 5; ++round) {
    runtime rt{support::quiet(2)};
    std::atomic<int> refused{0};
    std::vector<std::thread> threads;
    for (int t = 0; t < 16; ++t) {
      threads.emplace_back([&] {
        try {
          for (;;) rt.spawn([] { (void)receive<int>(after(1ms)); });
        } catch (const error& e) {
          if (e.code() == errc::not_running) ++refused;
        }
      });
    }
    CHECK(rt.stop(20s).clean());
    for (auto& thread : threads) thread.join();
    CHECK(refused.load() == 16);
  }
}

TEST_CASE("runtime: beyond the process limit spawn says so, and goes on when there is room") {
  runtime_options options = support::quiet(1);
  options.process_limit = 10;
  runtime rt{options};
  rt.ask([] {
    std::vector<monitored> all;
    for (int i = 0; i < 9; ++i) all.push_back(spawn_monitor([] { receive<support::go>(); }));
    EXPECT(support::refuses(errc::process_limit, [] { spawn([] {}); }));
    send(all[0].process, support::go{});
    (void)support::reason_of(all[0]);
    while (system_info().process_count > 9) yield();
    EXPECT(support::reason_after([] {}) == exit_reason::normal);
  });
}

TEST_CASE("runtime: an idle one with many waiting processes uses less than half a percent of a core") {
  runtime rt{support::quiet(2)};
  rt.ask([] {
    for (int i = 0; i < many; ++i) {
      spawn([main = self()] {
        send(main, 1);
        support::wait_for_ever();
      });
    }
    for (int i = 0; i < many; ++i) receive<int>();
  });
  constexpr double limit = support::checked_build ? 0.02 : 0.005;  // CPU seconds in one second
  // What is measured is a second of idling. A runtime that polls would poll in each of them; a machine that is busy
  // with other things disturbs some. The sanitizers' own threads count too.
  double least = 1;
  for (int window = 0; window < 5 && least >= limit; ++window) {
    const double before = cpu_seconds();
    std::this_thread::sleep_for(1s);
    least = std::min(least, cpu_seconds() - before);
  }
  CHECK(least < limit);
}

TEST_CASE("runtime: limits of the longest time there is are never over") {
  runtime_options o = support::quiet(2);
  o.stuck_after = o.kill_after = std::chrono::milliseconds::max();
  runtime rt{o};
  rt.ask([] {
    const monitored busy = spawn_monitor([] {
      const auto until = joist::clock::now() + 100ms;
      while (joist::clock::now() < until) {  // asks for nothing
      }
    });
    for (int i = 0; i < 1000; ++i) (void)spawn([] {});
    yield();
    joist::exit(busy.process, exit_reason::kill);
    (void)support::reason_of(busy);
  });
  CHECK((rt.info().relieved == 0 && rt.info().zombies == 0));
}

TEST_CASE("runtime: wrong options are refused with what was expected") {
  auto refused = [](auto change) {
    runtime_options options = support::quiet(1);
    change(options);
    return support::refuses(errc::bad_argument, [&] { runtime rt{options}; });
  };
  CHECK(refused([](runtime_options& o) { o.workers = 100'000; }));
  CHECK(refused([](runtime_options& o) { o.process_limit = 0; }));
  CHECK(refused([](runtime_options& o) { o.slots = 0; }));
  CHECK(refused([](runtime_options& o) { o.slot_bytes = 100'000; }));
  CHECK(refused([](runtime_options& o) { o.reductions = 0; }));
  CHECK(refused([](runtime_options& o) { o.stop_deadline = -1ms; }));
}

TEST_CASE("runtime: its threads take no signals that are for the program, and those that a thread raises itself they do") {
  runtime rt{support::quiet(2)};
  auto held_back = [] {
    sigset_t now;
    ::pthread_sigmask(SIG_BLOCK, nullptr, &now);
    return [now](int signal) { return ::sigismember(&now, signal) == 1; };
  };
  const auto of_worker = rt.ask(held_back);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGUSR1, SIGCHLD, SIGALRM, SIGPIPE}) CHECK(of_worker(signal));
  for (const int signal : {SIGSEGV, SIGFPE, SIGBUS, SIGILL, SIGABRT, SIGTRAP, SIGPROF}) CHECK_FALSE(of_worker(signal));
  const auto of_program = held_back();
  CHECK_FALSE(of_program(SIGTERM));
}

TEST_CASE("fork: in the child the parent's runtime refuses, a message goes nowhere, and nothing hangs") {
  auto rt = std::make_unique<runtime>(support::quiet(2));
  const pid echo = rt->spawn([] {
    for (;;) send(receive<pid>(), 1);
  });
  const auto end = support::in_child([&] {
    bool right = support::refuses(errc::not_running, [&] { rt->spawn([] {}); });
    right = right && support::refuses(errc::not_running, [&] { rt->ask([] {}); });
    right = right && !rt->running() && rt->stop(10s).clean();
    send(echo, pid{});
    joist::exit(echo, exit_reason::kill);
    rt.reset();
#if !defined(__SANITIZE_THREAD__)  // which allows no threads in such a child
    runtime own{support::quiet(2)};
    right = right && own.ask([echo] {
      const ref m = monitor(echo);
      return receive<down>().monitor == m && support::reason_after([] {}) == exit_reason::normal;
    });
#endif
    ::_exit(right ? 7 : 1);
  });
  CHECK(end.exited_with(7));
  CHECK(rt->ask([echo] {
    send(echo, self());
    return receive<int>();
  }) == 1);
}

#if !defined(__SANITIZE_THREAD__)  // which does not know forks of fibers
TEST_CASE("fork: a process that waits in the child ends it with words") {
  const auto end = support::in_child([] {
    runtime rt{support::quiet(1)};
    const pid_t grandchild = rt.ask([] {
      const pid_t made = ::fork();
      if (made == 0) sleep_for(1ms);
      return made;
    });
    int status = 0;
    ::waitpid(grandchild, &status, 0);
    ::_exit(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT ? 7 : 1);
  });
  CHECK(end.exited_with(7));
  CHECK(end.written.find("child made by fork") != std::string::npos);
}
#endif

TEST_CASE("exit() of the program, called in a process, ends it, also where the runtime is static") {
  CHECK(support::in_child([] {
          static runtime rt{support::quiet(2)};
          for (int i = 0; i < 100; ++i) rt.spawn([] { support::wait_for_ever(); });
          rt.ask([] { std::exit(7); });
        }).exited_with(7));
  CHECK(support::in_child([] { joist::run([] { std::exit(7); }, support::quiet(2)); }).exited_with(7));
}

TEST_CASE("run: returns what main should") {
  CHECK(joist::run([] {}, support::quiet(2)) == 0);
  CHECK(joist::run([] { joist::exit(exit_reason::shutdown); }, support::quiet(2)) == 0);
  CHECK(joist::run([] { throw 1; }, support::quiet(2)) == 1);
}

TEST_CASE("run: a first process that another one ends by shutdown is a failure, and the log says whose signal it was") {
  const auto log = std::make_shared<std::string>();
  runtime_options options = support::quiet(2);
  options.crash_reports = false;
  options.log = [log](log_level level, std::string_view text) {
    if (level == log_level::error) log->append(text).append("\n");
  };
  const auto ended_by = std::make_shared<pid>();
  CHECK(joist::run(
            [ended_by] {
              *ended_by = spawn_link([] {
                receive<support::go>();
                joist::exit(exit_reason::shutdown);
              });
              send(*ended_by, support::go{});
              support::wait_for_ever();
            },
            options) == 1);
  CAPTURE(*log);
  CHECK(log->find(fmt::format("the first process was ended by {}: shutdown\n", *ended_by)) != std::string::npos);

  log->clear();
  CHECK(joist::run(
            [] {
              spawn([first = self()] { joist::exit(first, exit_reason::shutdown_with("for a reason")); });
              support::wait_for_ever();
            },
            options) == 1);
  CAPTURE(*log);
  CHECK(log->find(">: shutdown (for a reason)\n") != std::string::npos);
}

TEST_CASE("run: a first process that ends itself by shutdown, or returns when it has heard of one, is none") {
  const auto log = std::make_shared<std::string>();
  runtime_options options = support::quiet(2);
  options.log = [log](log_level, std::string_view text) { log->append(text).append("\n"); };
  CHECK(joist::run([] { joist::exit(self(), exit_reason::shutdown); }, options) == 0);
  CHECK(joist::run(
            [] {
              trap_exit(true);
              spawn_link([] { joist::exit(exit_reason::shutdown); });
              receive<exited>();
            },
            options) == 0);
  std::atomic<pid> first;
  std::thread of_program{[&first] {
    while (!first.load()) std::this_thread::yield();
    joist::exit(first.load(), exit_reason::shutdown);
  }};
  CHECK(joist::run(
            [&first] {
              first = self();
              support::wait_for_ever();
            },
            options) == 0);
  of_program.join();
  CHECK(log->empty());
}
