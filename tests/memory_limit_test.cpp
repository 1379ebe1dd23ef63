// Limits of mailbox bytes and copied-out stacks: joist::memory_limit in joist/process.hpp. OTP: process_SUITE,
// spawn_opt_max_heap_size. The ids are those of docs/semantics.md.
#include <array>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "support/ends.hpp"
#include "support/world.hpp"

using namespace joist;
using namespace std::chrono_literals;
using support::go;
using support::reason_of;

namespace {

constexpr std::size_t header_bytes = 24;

/// Takes 1 KiB of a mailbox.
struct block {
  std::array<char, 1024 - header_bytes> content;
};

/// "Take so many blocks, and say that you did."
struct take_blocks {
  int count;
  pid asker;
};

[[noreturn]] void take_as_told() {
  for (;;) {
    const auto order = receive<take_blocks>();
    for (int i = 0; i < order.count; ++i) receive<block>();
    send(order.asker, go{});
  }
}

void send_blocks(pid to, int count) {
  for (int i = 0; i < count; ++i) send(to, block{});
}

spawn_options limited(memory_limit limit, std::string_view label = {}) {
  spawn_options options;
  options.label = label;
  options.memory_limit = limit;
  return options;
}

memory_limit mailbox_of(std::size_t bytes, bool kill = true, bool log = true) {
  memory_limit limit;
  limit.max_mailbox_bytes = bytes;
  limit.kill = kill;
  limit.log = log;
  return limit;
}

memory_limit parked_of(std::size_t bytes, bool kill = true, bool log = true) {
  memory_limit limit;
  limit.max_parked_stack_bytes = bytes;
  limit.kill = kill;
  limit.log = log;
  return limit;
}

struct log_lines {
  std::mutex mutex;
  std::vector<std::string> all;

  [[nodiscard]] std::size_t about(std::string_view what) {
    const std::scoped_lock lock{mutex};
    std::size_t found = 0;
    for (const auto& line : all) found += line.find(what) != std::string::npos ? 1 : 0;
    return found;
  }
  void clear() {
    const std::scoped_lock lock{mutex};
    all.clear();
  }
};

log_sink sink_to(const std::shared_ptr<log_lines>& lines) {
  return [lines](log_level, std::string_view text) {
    const std::scoped_lock lock{lines->mutex};
    lines->all.emplace_back(text);
  };
}

/// Runs `body(lines)` under many seeds, each with an empty log.
template <class Body>
void with_log(Body body, std::uint64_t seeds, simulate_options options = {}) {
  const auto lines = std::make_shared<log_lines>();
  options.log = sink_to(lines);
  try {
    for_each_schedule(
        seeds,
        [body, lines] {
          lines->clear();
          body(*lines);
        },
        options);
  } catch (const schedule_failed& failure) {
    FAIL(failure.what());
  }
}

constexpr std::uint64_t some_seeds = support::checked_build ? 20 : 200;

/// Whether processes share stacks at all in this build.     [process]
bool stacks_are_shared() { return system_info().own_stacks == 0; }

struct left {};
struct tells_that_it_left {
  pid whom;
  explicit tells_that_it_left(pid p) noexcept : whom{p} {}
  tells_that_it_left(const tells_that_it_left&) = delete;
  tells_that_it_left& operator=(const tells_that_it_left&) = delete;
  ~tells_that_it_left() { send(whom, left{}); }
};

constexpr std::size_t deep_bytes = std::size_t{64} << 10;
constexpr std::size_t shallow_bytes = std::size_t{16} << 10;

[[gnu::noinline]] void wait_deeply(pid main) {
  const tells_that_it_left guard{main};
  std::array<char, deep_bytes> deep;
  deep.front() = 1;
  deep.back() = 2;
  asm volatile("" : : "r"(deep.data()) : "memory");  // clang keeps but the elements that are used, unless it cannot know
  send(main, 'd');
  receive<go>();
  asm volatile("" : : "r"(deep.data()) : "memory");
  EXPECT(deep.front() == 1 && deep.back() == 2);
}

[[noreturn]] void answer_shallowly() {
  for (std::uint64_t kept = 0;; ++kept) {
    const pid asker = receive<pid>();
    send(asker, kept);
  }
}

/// Runs `body` in simulated worlds and on real workers of so many stacks.
template <class Body>
void with_slots(std::size_t slots, Body body) {
  simulate_options simulated;
  simulated.slots = slots;
  try {
    for_each_schedule(some_seeds / 4, body, simulated);
  } catch (const schedule_failed& failure) {
    FAIL(failure.what());
  }
  auto options = support::quiet();
  options.slots = slots;
  runtime rt{options};
  for (int i = 0; i < 5; ++i) {
    try {
      rt.ask(body, 60s);
    } catch (const ask_failed& failure) {
      FAIL(failure.reason().to_string());
    }
  }
  CHECK(rt.stop(20s).clean());
}

}  // namespace

TEST_CASE("L20: a process over its mailbox limit is killed, and not before", "[L20]") {
  support::everywhere([] {
    trap_exit(true);
    const pid child = spawn_link(limited(mailbox_of(10 * 1024)), [] { receive<go>(); });
    const monitored seen{child, monitor(child)};
    send_blocks(child, 10);
    const auto full = process_info(child);
    EXPECT(full && full->mailbox_bytes == 10 * 1024 && full->message_queue_length == 10);
    send(child, 'x');
    EXPECT(reason_of(seen) == exit_reason::killed);
    EXPECT(receive<exited>().reason == exit_reason::killed);
    EXPECT(support::mailbox_stays_empty(0ms));
  });
}

TEST_CASE("L20: one that keeps up is not killed, however much passes through its mailbox", "[L20]") {
  support::everywhere([] {
    const auto child = spawn_monitor(limited(mailbox_of(3 * 1024)), &take_as_told);
    for (int i = 0; i < 20; ++i) {
      send_blocks(child.process, 2);
      send(child.process, take_blocks{2, self()});
      receive<go>();
    }
    const auto after_all = process_info(child.process);
    EXPECT(after_all && after_all->mailbox_bytes == 0);
    joist::exit(child.process, exit_reason::shutdown);
    EXPECT(reason_of(child) == exit_reason::shutdown);
  });
}

TEST_CASE("L20: one that runs is killed when its reductions are spent, one that is suspended at once", "[L20]") {
  support::everywhere([] {
    const auto busy = spawn_monitor(limited(mailbox_of(1024)), [main = self()] {
      const tells_that_it_left guard{main};
      send(main, go{});
      for (;;) checkpoint();
    });
    receive<go>();
    send_blocks(busy.process, 2);
    EXPECT(reason_of(busy) == exit_reason::killed);
    receive<left>();
    const auto suspended = spawn_monitor(limited(mailbox_of(1024)), [] { receive<go>(); });
    suspend(suspended.process);
    send_blocks(suspended.process, 2);
    EXPECT(reason_of(suspended) == exit_reason::killed);
  });
}

TEST_CASE("L20: an exit signal that came first is the reason", "[L20][L10]") {
  support::everywhere([] {
    const auto child = spawn_monitor(limited(mailbox_of(1024)), [] { receive<go>(); });
    joist::exit(child.process, support::named_reason("first"));
    send_blocks(child.process, 2);
    EXPECT(reason_of(child) == support::named_reason("first"));
  });
}

TEST_CASE("L20: a message counts with its header and value in place, not with what it points to", "[L20]") {
  support::everywhere([] {
    auto weigh = [] {
      auto bytes = [] { return process_info(self())->mailbox_bytes; };
      EXPECT(bytes() == 0);
      send(self(), std::string(100'000, 'x'));
      EXPECT(bytes() == header_bytes + sizeof(std::string));
      send(self(), block{});
      EXPECT(bytes() == header_bytes + sizeof(std::string) + 1024);
      const auto dead = spawn_monitor([] {});  // what signals become counts too
      while (process_info(self())->message_queue_length < 3) yield();
      EXPECT(bytes() > header_bytes + sizeof(std::string) + 1024);
      EXPECT(!demonitor(dead.monitor, demonitor_option::flush));
      EXPECT(bytes() == header_bytes + sizeof(std::string) + 1024);
      receive<block>();
      EXPECT(receive<std::string>().size() == 100'000);
      EXPECT(bytes() == 0);
    };
    EXPECT(reason_of(spawn_monitor(limited(mailbox_of(1 << 20)), weigh)) == exit_reason::normal);
    weigh();  // the same where nothing is limited
  });
}

TEST_CASE("L20: with log alone the process lives, and there is one entry for each excess", "[L20]") {
  with_log(
      [](log_lines& log) {
        const auto child = spawn_monitor(limited(mailbox_of(4096, false), "collector"), &take_as_told);
        auto entries_after = [&log, to = child.process](int taken, int sent) {
          send(to, take_blocks{taken, self()});
          receive<go>();
          send_blocks(to, sent);
          EXPECT(process_info(to));  // it has taken them in
          return log.about("is over its memory limit");
        };
        EXPECT(entries_after(0, 4) == 0);
        EXPECT(entries_after(1, 2) == 1);  // five blocks, four are allowed
        EXPECT(entries_after(0, 10) == 1);
        EXPECT(entries_after(12, 2) == 1);  // three were left, more than half: still the same
        EXPECT(entries_after(3, 3) == 2);   // two were left
        EXPECT(log.about(fmt::format("process {} \"collector\" is over its memory limit: ", child.process)) == 2);
        EXPECT(log.about("4096 are allowed") == 2);
        EXPECT(log.about("it is killed") == 0);
        joist::exit(child.process, exit_reason::shutdown);
        EXPECT(reason_of(child) == exit_reason::shutdown);
      },
      some_seeds);
}

TEST_CASE("L20: kill and log are chosen apart", "[L20]") {
  with_log(
      [](log_lines& log) {
        for (const bool logs : {false, true}) {
          const auto child = spawn_monitor(limited(mailbox_of(1024, true, logs)), [] { receive<go>(); });
          send_blocks(child.process, 2);
          EXPECT(reason_of(child) == exit_reason::killed);
          EXPECT(log.about("it is killed") == (logs ? 1 : 0));
          EXPECT(log.about("crashed") == (logs ? 2 : 1));
        }
      },
      some_seeds);
}

TEST_CASE("L20: the runtime's limit holds for each process that has none of its own", "[L20]") {
  auto body = [] {
    const auto by_default = spawn_monitor([] { receive<go>(); });
    spawn_options labelled;
    labelled.label = "labelled";
    const auto with_options = spawn_monitor(labelled, [] { receive<go>(); });
    const auto own = spawn_monitor(limited(mailbox_of(8192)), [] { receive<go>(); });
    const auto none = spawn_monitor(limited({}), [] { receive<go>(); });
    for (const auto& m : {by_default, with_options, own, none}) send_blocks(m.process, 5);
    EXPECT(reason_of(by_default) == exit_reason::killed);
    EXPECT(reason_of(with_options) == exit_reason::killed);
    EXPECT(process_info(own.process)->mailbox_bytes == 5 * 1024);
    EXPECT(process_info(none.process)->mailbox_bytes == 5 * 1024);
    for (const auto& m : {own, none}) {
      send(m.process, go{});
      EXPECT(reason_of(m) == exit_reason::normal);
    }
  };
  simulate_options simulated;
  simulated.memory_limit = mailbox_of(4096);
  CHECK_NOTHROW(for_each_schedule(some_seeds, body, simulated));
  auto options = support::quiet();
  options.memory_limit = mailbox_of(4096);
  runtime rt{options};
  for (int i = 0; i < 20; ++i) CHECK_NOTHROW(rt.ask(body, 60s));
}

TEST_CASE("L20: one whose frames are copied out and are too many is killed, and they unwind; its neighbours live", "[L20]") {
  for (const std::size_t slots : {1U, 4U, 16U}) {
    with_slots(slots, [] {
      if (!stacks_are_shared()) return;
      std::vector<monitored> shallow;
      auto add_shallow = [&shallow] {
        shallow.push_back(spawn_monitor(limited(parked_of(shallow_bytes)), &answer_shallowly));
      };
      auto ask_all = [&shallow] {
        for (const auto& m : shallow) send(m.process, self());
        for (std::size_t i = 0; i < shallow.size(); ++i) receive<std::uint64_t>();
      };
      for (int i = 0; i < 20; ++i) add_shallow();  // all exclusive slots have an owner now
      ask_all();
      const auto deep = spawn_monitor(limited(parked_of(shallow_bytes)), [main = self()] { wait_deeply(main); });
      receive<char>();
      for (int i = 0; i < 20; ++i) add_shallow();
      while (is_alive(deep.process)) ask_all();  // until somebody has come over its frames
      EXPECT(reason_of(deep) == exit_reason::killed);
      receive<left>();
      ask_all();
      for (const auto& m : shallow) {
        EXPECT(is_alive(m.process));
        joist::exit(m.process, exit_reason::shutdown);
        EXPECT(reason_of(m) == exit_reason::shutdown);
      }
    });
  }
}

TEST_CASE("L20: with log alone, frames that are copied out often are told once, until they have been few", "[L20]") {
  simulate_options one_slot;
  one_slot.slots = 1;
  with_log(
      [](log_lines& log) {
        if (!stacks_are_shared()) return;
        const auto child = spawn_monitor(limited(parked_of(shallow_bytes, false), "deep"), [main = self()] {
          for (int i = 0; i < 2; ++i) {
            wait_deeply(main);
            receive<go>();  // few frames
          }
        });
        for (std::size_t excess = 1; excess <= 2; ++excess) {
          receive<char>();
          for (int i = 0; i < 5;
               ++i) {  // it answers on its worker's stack; a resume of its own moves its frames back and out
            send(child.process, 'x');
            EXPECT(support::mailbox_stays_empty(1ms));
            EXPECT(process_info(child.process)->stack_bytes > deep_bytes);
          }
          EXPECT(log.about("\"deep\" is over its memory limit: its frames took ") == excess);
          send(child.process, go{});
          receive<left>();
          EXPECT(support::mailbox_stays_empty(1ms));
          send(child.process, go{});
        }
        EXPECT(reason_of(child) == exit_reason::normal);
        EXPECT(log.all.size() == 2);
      },
      some_seeds, one_slot);
}

TEST_CASE("L20: a wait on a stack that nobody shares copies nothing, so nothing is limited", "[L20]") {
  support::everywhere([] {
    for (const bool own : {true, false}) {
      auto options = limited(parked_of(shallow_bytes));
      options.own_stack = own;
      const auto deep = spawn_monitor(options, [main = self()] { wait_deeply(main); });
      receive<char>();
      for (int i = 0; i < 5; ++i) {
        const auto other = spawn_monitor([] { yield(); });
        EXPECT(reason_of(other) == exit_reason::normal);
      }
      while (process_info(deep.process)->status != process_status::waiting) yield();
      EXPECT(process_info(deep.process)->stack_bytes > deep_bytes);
      send(deep.process, go{});
      EXPECT(reason_of(deep) == exit_reason::normal);
      receive<left>();
    }
  });
}

TEST_CASE("L20: among many on few stacks and several workers the deep ones end and the others answer", "[L20]") {
  for (const std::size_t slots : {1U, 3U, 16U}) {
    auto options = support::quiet();
    options.slots = slots;
    options.memory_limit = parked_of(shallow_bytes);
    runtime rt{options};
    const auto question = [] {
      if (!stacks_are_shared()) return true;
      std::vector<monitored> deep;
      std::vector<monitored> shallow;
      for (int i = 0; i < 100; ++i) {
        if (i >= 20 && i % 4 == 0) deep.push_back(spawn_monitor([main = self()] { wait_deeply(main); }));
        shallow.push_back(spawn_monitor(&answer_shallowly));
      }
      std::size_t alive = deep.size();
      for (int round = 1; alive > 0; ++round) {
        // One that runs first on a worker of its own may have a slot alone: somebody must come over its frames.
        for (int i = 0; round % 8 == 0 && i < 40; ++i) shallow.push_back(spawn_monitor(&answer_shallowly));
        for (const auto& m : shallow) send(m.process, self());
        for (std::size_t i = 0; i < shallow.size(); ++i) receive<std::uint64_t>();
        alive = 0;
        for (const auto& m : deep) alive += is_alive(m.process) ? 1 : 0;
      }
      for (const auto& m : deep) {
        if (reason_of(m) != exit_reason::killed) return false;
        receive<left>();
      }
      for (const auto& m : shallow) {
        joist::exit(m.process, exit_reason::shutdown);
        if (reason_of(m) != exit_reason::shutdown) return false;
      }
      return true;
    };
    CHECK(rt.ask(question, 120s));
    CHECK(rt.stop(20s).clean());
  }
}

TEST_CASE("L20: a limit that neither kills nor logs is refused", "[L20]") {
  support::in_simulation(
      [] {
        EXPECT(support::refuses(errc::bad_argument, [] { spawn(limited(mailbox_of(1, false, false)), [] {}); }));
        EXPECT(support::refuses(errc::bad_argument, [] { spawn(limited(parked_of(1, false, false)), [] {}); }));
        EXPECT(support::reason_after([] { spawn(limited(mailbox_of(0, false, false)), [] {}); }) == exit_reason::normal);
      },
      1);
  auto options = support::quiet();
  options.memory_limit = mailbox_of(1, false, false);
  CHECK(support::refuses(errc::bad_argument, [&] { const runtime rt{options}; }));
}
