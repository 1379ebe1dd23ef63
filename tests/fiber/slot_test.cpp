// fiber/slot.hpp: one holder at a time, nobody lost in the line, frames that come back as they went.
#include "fiber/slot.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstring>
#include <thread>
#include <vector>

#include "base/pool.hpp"
#include "support/catch.hpp"

using namespace joist;

namespace {

constexpr std::size_t stack_bytes = 4096;

/// A shared slot with memory behind it.
struct test_slot {
  alignas(64) std::array<std::byte, stack_bytes> memory{};
  fiber::slot slot;
  test_slot() {
    slot.top = memory.data() + stack_bytes;
    slot.bytes = stack_bytes;
  }
  /// Writes frames of `f`, `bytes` of them, each byte being `value`; f must be resident.
  void write_frames(fiber::fiber& f, std::size_t bytes, int value) {
    f.context = slot.top - bytes;
    std::memset(f.context, value, bytes);
  }
  [[nodiscard]] bool frames_are(const fiber::fiber& f, int value) const {
    for (auto* at = static_cast<std::byte*>(f.context); at < slot.top; ++at) {
      if (*at != static_cast<std::byte>(value)) return false;
    }
    return true;
  }
};

}  // namespace

TEST_CASE("slot: who finds it taken waits in its line; the release hands the line over, oldest first") {
  test_slot t;
  std::array<fiber::fiber, 4> fibers;
  for (auto& f : fibers) f.stack = &t.slot;
  CHECK(fiber::acquire(fibers[0]));
  for (std::size_t i = 1; i < 4; ++i) CHECK(!fiber::acquire(fibers[i]));
  fiber::fiber* waiting = fiber::release(t.slot);
  for (std::size_t i = 1; i < 4; ++i) {
    REQUIRE(waiting == &fibers[i]);
    waiting = waiting->next;
  }
  CHECK(waiting == nullptr);
  CHECK(fiber::acquire(fibers[3]));
  CHECK(fiber::release(t.slot) == nullptr);
}

TEST_CASE("slot: one that hibernates keeps the bytes of its frames, and the pages of its stack are given back") {
  const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  const std::size_t bytes = 8 * page;
  void* memory = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  REQUIRE(memory != MAP_FAILED);
  auto pages = [&] {
    std::array<unsigned char, 8> in_memory{};
    REQUIRE(::mincore(memory, bytes, in_memory.data()) == 0);
    std::size_t count = 0;
    for (const unsigned char p : in_memory) count += p & 1U;
    return count;
  };
  const std::size_t blocks_before = base::pool_live_blocks();
  for (const auto kind : {fiber::slot_kind::shared, fiber::slot_kind::exclusive, fiber::slot_kind::own}) {
    fiber::slot slot;
    slot.top = static_cast<std::byte*>(memory) + bytes;
    slot.bytes = bytes;
    slot.kind = kind;
    fiber::fiber f;
    f.stack = &slot;
    CHECK(!fiber::make_resident(f));
    std::memset(memory, 1, bytes);
    f.context = slot.top - 600;
    std::memset(f.context, 7, 600);
    CHECK(pages() == 8);
    if (kind == fiber::slot_kind::own) {  // somebody may have addresses in it
      CHECK(!fiber::hibernate(f));
      CHECK(pages() == 8);
      fiber::vacate(f, false);
      CHECK(pages() == 8);
      continue;
    }
    CHECK(fiber::hibernate(f));
    CHECK(pages() == 0);
    CHECK(f.parked_bytes == 600);
    CHECK(!fiber::hibernate(f));  // it is not there
    CHECK(fiber::make_resident(f));
    CHECK(slot.resident == &f);
    for (auto* at = static_cast<std::byte*>(f.context); at < slot.top; ++at) REQUIRE(*at == std::byte{7});
    // One that leaves for good has no frames any more.
    for (const bool keeps : {true, false}) {
      std::memset(memory, 1, bytes);
      (void)fiber::make_resident(f);
      fiber::vacate(f, keeps);
      CHECK(pages() == (keeps ? 8 : 0));
      CHECK((slot.resident == nullptr && f.context == nullptr && f.parked == nullptr));
    }
  }
  CHECK(base::pool_live_blocks() == blocks_before);
  ::munmap(memory, bytes);
}

TEST_CASE("slot: frames are parked when another moves in, and come back unchanged; no memory stays") {
  const std::size_t before = base::pool_live_blocks();
  test_slot t;
  std::array<fiber::fiber, 3> fibers;
  for (std::size_t i = 0; i < 3; ++i) {
    fibers[i].stack = &t.slot;
    CHECK(fiber::acquire(fibers[i]));
    CHECK(fiber::make_resident(fibers[i]) == (i > 0));
    t.write_frames(fibers[i], 100 * (i + 1), static_cast<int>(i + 1));
    CHECK(fiber::release(t.slot) == nullptr);
  }
  for (const std::size_t i : {std::size_t{0}, std::size_t{2}, std::size_t{1}, std::size_t{1}, std::size_t{0}}) {
    CHECK(fiber::acquire(fibers[i]));
    (void)fiber::make_resident(fibers[i]);
    CHECK(t.frames_are(fibers[i], static_cast<int>(i + 1)));
    CHECK(fiber::release(t.slot) == nullptr);
  }
  for (auto& f : fibers) fiber::forget(f);
  CHECK(base::pool_live_blocks() == before);
}

TEST_CASE("slot: threads that fight for one never hold it together, and every fiber in the line is handed to someone") {
  constexpr int threads = 4;
  constexpr int turns = 20'000;
  fiber::slot shared;
  std::array<fiber::fiber, threads> fibers;
  for (auto& f : fibers) f.stack = &shared;
  // The right to try for a fiber goes round: its thread gives it to the line and gets it back from who releases.
  std::array<std::atomic<bool>, threads> may_try{};
  for (auto& m : may_try) m = true;
  std::atomic<int> inside{0};
  std::atomic<int> together{0};
  std::atomic<int> done{0};
  std::vector<std::thread> all;
  for (int t = 0; t < threads; ++t) {
    all.emplace_back([&, t] {
      auto& mine = fibers[static_cast<std::size_t>(t)];
      for (int i = 0; i < turns;) {
        if (!may_try[static_cast<std::size_t>(t)].exchange(false, std::memory_order_acquire)) {
          std::this_thread::yield();
          continue;
        }
        if (!fiber::acquire(mine)) continue;
        if (inside.fetch_add(1) != 0) ++together;
        inside.fetch_sub(1);
        ++i;
        ++done;
        for (fiber::fiber* f = fiber::release(shared); f != nullptr;) {
          fiber::fiber* following = f->next;
          may_try[static_cast<std::size_t>(f - fibers.data())].store(true, std::memory_order_release);
          f = following;
        }
        may_try[static_cast<std::size_t>(t)].store(true, std::memory_order_release);
      }
    });
  }
  for (auto& thread : all) thread.join();
  CHECK(together == 0);
  CHECK(done == threads * turns);
}
