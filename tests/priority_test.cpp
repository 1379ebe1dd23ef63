// Priorities and yield: joist/process.hpp. OTP: process_SUITE, low_prio, no_priority_inversion, yield. The ids are those of
// docs/semantics.md.
#include <array>
#include <atomic>
#include <chrono>
#include <future>
#include <memory>
#include <vector>

#include "support/ends.hpp"
#include "support/world.hpp"

using namespace joist;
using namespace std::chrono_literals;
using support::go;
using support::reason_of;

namespace {

spawn_options of(priority p) {
  spawn_options options;
  options.priority = p;
  return options;
}

using turn_counts = std::array<std::atomic<std::uint64_t>, 2>;  // of the low ones, of the normal ones

void count_turns(const std::shared_ptr<turn_counts>& turns, priority p, int processes) {
  for (int i = 0; i < processes; ++i) {
    spawn(of(p), [turns, n = p == priority::low ? 0U : 1U] {
      for (;;) {
        (*turns)[n].fetch_add(1);
        yield();
      }
    });
  }
}

/// What OTP calls tok_loop: runs whenever it may.
[[noreturn]] void be_busy() {
  for (;;) checkpoint();
}

/// Everything that asks a process of low priority, which is busy itself, while `high` processes of high priority are ready
/// all the time. Of priority max, as OTP's test: a normal process would not run either.
void ask_a_low_one(int high) {
  const pid me = self();
  auto busy = [me] {
    send(me, go{});
    be_busy();
  };
  const auto low = spawn_monitor(of(priority::low), busy);
  const auto low_waiting = spawn_monitor(of(priority::low), [me] {
    send(me, go{});
    receive<go>();
  });
  const auto normal = spawn_monitor(busy);
  for (int i = 0; i < 3; ++i) receive<go>();
  std::vector<pid> others;
  for (int i = 0; i < high; ++i) others.push_back(spawn(of(priority::high), busy));
  for (int i = 0; i < high; ++i) receive<go>();
  for (const auto& m : {low, low_waiting, normal}) {
    EXPECT(process_info(m.process));
    EXPECT(is_alive(m.process));
    suspend(m.process);
    EXPECT(process_info(m.process)->status == process_status::suspended);
    resume(m.process);
    link(m.process);
    EXPECT(process_info(m.process)->links == std::vector<pid>{self()});
    unlink(m.process);
    EXPECT(process_info(m.process)->links.empty());
  }
  for (const pid p : others) joist::exit(p, exit_reason::kill);
  for (const auto& m : {low, low_waiting, normal}) {
    joist::exit(m.process, exit_reason::kill);
    EXPECT(reason_of(m) == exit_reason::killed);
  }
}

}  // namespace

TEST_CASE("L21: on one worker low priority has one turn in eight beside busy normal ones", "[L21]") {
  runtime rt{support::quiet(1)};
  const auto turns = std::make_shared<turn_counts>();
  rt.ask([turns] {
    count_turns(turns, priority::normal, 4);
    count_turns(turns, priority::low, 4);
    while ((*turns)[0].load() < 200) yield();
  });
  const std::uint64_t low = (*turns)[0].load();
  const std::uint64_t normal = (*turns)[1].load();
  CHECK(low * 4 < normal);
  CHECK(normal < low * 12);
}

TEST_CASE("L21: on several workers low priority is not starved by busy normal ones, and has fewer turns", "[L21]") {
  runtime rt{support::quiet(4)};
  const auto turns = std::make_shared<turn_counts>();
  rt.ask([turns] {
    count_turns(turns, priority::normal, 32);
    count_turns(turns, priority::low, 4);
    while ((*turns)[0].load() < 1000) yield();
  });
  CHECK((*turns)[0].load() < (*turns)[1].load());
}

TEST_CASE("L21: in a simulated world low priority has turns as normal has", "[L21]") {
  support::in_simulation([] {
    const auto turns = std::make_shared<turn_counts>();
    count_turns(turns, priority::normal, 4);
    count_turns(turns, priority::low, 1);
    while ((*turns)[0].load() < 20) yield();
    EXPECT((*turns)[1].load() > 20);
  });
}

TEST_CASE("L21: while high ones keep all workers busy, one of max has its questions to low ones answered", "[L21]") {
  for (const std::size_t workers : {1U, 2U, 4U}) {
    runtime rt{support::quiet(workers)};
    std::promise<std::string> problem;
    rt.spawn(of(priority::max), [&problem, high = static_cast<int>(2 * workers)] {
      std::string text;
      try {
        ask_a_low_one(high);
      } catch (const std::exception& e) {
        text = e.what();
      }
      problem.set_value(text);
    });
    auto told = problem.get_future();
    REQUIRE(told.wait_for(60s) == std::future_status::ready);
    CHECK(told.get().empty());
    CHECK(rt.stop(20s).clean());
  }
}

TEST_CASE("L21: in a simulated world too, questions of max to low ones are answered beside busy high ones", "[L21]") {
  support::in_simulation(
      [] {
        const auto asker = spawn_monitor(of(priority::max), [] { ask_a_low_one(3); });
        EXPECT(reason_of(asker).to_string() == "normal");
      },
      support::usual_seeds / 5);
}

TEST_CASE("L21: when nobody of high priority waits for an answer, high ones go first always", "[L21]") {
  runtime rt{support::quiet(1)};
  CHECK(rt.ask([] {
    const auto turns = std::make_shared<turn_counts>();
    count_turns(turns, priority::normal, 1);
    while ((*turns)[1].load() == 0) yield();
    return reason_of(spawn_monitor(of(priority::high),
                                   [turns] {
                                     const auto before = (*turns)[1].load();
                                     for (int i = 0; i < 1000; ++i) yield();
                                     EXPECT((*turns)[1].load() == before);
                                   }))
        .to_string();
  }) == "normal");
}

TEST_CASE("L21: yield is voluntary: nobody else runs before it, and each one gives one turn", "[L21]") {
  runtime rt{support::quiet(1)};
  CHECK(rt.ask([] {
            const auto turns = std::make_shared<turn_counts>();
            count_turns(turns, priority::normal, 1);
            auto others = [&turns] { return (*turns)[1].load(); };
            while (others() == 0) yield();
            for (int i = 0; i < 100; ++i) {
              const auto before = others();
              for (int k = 0; k < 1000; ++k) checkpoint();  // of 4000 that it may
              if (others() != before) return fmt::format("ran unasked in round {}", i);
              yield();
              if (others() != before + 1) return fmt::format("{} turns for a yield in round {}", others() - before, i);
            }
            return std::string{};
          }).empty());
}
