// A million processes spawned, linked, killed and messaged at random, by processes and by threads of the program. Nothing
// may be lost and nothing left: every payload is destroyed once, every process ends, no block of memory stays.
#include <array>
#include <atomic>
#include <thread>
#include <vector>

#include "base/pool.hpp"
#include "base/random.hpp"
#include "support/ends.hpp"
#include "support/world.hpp"

using namespace joist;
using namespace std::chrono_literals;

namespace {

#if defined(__SANITIZE_THREAD__)
constexpr std::uint64_t processes_in_all = 3'000;
#elif defined(__SANITIZE_ADDRESS__) || defined(JOIST_CHECK_ISOLATION)
constexpr std::uint64_t processes_in_all = 20'000;
#else
constexpr std::uint64_t processes_in_all = 1'000'000;
#endif

std::atomic<std::int64_t> payloads{0};

class counted {
 public:
  counted() { ++payloads; }
  counted(const counted&) { ++payloads; }
  counted(counted&&) noexcept { ++payloads; }
  counted& operator=(const counted&) = default;
  counted& operator=(counted&&) = default;
  ~counted() { --payloads; }
};

/// Fills part of the stack, and tells whether it is still as it was.
class canary {
 public:
  explicit canary(std::uint64_t seed) : seed_{seed} {
    for (std::size_t i = 0; i < words_.size(); ++i) words_[i] = seed_ * (i + 1);
  }
  [[nodiscard]] bool intact() const {
    for (std::size_t i = 0; i < words_.size(); ++i) {
      if (words_[i] != seed_ * (i + 1)) return false;
    }
    return true;
  }

 private:
  std::uint64_t seed_;
  std::array<volatile std::uint64_t, 16> words_{};
};

/// The pids that may be hit; a lost update between two writers does no harm.
struct targets {
  static constexpr std::size_t size = 1024;
  std::array<std::atomic<std::uint64_t>, size> pids{};
  std::atomic<std::uint64_t> damaged{0};

  void put(base::random& dice, pid p) { pids[dice.below(size)].store(p.value(), std::memory_order_relaxed); }
  pid any(base::random& dice) { return pid::from_value(pids[dice.below(size)].load(std::memory_order_relaxed)); }
};

void victim(targets& all, std::uint64_t seed) {
  const canary stack{seed};
  base::random dice{seed};
  if (dice.below(4) == 0) trap_exit(true);
  for (std::uint32_t i = 0, rounds = dice.below(4); i < rounds; ++i) {
    switch (dice.below(6)) {
      case 0: send(all.any(dice), counted{}); break;
      case 1: joist::exit(all.any(dice), dice.below(2) == 0 ? exit_reason::kill : exit_reason::of(int{1})); break;
      case 2: try { link(all.any(dice));
        } catch (const error&) {  // dead
        }
        break;
      case 3: (void)demonitor(monitor(all.any(dice))); break;
      case 4: (void)receive<counted>(after(0ms)); break;
      default: receive([](counted) {}, [](exited) {}, after(1ms, [] {})); break;
    }
    if (!stack.intact()) ++all.damaged;
  }
  if (dice.below(16) == 0) throw std::runtime_error{"struck"};
}

void storm(std::size_t slots) {
  const std::size_t blocks_before = base::pool_live_blocks();
  targets all;
  {
    runtime_options options = support::quiet();
    options.slots = slots;
    options.crash_reports = false;
    runtime rt{options};
    constexpr std::uint64_t spawners = 8;
    std::atomic<std::uint64_t> spawned{0};
    for (std::uint64_t s = 0; s < spawners; ++s) {
      rt.spawn([&all, &spawned, s] {
        base::random dice{s};
        while (spawned.fetch_add(1) < processes_in_all) {
          all.put(dice, spawn([&all, seed = dice.next()] { victim(all, seed); }));
          if (dice.below(8) == 0) send(all.any(dice), counted{});
        }
      });
    }
    std::vector<std::thread> threads;
    for (std::uint64_t t = 0; t < 2; ++t) {
      threads.emplace_back([&, t] {
        base::random dice{100 + t};
        std::uint64_t left = processes_in_all / 8;  // workers that fall behind must not be buried
        while (spawned.load() < processes_in_all) {
          send(all.any(dice), counted{});
          if (dice.below(4) == 0) joist::exit(all.any(dice), exit_reason::kill);
          if (left == 0 || dice.below(16) != 0) continue;
          --left;
          all.put(dice, rt.spawn([&all, seed = dice.next()] { victim(all, seed); }));
        }
      });
    }
    for (auto& thread : threads) thread.join();
    const stop_report report = rt.stop(60s);
    CHECK(report.clean());
    const system_details info = rt.info();
    CHECK(info.process_count == 0);
    CHECK(info.spawned >= processes_in_all);
    CHECK(info.timers == 0);
    CHECK(info.abandoned_stacks == 0);
  }
  CHECK(all.damaged.load() == 0);
  CHECK(payloads.load() == 0);
  CHECK(base::pool_live_blocks() == blocks_before);
}

}  // namespace

TEST_CASE("storm: with stacks enough, nothing is lost and nothing left") { storm(4096); }

TEST_CASE("storm: with sixteen stacks for all, their contents stay what they were") { storm(16); }
