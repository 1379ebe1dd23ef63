#include "net/entry.hpp"

#include <joist/local.hpp>

#include <unistd.h>

#include <memory>
#include <mutex>
#include <vector>

#include "net/poller.hpp"

namespace joist::inline v0::net::detail {
namespace {

constexpr std::size_t entries_at_once = 256;

struct {
  std::mutex mutex;
  entry* unused = nullptr;
  std::uint64_t last_id = 0;
  std::size_t open = 0;
  // Reachable until the program ends: handles in objects that are destroyed last look into entries.
  std::vector<entry*>* blocks = new std::vector<entry*>;
} shelf;

void unlink(entry& e) noexcept {
  if (e.back == nullptr) return;
  *e.back = e.next;
  if (e.next != nullptr) e.next->back = e.back;
  e.next = nullptr;
  e.back = nullptr;
  e.owner = pid{};
}

// The number is closed before the entry can be used again, and under the mutex nobody finds it half closed.
void close_locked(entry& e) noexcept {
  unlink(e);
  e.id.store(0, std::memory_order_relaxed);
  e.in.reset();
  e.out.reset();
  const int number = e.number.exchange(-1, std::memory_order_relaxed);
  if (e.shared) e.home.load(std::memory_order_relaxed)->forget(number);
  ::close(number);
  e.home.store(nullptr, std::memory_order_release);
  --shelf.open;
  e.next = std::exchange(shelf.unused, &e);
}

// What a process owns. O2.
struct owned_entries {
  entry* first = nullptr;

  owned_entries() = default;
  owned_entries(const owned_entries&) = delete;
  owned_entries& operator=(const owned_entries&) = delete;
  ~owned_entries() {
    const std::scoped_lock lock{shelf.mutex};
    while (first != nullptr) close_locked(*first);
  }
};
const process_local<owned_entries> owned;

void make_entries() {
  auto block = std::make_unique<entry[]>(entries_at_once);
  shelf.blocks->push_back(block.get());
  for (std::size_t i = entries_at_once; i-- > 0;) block[i].next = std::exchange(shelf.unused, &block[i]);
  (void)block.release();
}

}  // namespace

entry& take_entry(poller& home, int number) {
  const std::scoped_lock lock{shelf.mutex};
  if (shelf.unused == nullptr) make_entries();
  entry& e = *std::exchange(shelf.unused, shelf.unused->next);
  e.next = nullptr;
  e.in.reset();  // an event that came late may have made it ready
  e.out.reset();
  e.ended.store(false, std::memory_order_relaxed);
  e.drained = false;
  e.shared = false;
  e.number.store(number, std::memory_order_relaxed);
  e.home.store(&home, std::memory_order_relaxed);
  e.id.store(++shelf.last_id, std::memory_order_release);
  ++shelf.open;
  return e;
}

void close_entry(entry& e, std::uint64_t id) noexcept {
  const std::scoped_lock lock{shelf.mutex};
  if (id != 0 && e.id.load(std::memory_order_relaxed) == id) close_locked(e);
}

void close_entries_of(poller& home) noexcept {
  const std::scoped_lock lock{shelf.mutex};
  for (entry* block : *shelf.blocks) {
    for (std::size_t i = 0; i < entries_at_once; ++i) {
      if (block[i].home.load(std::memory_order_relaxed) == &home) close_locked(block[i]);
    }
  }
}

void own(entry& e, pid self) {
  owned_entries& mine = owned.get();
  const std::scoped_lock lock{shelf.mutex};
  if (e.id.load(std::memory_order_relaxed) == 0) return;
  unlink(e);
  e.owner = self;
  e.next = mine.first;
  e.back = &mine.first;
  if (e.next != nullptr) e.next->back = &e.next;
  mine.first = &e;
}

void disown(entry& e) noexcept {
  const std::scoped_lock lock{shelf.mutex};
  if (e.id.load(std::memory_order_relaxed) != 0) unlink(e);
}

std::size_t open_entries() noexcept {
  const std::scoped_lock lock{shelf.mutex};
  return shelf.open;
}

}  // namespace joist::inline v0::net::detail
