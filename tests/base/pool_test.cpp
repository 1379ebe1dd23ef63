// base/pool.hpp: blocks are aligned, never given twice, and counted, whichever thread gives them back.
#include "base/pool.hpp"

#include <array>
#include <cstring>
#include <mutex>
#include <set>
#include <thread>
#include <vector>

#include "base/random.hpp"
#include "support/catch.hpp"

using namespace joist;

namespace {

/// A thread with a cache of its own, as workers have.
class attached {
 public:
  attached() : mine_{base::pool_attach_thread()} {}
  attached(const attached&) = delete;
  attached& operator=(const attached&) = delete;
  ~attached() {
    if (mine_) base::pool_detach_thread();
  }

 private:
  bool mine_;
};

struct held {
  unsigned char* memory;
  std::size_t bytes;
  unsigned char mark;
};

held take(base::random& dice) {
  const std::size_t bytes = 1 + dice.below(3000);  // the largest do not come from the pool
  held h{static_cast<unsigned char*>(base::pool_allocate(bytes)), bytes, static_cast<unsigned char>(dice.below(256))};
  std::memset(h.memory, h.mark, bytes);
  return h;
}

/// Whether nobody else wrote into it.
bool give(const held& h) {
  bool intact = reinterpret_cast<std::uintptr_t>(h.memory) % 16 == 0;
  for (std::size_t i = 0; i < h.bytes; ++i) intact = intact && h.memory[i] == h.mark;
  base::pool_release(h.memory, h.bytes);
  return intact;
}

}  // namespace

TEST_CASE("pool: blocks of all sizes are aligned to 16 and overlap with none") {
  const attached here;
  base::random dice{1};
  std::vector<held> all;
  for (int i = 0; i < 5000; ++i) all.push_back(take(dice));
  for (const held& h : all) CHECK(give(h));
}

TEST_CASE("pool: blocks made on one thread and dropped on another go round, and all are counted off") {
  const std::size_t before = base::pool_live_blocks();
  constexpr int threads = 4;
  constexpr int each = 50'000;
  std::mutex mutex;  // guards common and damaged
  std::vector<held> common;
  int damaged = 0;
  std::vector<std::thread> all;
  for (unsigned t = 0; t < threads; ++t) {
    all.emplace_back([&, t] {
      // Half of them have no cache of their own, as threads of the program.
      const bool has_cache = t % 2 == 0 && base::pool_attach_thread();
      base::random dice{t};
      for (int i = 0; i < each; ++i) {
        const held made = take(dice);
        held other{};
        {
          const std::scoped_lock lock{mutex};
          common.push_back(made);
          std::swap(common[dice.below(static_cast<std::uint32_t>(common.size()))], common.back());
          if (common.size() > 500) {
            other = common.back();
            common.pop_back();
          }
        }
        if (other.memory != nullptr && !give(other)) {
          const std::scoped_lock lock{mutex};
          ++damaged;
        }
      }
      if (has_cache) base::pool_detach_thread();
    });
  }
  for (auto& thread : all) thread.join();
  for (const held& h : common) damaged += give(h) ? 0 : 1;
  CHECK(damaged == 0);
  CHECK(base::pool_live_blocks() == before);
}

TEST_CASE("pool: what is uncounted is memory like any other, and not among the live blocks") {
  const std::size_t before = base::pool_live_blocks();
  std::vector<void*> all;
  for (std::size_t bytes = 16; bytes <= 4096; bytes += 48) {
    all.push_back(base::pool_allocate_uncounted(bytes));
    std::memset(all.back(), 1, bytes);
  }
  CHECK(base::pool_live_blocks() == before);
  std::size_t bytes = 16;
  for (void* p : all) {
    base::pool_release_uncounted(p, bytes);
    bytes += 48;
  }
  CHECK(base::pool_live_blocks() == before);
}

TEST_CASE("pool: a thread attaches once, and what it held is there for others when it detaches") {
  const std::size_t before = base::pool_live_blocks();
  std::thread{[] {
    CHECK(base::pool_attach_thread());
    CHECK(!base::pool_attach_thread());
    std::vector<void*> all;
    for (int i = 0; i < 1000; ++i) all.push_back(base::pool_allocate(64));
    for (void* p : all) base::pool_release(p, 64);
    base::pool_detach_thread();
    base::pool_detach_thread();  // no harm
  }}.join();
  CHECK(base::pool_live_blocks() == before);
}
