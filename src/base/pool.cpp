#include "base/pool.hpp"

#include <sys/mman.h>

#include <array>
#include <atomic>
#include <mutex>
#include <new>
#include <vector>

#include "base/assert.hpp"
#include "base/sanitizer.hpp"

#if JOIST_ASAN
#include <sanitizer/asan_interface.h>
#endif

namespace joist::inline v0::base {
namespace {

constexpr std::size_t chunk_bytes = std::size_t{2} << 20;
constexpr std::size_t span_bytes = std::size_t{16} << 10;
constexpr std::uint32_t chain_length = 64;
// The first chunks use small pages: a small program should stay small.
constexpr std::size_t chunks_before_huge = 2;

constexpr std::array<std::uint16_t, 28> class_bytes = {16,  32,  48,  64,   80,   96,   112,  128, 144, 160,
                                                       176, 192, 208, 224,  240,  256,  320,  384, 448, 512,
                                                       640, 768, 896, 1024, 1280, 1536, 1792, 2048};
static_assert(class_bytes.back() == largest_pooled_bytes);

constexpr auto class_of_units = [] {
  std::array<std::uint8_t, largest_pooled_bytes / 16 + 1> table{};
  for (std::size_t units = 0, c = 0; units < table.size(); ++units) {
    while (class_bytes[c] < units * 16) ++c;
    table[units] = static_cast<std::uint8_t>(c);
  }
  return table;
}();

struct block {
  block* next;
};

struct chain {
  block* first = nullptr;
  std::uint32_t count = 0;
};

/// Chains that caches exchange, and fresh memory. Never destroyed: blocks may outlive every runtime.
class depot {
 public:
  chain take_chain(std::size_t c) {
    shelf& s = shelves_[c];
    const std::scoped_lock lock{s.mutex};
    if (s.full.empty()) return {};
    const chain taken = s.full.back();
    s.full.pop_back();
    return taken;
  }

  void give_chain(std::size_t c, chain given) noexcept {
    shelf& s = shelves_[c];
    const std::scoped_lock lock{s.mutex};
    s.full.push_back(given);
  }

  std::byte* take_span(std::size_t bytes) {
    const std::scoped_lock lock{chunk_mutex_};
    if (chunk_left_ < bytes) {
      chunk_ = static_cast<std::byte*>(reserve_pages(chunk_bytes, chunks_++ >= chunks_before_huge));
      chunk_left_ = chunk_bytes;
    }
    std::byte* span = chunk_;
    chunk_ += bytes;
    chunk_left_ -= bytes;
    return span;
  }

 private:
  struct alignas(64) shelf {
    std::mutex mutex;
    std::vector<chain> full;
  };
  std::array<shelf, class_bytes.size()> shelves_;
  std::mutex chunk_mutex_;
  std::byte* chunk_ = nullptr;
  std::size_t chunk_left_ = 0;
  std::size_t chunks_ = 0;
};

depot& the_depot() {
  static depot* const immortal = new depot;
  return *immortal;
}

class cache {
 public:
  void* allocate(std::size_t c) {
    bin& b = bins_[c];
    if (b.active.first == nullptr && !refill(b, c)) {
      count_up(made_);
      std::byte* fresh = b.span;
      b.span += class_bytes[c];
      return fresh;
    }
    block* taken = b.active.first;
    b.active.first = taken->next;
    --b.active.count;
    count_up(made_);
    return taken;
  }

  void release(void* memory, std::size_t c) noexcept {
    bin& b = bins_[c];
    if (b.active.count == chain_length) {
      if (b.spare.first != nullptr) the_depot().give_chain(c, b.spare);
      b.spare = b.active;
      b.active = {};
    }
    b.active.first = ::new (memory) block{b.active.first};
    ++b.active.count;
    count_up(dropped_);
  }

  void give_all_back() noexcept {
    for (std::size_t c = 0; c < bins_.size(); ++c) {
      bin& b = bins_[c];
      if (b.active.first != nullptr) the_depot().give_chain(c, b.active);
      if (b.spare.first != nullptr) the_depot().give_chain(c, b.spare);
      b.active = b.spare = {};
    }
  }

  [[nodiscard]] std::uint64_t made() const noexcept { return made_.load(std::memory_order_relaxed); }
  [[nodiscard]] std::uint64_t dropped() const noexcept { return dropped_.load(std::memory_order_relaxed); }

 private:
  struct bin {
    chain active;
    chain spare;
    std::byte* span = nullptr;  // fresh memory not yet cut
    std::byte* span_end = nullptr;
  };

  // True when active has a block; false when the span has.
  bool refill(bin& b, std::size_t c) {
    if (b.spare.first != nullptr) {
      b.active = b.spare;
      b.spare = {};
      return true;
    }
    if (b.span + class_bytes[c] <= b.span_end && b.span != nullptr) return false;
    b.active = the_depot().take_chain(c);
    if (b.active.first != nullptr) return true;
    b.span = the_depot().take_span(span_bytes);
    b.span_end = b.span + span_bytes;
    return false;
  }

  // relaxed: one writer; readers want a count of about now.
  static void count_up(std::atomic<std::uint64_t>& n) noexcept {
    n.store(n.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  }

  std::array<bin, class_bytes.size()> bins_{};
  std::atomic<std::uint64_t> made_{0};
  std::atomic<std::uint64_t> dropped_{0};
};

struct cache_list {
  std::mutex mutex;  // guards all below, and the shared cache
  std::vector<cache*> in_use;
  std::vector<cache*> idle;  // of threads that ended: their counts still count
  cache shared;
};

cache_list& caches() {
  static cache_list* const immortal = new cache_list;
  return *immortal;
}

constinit thread_local cache* own_cache = nullptr;

// noinline: a process may be on another thread after a switch; the address of a thread_local must not be kept.
[[gnu::noinline]] cache* this_cache() noexcept {
  asm volatile("");
  return own_cache;
}

std::size_t size_class(std::size_t bytes) noexcept { return class_of_units[(bytes + 15) / 16]; }

}  // namespace

void* pool_allocate(std::size_t bytes) {
  if (sanitized || bytes > largest_pooled_bytes) return ::operator new (bytes, std::align_val_t{16});
  if (cache* c = this_cache()) return c->allocate(size_class(bytes));
  cache_list& all = caches();
  const std::scoped_lock lock{all.mutex};
  return all.shared.allocate(size_class(bytes));
}

void pool_release(void* memory, std::size_t bytes) noexcept {
  if (sanitized || bytes > largest_pooled_bytes) return ::operator delete (memory, std::align_val_t{16});
  if (cache* c = this_cache()) return c->release(memory, size_class(bytes));
  cache_list& all = caches();
  const std::scoped_lock lock{all.mutex};
  all.shared.release(memory, size_class(bytes));
}

bool pool_attach_thread() {
  if (this_cache() != nullptr) return false;
  cache_list& all = caches();
  const std::scoped_lock lock{all.mutex};
  if (all.idle.empty()) {
    all.in_use.push_back(new cache);
  } else {
    all.in_use.push_back(all.idle.back());
    all.idle.pop_back();
  }
  own_cache = all.in_use.back();
  return true;
}

void pool_detach_thread() noexcept {
  cache* mine = this_cache();
  if (mine == nullptr) return;
  own_cache = nullptr;
  mine->give_all_back();
  cache_list& all = caches();
  const std::scoped_lock lock{all.mutex};
  std::erase(all.in_use, mine);
  all.idle.push_back(mine);
}

std::size_t pool_live_blocks() noexcept {
  cache_list& all = caches();
  const std::scoped_lock lock{all.mutex};
  std::uint64_t made = all.shared.made();
  std::uint64_t dropped = all.shared.dropped();
  for (const auto* list : {&all.in_use, &all.idle}) {
    for (const cache* c : *list) {
      made += c->made();
      dropped += c->dropped();
    }
  }
  return static_cast<std::size_t>(made > dropped ? made - dropped : 0);
}

void* reserve_pages(std::size_t bytes, bool huge) {
  const std::size_t slack = huge ? chunk_bytes : 0;
  void* raw = ::mmap(nullptr, bytes + slack, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (raw == MAP_FAILED) throw std::bad_alloc{};
  if (!huge) return raw;
  // Huge pages need their alignment: the slack before and after goes back.
  auto* begin = static_cast<std::byte*>(raw);
  const auto address = reinterpret_cast<std::uintptr_t>(raw);
  const std::size_t before = (chunk_bytes - address % chunk_bytes) % chunk_bytes;
  if (before > 0) ::munmap(begin, before);
  if (slack - before > 0) ::munmap(begin + before + bytes, slack - before);
  ::madvise(begin + before, bytes, MADV_HUGEPAGE);  // without it: small pages, as before
  return begin + before;
}

void release_pages(void* memory, std::size_t bytes) noexcept {
#if JOIST_ASAN
  __asan_unpoison_memory_region(memory, bytes);  // frames that were given up left their marks, and the range will be reused
#endif
  ::munmap(memory, bytes);
}

}  // namespace joist::inline v0::base
