// The watcher, through the front door: workers that are stuck, and the dead that do not notice.
#include "core/watcher.hpp"

#include <joist/joist.hpp>

#include <dlfcn.h>
#include <sys/resource.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <mutex>
#include <thread>

#include "support/collected_log.hpp"
#include "support/ends.hpp"
#include "support/ping.hpp"
#include "support/world.hpp"

using namespace std::chrono_literals;
using namespace support;

namespace {

/// Loops without a call to the runtime until it is released, and says when it has begun.
struct spin {
  std::atomic<int> begun{0};
  std::atomic<bool> released{false};
  void operator()() {
    ++begun;
    while (!released.load(std::memory_order_relaxed)) {
    }
  }
  void await_begun(int n) const {
    while (begun < n) std::this_thread::yield();
  }
};

[[gnu::noinline]] void crunch_numbers(std::atomic<int>& begun, const std::atomic<bool>& released) {
  ++begun;
  while (!released.load(std::memory_order_relaxed)) {
  }
}
[[gnu::noinline]] void wait_for_lock(std::timed_mutex& m) {
  m.lock();
  m.unlock();
}

/// Whether a line of the text, "module+offset", lies in this small function.
bool shows(const std::string& text, const void* function) {
  Dl_info module{};
  REQUIRE(::dladdr(function, &module) != 0);
  const auto base = reinterpret_cast<std::uintptr_t>(module.dli_fbase);
  for (std::uintptr_t offset = 0; offset < 256; ++offset) {
    if (text.find(fmt::format("+{:#x}\n", reinterpret_cast<std::uintptr_t>(function) + offset - base)) != std::string::npos)
      return true;
  }
  return false;
}

/// A reason that takes its time to be printed in a report: until the process it ends has gone on.
struct slow_to_print {
  inline static std::atomic<bool> reached{false};
  inline static std::atomic<bool> left{false};
  friend bool operator==(const slow_to_print&, const slow_to_print&) { return true; }
};

/// How often a thread of this program has gone to sleep, and so was woken.
long sleeps() {
  rusage used{};
  ::getrusage(RUSAGE_SELF, &used);
  return used.ru_nvcsw;
}

}  // namespace

template <>
struct fmt::formatter<slow_to_print> : fmt::formatter<std::string_view> {
  template <class Context>
  auto format(const slow_to_print&, Context& context) const {
    slow_to_print::reached = true;
    while (!slow_to_print::left) std::this_thread::yield();
    std::this_thread::sleep_for(20ms);  // so that it is asleep by then; the test passes without
    return fmt::format_to(context.out(), "slowly");
  }
};

TEST_CASE("watcher: loops on every worker, four of them on two, starve nobody") {
  joist::runtime rt{quiet(2)};
  const auto loops = std::make_shared<spin>();
  for (int i = 0; i < 4; ++i) rt.spawn([loops] { (*loops)(); });
  loops->await_begun(4);  // also they do not wait for each other
  rt.ask([] { play(1000); }, 60s);
  CHECK(rt.info().relieved >= 2);
  loops->released = true;
  CHECK(rt.stop(10s).clean());
}

TEST_CASE("watcher: the run-next place, the queue and the timers of a stuck worker go to others") {
  joist::runtime rt{quiet(1)};
  const auto loop = std::make_shared<spin>();
  std::atomic<int> told{0};
  rt.spawn([loop, &told] {
    auto counts = [&told] {
      joist::receive<pong>();
      ++told;
    };
    const joist::pid first = joist::spawn(counts);
    const joist::pid second = joist::spawn(counts);
    const joist::pid third = joist::spawn(counts);
    joist::yield();               // they wait now
    joist::send(first, pong{});   // pushed out by the second: in the run queue
    joist::send(second, pong{});  // in the run-next place
    joist::send_after(20ms, third, pong{});
    (*loop)();
  });
  loop->await_begun(1);
  while (told < 3) std::this_thread::yield();
  loop->released = true;
  CHECK(rt.stop(10s).clean());
}

TEST_CASE("watcher: a process that waits for a mutex of another process's does not hold up its worker") {
  joist::runtime rt{quiet(1)};
  std::timed_mutex m;
  m.lock();
  const joist::pid waits = rt.spawn([&m] { m.lock(); });
  rt.ask([] { play(100); }, 60s);
  m.unlock();
  rt.ask([waits] { await_end(waits); }, 60s);
  CHECK(rt.stop(10s).clean());
}

TEST_CASE("watcher: a stuck process comes back where others left off, and its thread is used again") {
  joist::runtime rt{quiet(1)};
  for (int round = 0; round < 5; ++round) {
    const auto loop = std::make_shared<spin>();
    const joist::pid stuck = rt.spawn([loop] {
      const joist::pid me = joist::self();
      (*loop)();
      EXPECT(joist::self() == me);
      joist::send(me, pong{});
      joist::receive<pong>();
    });
    loop->await_begun(1);
    rt.ask([] { play(10); }, 60s);
    loop->released = true;
    const joist::exit_reason reason = rt.ask([stuck] { return await_end(stuck); }, 60s);
    CHECK((reason == joist::exit_reason::normal || reason == joist::exit_reason::noproc));
  }
  CHECK(rt.info().threads <= 3);
  CHECK(rt.info().reliefs >= 5);
  CHECK(rt.stop(10s).clean());
}

TEST_CASE("watcher: who shares a stack with a stuck process is counted, waits for it, and runs then") {
  joist::runtime_options o = quiet(1);
  o.slots = 1;
  joist::runtime rt{o};
  const auto loop = std::make_shared<spin>();
  rt.spawn([loop] { (*loop)(); });
  loop->await_begun(1);
  if (rt.info().slots_made == 1) {  // else every process has a stack of its own: a checked build
    std::atomic<bool> ran{false};
    rt.spawn([&ran] { ran = true; });
    const joist::pid elsewhere = rt.spawn({.own_stack = true}, [] { joist::receive<pong>(); });
    rt.spawn({.own_stack = true}, [elsewhere] { joist::send(elsewhere, pong{}); });
    while (rt.info().behind_stuck == 0) std::this_thread::yield();
    CHECK_FALSE(ran);
    loop->released = true;
    while (!ran) std::this_thread::yield();
    CHECK(rt.info().behind_stuck == 0);
  }
  loop->released = true;
  CHECK(rt.stop(10s).clean());
}

TEST_CASE("watcher: warns with pid, label and what to do, once a second for the same code") {
  const auto log = std::make_shared<collected_log>();
  joist::runtime_options o = quiet(1);
  o.log = sink_of(log);
  joist::runtime rt{o};
  const auto loop = std::make_shared<spin>();
  const auto begin = std::chrono::steady_clock::now();
  for (int i = 0; i < 3; ++i) rt.spawn({.label = "number cruncher"}, [loop] { (*loop)(); });
  loop->await_begun(3);
  const auto seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  loop->released = true;
  CHECK(rt.stop(10s).clean());
  const std::string text = log->get();
  INFO(text);
  CHECK(text.find("\"number cruncher\" has not come back to worker") != std::string::npos);
  CHECK(text.find("joist::blocking") != std::string::npos);
  std::size_t warnings = 0;
  for (std::size_t at = 0; (at = text.find("number cruncher", at)) != std::string::npos; ++at) ++warnings;
  CHECK(static_cast<double>(warnings) <= 1 + seconds);
}

TEST_CASE("watcher: the warning shows where a process waits, and where it computes if it may ask") {
  const auto log = std::make_shared<collected_log>();
  joist::runtime_options o = quiet(1);
  o.log = sink_of(log);
  o.contain_faults = o.stuck_backtraces = true;
  joist::runtime rt{o};
  const auto loop = std::make_shared<spin>();
  std::timed_mutex m;
  m.lock();
  rt.spawn({.label = "number cruncher"}, [loop] { crunch_numbers(loop->begun, loop->released); });
  rt.spawn({.label = "patient"}, [&m] { wait_for_lock(m); });
  rt.ask([] { play(1); }, 60s);  // behind both
  await_text(*log, "\"patient\" has not come back");
  loop->released = true;
  m.unlock();
  CHECK(rt.stop(10s).clean());
  const std::string text = log->get();
  INFO(text);
  CHECK(shows(text, reinterpret_cast<const void*>(&wait_for_lock)));
  CHECK(text.find("futex, for a lock") != std::string::npos);
  const bool asks = text.find("stuck_backtraces: expected") == std::string::npos;  // a sanitizer has the handlers
  CHECK((text.find("computes at") != std::string::npos) == asks);
  if (asks) CHECK(shows(text, reinterpret_cast<const void*>(&crunch_numbers)));
}

TEST_CASE("watcher: a system call of a stuck process is named, and not interrupted") {
  const auto log = std::make_shared<collected_log>();
  joist::runtime_options o = quiet(1);
  o.log = sink_of(log);
  o.contain_faults = o.stuck_backtraces = true;
  joist::runtime rt{o};
  int ends[2];
  REQUIRE(::pipe(ends) == 0);
  std::atomic<ssize_t> read{0};
  std::atomic<int> slept{-2};
  rt.spawn({.label = "reader"}, [&] {
    char c = 0;
    read = ::read(ends[0], &c, 1);
  });
  rt.spawn({.label = "sleeper"}, [&] {
    const timespec nap{0, 200'000'000};
    slept = ::nanosleep(&nap, nullptr);
  });
  rt.ask([] { play(1); }, 60s);
  await_text(*log, "\"reader\"");
  await_text(*log, "\"sleeper\"");
  REQUIRE(::write(ends[1], "x", 1) == 1);
  while (read == 0 || slept == -2) std::this_thread::yield();
  CHECK(rt.stop(10s).clean());
  CHECK(read == 1);
  CHECK(slept == 0);
  INFO(log->get());
  CHECK(log->get().find(": read, called at") != std::string::npos);
  CHECK(log->get().find("nanosleep, called at") != std::string::npos);
}

TEST_CASE("watcher: without a spare thread others wait, and the warning says so") {
  const auto log = std::make_shared<collected_log>();
  joist::runtime_options o = quiet(1);
  o.log = sink_of(log);
  o.spare_threads = 0;
  joist::runtime rt{o};
  const auto loop = std::make_shared<spin>();
  rt.spawn([loop] { (*loop)(); });
  loop->await_begun(1);
  std::thread opener{[&] {
    while (log->get().empty()) std::this_thread::yield();
    loop->released = true;
  }};
  rt.ask([] { play(1); }, 60s);
  opener.join();
  CHECK(log->get().find("no spare thread is left") != std::string::npos);
  CHECK(rt.stop(10s).clean());
}

TEST_CASE("watcher: who was woken and waits in the queue of one that computes runs on a worker that slept") {
  joist::runtime_options o = quiet(2);
  o.stuck_after = 1h;  // nobody is relieved
  joist::runtime rt{o};
  constexpr int rounds = 20;
  std::atomic<int> ran{0};
  rt.ask([&] {
    std::vector<joist::pid> all;
    for (int i = 0; i < 3; ++i) {
      all.push_back(joist::spawn([&] {
        for (int round = 0; round < rounds; ++round) {
          joist::receive<go>();
          ++ran;
        }
      }));
    }
    for (int round = 0; round < rounds; ++round) {
      while (ran < 3 * round) joist::yield();
      for (const joist::pid p : all) (void)joist::is_alive(p);  // it waits for its message
      const auto begin = joist::clock::now();
      while (joist::clock::now() < begin + 200us) {  // meanwhile the other worker goes to sleep
      }
      for (const joist::pid p : all) joist::send(p, go{});
      while (ran < 3 * round + 2) {  // the last one woken has the place that this worker alone looks at
      }
    }
    for (const joist::pid p : all) (void)await_end(p);
  });
  CHECK(rt.stop(10s).clean());
  CHECK(ran == 3 * rounds);
}

TEST_CASE("watcher: an idle runtime is not woken, whatever blocks in it") {
  joist::runtime rt{quiet(2)};
  int ends[2];
  REQUIRE(::pipe(ends) == 0);
  rt.spawn([from = ends[0]] {
    char c = 0;
    joist::blocking([&] { return ::read(from, &c, 1); });
  });
  rt.ask([] { play(10); }, 60s);
  std::this_thread::sleep_for(200ms);  // all that was to be done is done; this is what is measured, not a synchronisation
  const long before = sleeps();
  std::this_thread::sleep_for(500ms);
  CHECK(sleeps() - before < 20);  // a watcher that looked every 5 ms would have a hundred
  CHECK(::write(ends[1], "x", 1) == 1);
  CHECK(rt.stop(10s).clean());
  ::close(ends[0]);
  ::close(ends[1]);
}

TEST_CASE("watcher: a killed process that loops is dead to links, monitors and names after kill_after") {
  joist::runtime_options o = quiet(1);
  o.kill_after = 20ms;
  joist::runtime rt{o};
  const auto loop = std::make_shared<spin>();
  const auto destroyed = std::make_shared<std::atomic<bool>>(false);
  struct notes_end {
    std::shared_ptr<std::atomic<bool>> at;
    ~notes_end() { *at = true; }
  };
  const joist::pid stuck = rt.spawn([loop, destroyed] {
    const notes_end local{destroyed};
    joist::register_name("cruncher");
    joist::receive<pong>();
    (*loop)();
    joist::checkpoint();
    *destroyed = false;  // not reached
  });
  rt.ask(
      [stuck, loop] {
        joist::trap_exit(true);
        joist::link(stuck);
        const joist::ref watch = joist::monitor(stuck);
        joist::send(stuck, pong{});
        joist::sleep_for(5ms);
        EXPECT(loop->begun == 1);
        joist::exit(stuck, joist::exit_reason::kill);
        EXPECT(reason_of({stuck, watch}) == joist::exit_reason::killed);
        EXPECT(joist::receive<joist::exited>().reason == joist::exit_reason::killed);
        EXPECT(!joist::whereis("cruncher"));
        EXPECT(!joist::is_alive(stuck));
        EXPECT(joist::system_info().zombies == 1);
        joist::register_name("cruncher");  // it is free
        const joist::ref late = joist::monitor(stuck);
        EXPECT(reason_of({stuck, late}) == joist::exit_reason::noproc);
      },
      60s);
  CHECK_FALSE(*destroyed);
  loop->released = true;  // it meets the runtime, and is unwound
  while (rt.info().zombies > 0) std::this_thread::yield();
  CHECK(*destroyed);
  CHECK(rt.stop(10s).clean());
}

TEST_CASE("watcher: a process that goes to sleep while it is declared dead is unwound all the same") {
  joist::runtime_options o = quiet(2);
  o.kill_after = 10ms;
  o.log = [](joist::log_level, std::string_view) {};  // no silent_sink: reports are made
  joist::runtime rt{o};
  slow_to_print::reached = slow_to_print::left = false;
  const auto held = std::make_shared<int>(0);
  std::atomic<bool> begun{false};
  const joist::pid p = rt.spawn([held, &begun] {
    begun = true;
    while (!slow_to_print::reached) {  // the watcher prints the reason
    }
    slow_to_print::left = true;
    joist::receive<pong>();  // and meanwhile it goes to sleep, most likely
  });
  while (!begun) std::this_thread::yield();
  joist::exit(p, joist::exit_reason::of(slow_to_print{}));
  while (held.use_count() > 1) std::this_thread::yield();
  while (rt.info().zombies > 0) std::this_thread::yield();
  CHECK(rt.stop(10s).clean());
}

TEST_CASE("watcher: an exit signal that does not end a process waits for it in order") {
  joist::runtime_options o = quiet(1);
  o.kill_after = 1ms;
  joist::runtime rt{o};
  const auto loop = std::make_shared<spin>();
  const auto order = std::make_shared<std::vector<std::string>>();
  const joist::pid stuck = rt.spawn([loop, order] {
    joist::trap_exit(true);
    joist::receive<pong>();
    (*loop)();
    for (int i = 0; i < 3; ++i) {
      joist::receive([&](int n) { order->push_back(std::to_string(n)); },
                     [&](joist::exited e) { order->push_back(e.reason.to_string()); });
    }
  });
  rt.ask(
      [stuck, loop] {
        joist::send(stuck, pong{});
        joist::sleep_for(5ms);
        joist::send(stuck, 1);
        joist::exit(stuck, joist::exit_reason::shutdown);
        joist::send(stuck, 2);
        joist::sleep_for(50ms);
        loop->released = true;
        await_end(stuck);
      },
      60s);
  CHECK(*order == std::vector<std::string>{"1", "shutdown", "2"});
}

TEST_CASE("watcher: a stop does not wait for a process that was declared dead, and says that it still runs") {
  joist::runtime_options o = quiet(2);
  o.kill_after = 20ms;
  joist::runtime rt{o};
  const auto loop = std::make_shared<spin>();
  rt.spawn({.label = "never back"}, [loop] { (*loop)(); });
  loop->await_begun(1);
  const auto begin = std::chrono::steady_clock::now();
  const joist::stop_report report = rt.stop(20s);
  CHECK(std::chrono::steady_clock::now() - begin < 5s);
  REQUIRE(report.still_running.size() == 1);
  CHECK(report.still_running[0].label == "never back");
  CHECK(report.still_running[0].stuck_thread);
  loop->released = true;
}

TEST_CASE("watcher: kills of stuck processes under load leave nothing behind") {
  joist::runtime_options o = quiet(2);
  o.kill_after = 1ms;
  o.stuck_after = 1ms;
  o.spare_threads = 16;
  joist::runtime rt{o};
  for (int round = 0; round < (checked_build ? 5 : 30); ++round) {
    const auto loop = std::make_shared<spin>();
    rt.ask(
        [loop] {
          std::vector<joist::monitored> stuck;
          for (int i = 0; i < 4; ++i) {
            stuck.push_back(joist::spawn_monitor([loop] {
              const joist::pid partner = joist::spawn_link(&wait_for_ever);
              joist::send(partner, pong{});
              while (!loop->released.load(std::memory_order_relaxed)) {
              }
              for (;;) {  // among many calls of the runtime
                joist::link(partner);
                (void)joist::monitor(partner);
                joist::unlink(partner);
              }
            }));
          }
          joist::sleep_for(2ms);
          std::thread opener{[loop] { loop->released = true; }};
          for (const joist::monitored& m : stuck) joist::exit(m.process, joist::exit_reason::kill);
          for (const joist::monitored& m : stuck) EXPECT(reason_of(m) == joist::exit_reason::killed);
          joist::blocking([&] { opener.join(); });
        },
        60s);
  }
  while (rt.info().process_count > 0 || rt.info().zombies > 0) std::this_thread::yield();
  CHECK(rt.stop(10s).clean());
}
