// core/run_queue.hpp: an owner and thieves; every entry is taken exactly once.
#include "core/run_queue.hpp"

#include <memory>
#include <thread>
#include <vector>

#include "support/catch.hpp"

using namespace joist;

TEST_CASE("run queue: first in, first out; full at 256") {
  const auto processes = std::make_unique<core::process_control[]>(257);
  core::run_queue queue;
  for (int i = 0; i < 256; ++i) REQUIRE(queue.push(&processes[static_cast<std::size_t>(i)]));
  CHECK_FALSE(queue.push(&processes[256]));
  for (int i = 0; i < 256; ++i) CHECK(queue.pop() == &processes[static_cast<std::size_t>(i)]);
  CHECK(queue.pop() == nullptr);
  CHECK(queue.empty());
}

TEST_CASE("run queue: with an owner and three thieves every entry is taken exactly once") {
  constexpr std::size_t entries = 200'000;
  const auto processes = std::make_unique<core::process_control[]>(256);
  const auto taken = std::make_unique<std::atomic<int>[]>(256);
  core::run_queue queue;
  std::atomic<std::size_t> total{0};
  std::atomic<std::size_t> wrong{0};
  std::atomic<bool> over{false};
  auto take = [&](core::process_control* p) {
    if (taken[static_cast<std::size_t>(p - processes.get())].exchange(0) != 1) ++wrong;
    ++total;
  };
  std::vector<std::thread> thieves;
  for (int t = 0; t < 3; ++t) {
    thieves.emplace_back([&] {
      core::run_queue mine;
      while (!over.load()) {
        if (core::process_control* p = queue.steal_into(mine)) {
          take(p);
          while (core::process_control* more = mine.pop()) take(more);
        }
      }
    });
  }
  for (std::size_t pushed = 0; pushed < entries;) {
    const std::size_t i = pushed % 256;
    int free = 0;
    if (taken[i].compare_exchange_strong(free, 1)) {
      if (queue.push(&processes[i])) {
        ++pushed;
      } else {
        taken[i].store(0);
      }
    }
    if (pushed % 3 == 0) {
      if (core::process_control* p = queue.pop()) take(p);
    }
  }
  while (core::process_control* p = queue.pop()) take(p);
  while (total.load() < entries) std::this_thread::yield();
  over = true;
  for (auto& thief : thieves) thief.join();
  CHECK(total.load() == entries);
  CHECK(wrong.load() == 0);
}

TEST_CASE("run queue: who steals takes no more than it has room for, and each entry is taken exactly once") {
  constexpr std::size_t all = 512;
  const auto processes = std::make_unique<core::process_control[]>(all);
  for (const std::size_t already :
       {std::size_t{0}, std::size_t{127}, std::size_t{129}, std::size_t{255}, std::size_t{256}}) {
    core::run_queue mine, victim;
    std::vector<int> taken(all, 0);
    auto take = [&](const core::process_control* p) { ++taken[static_cast<std::size_t>(p - processes.get())]; };
    for (std::size_t i = 0; i < already; ++i) REQUIRE(mine.push(&processes[i]));
    for (std::size_t i = 256; i < all; ++i) REQUIRE(victim.push(&processes[i]));
    core::process_control* stolen = victim.steal_into(mine);
    CHECK((stolen == nullptr) == (already == 256));
    if (stolen != nullptr) take(stolen);
    for (core::run_queue* queue : {&mine, &victim}) {
      while (core::process_control* p = queue->pop()) take(p);
    }
    for (std::size_t i = 0; i < all; ++i) CHECK(taken[i] == (i < already || i >= 256 ? 1 : 0));
  }
}
