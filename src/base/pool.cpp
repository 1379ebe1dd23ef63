#include "base/pool.hpp"

#include <pthread.h>
#include <sys/mman.h>

#include <array>
#include <atomic>
#include <mutex>
#include <new>
#include <utility>
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
// The first chunks use small pages: a small program should stay small.
constexpr std::size_t chunks_before_huge = 2;

constexpr std::array<std::uint16_t, 32> class_bytes = {16,  32,  48,  64,  80,  96,   112,  128,  144,  160, 176,
                                                       192, 208, 224, 240, 256, 320,  384,  448,  512,  576, 640,
                                                       704, 768, 832, 896, 960, 1024, 1280, 1536, 1792, 2048};
static_assert(class_bytes.back() == largest_pooled_bytes);

constexpr auto class_of_units = [] {
  std::array<std::uint8_t, largest_pooled_bytes / 16 + 1> table{};
  for (std::size_t units = 0, c = 0; units < table.size(); ++units) {
    while (class_bytes[c] < units * 16) ++c;
    table[units] = static_cast<std::uint8_t>(c);
  }
  return table;
}();

/// Free blocks of one class, by address: neither taking nor giving one touches the block, which may lie in the cache of
/// another core.
struct magazine {
  static constexpr std::uint32_t capacity = 62;
  magazine* next = nullptr;  // on a shelf of the depot
  std::uint32_t count = 0;
  std::array<void*, capacity> blocks;
};
static_assert(sizeof(magazine) == 512);

/// Magazines that caches exchange, and fresh memory. Never destroyed: blocks may outlive every runtime.
class depot {
 public:
  /// Gives a full (or filled) magazine for an empty one, or null, and keeps the empty one in store.
  magazine* take_full(std::size_t c) noexcept { return shelves_[c].take(); }
  void give_full(std::size_t c, magazine* full) noexcept { shelves_[c].give(full); }

  /// Throws std::bad_alloc.
  magazine* take_empty() {
    if (magazine* empty = empty_.take()) return empty;
    return ::new (take_span(sizeof(magazine))) magazine;
  }
  void give_empty(magazine* empty) noexcept { empty_.give(empty); }

  /// Around a fork.
  void lock_all() {
    for (shelf& s : shelves_) s.mutex().lock();
    empty_.mutex().lock();
    chunk_mutex_.lock();
  }
  void unlock_all() {
    chunk_mutex_.unlock();
    empty_.mutex().unlock();
    for (shelf& s : shelves_) s.mutex().unlock();
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
  class alignas(64) shelf {
   public:
    magazine* take() noexcept {
      const std::scoped_lock lock{mutex_};
      return first_ == nullptr ? nullptr : std::exchange(first_, first_->next);
    }
    void give(magazine* m) noexcept {
      const std::scoped_lock lock{mutex_};
      m->next = std::exchange(first_, m);
    }
    std::mutex& mutex() noexcept { return mutex_; }

   private:
    std::mutex mutex_;
    magazine* first_ = nullptr;
  };

  std::array<shelf, class_bytes.size()> shelves_;
  shelf empty_;
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
    if (b.active == nullptr || b.active->count == 0) [[unlikely]] {
      if (!refill(b, c)) return cut(b, c);
    }
    count_up(made_);
    return b.active->blocks[--b.active->count];
  }

  void release(void* memory, std::size_t c) noexcept {
    bin& b = bins_[c];
    count_up(dropped_);
    if (b.active == nullptr || b.active->count == magazine::capacity) [[unlikely]] {
      if (!make_room(b, c)) {
        b.left_over = ::new (memory) block{b.left_over};
        return;
      }
    }
    b.active->blocks[b.active->count++] = memory;
  }

  void give_all_back() noexcept {
    for (std::size_t c = 0; c < bins_.size(); ++c) {
      for (magazine** m : {&bins_[c].active, &bins_[c].spare}) {
        magazine* held = std::exchange(*m, nullptr);
        if (held == nullptr) continue;
        if (held->count > 0) {
          the_depot().give_full(c, held);
        } else {
          the_depot().give_empty(held);
        }
      }
    }
  }

  // What was counted last is not to be.
  void uncount_made() noexcept { count(made_, -1); }
  void uncount_dropped() noexcept { count(dropped_, -1); }

  [[nodiscard]] std::uint64_t made() const noexcept { return made_.load(std::memory_order_relaxed); }
  [[nodiscard]] std::uint64_t dropped() const noexcept { return dropped_.load(std::memory_order_relaxed); }

 private:
  struct block {
    block* next;
  };
  struct bin {
    magazine* active = nullptr;
    magazine* spare = nullptr;
    std::byte* span = nullptr;  // fresh memory not yet cut
    std::byte* span_end = nullptr;
    block* left_over = nullptr;  // there was no memory for a magazine
  };

  // True when active has a block; false when cut() is to be asked.
  bool refill(bin& b, std::size_t c) noexcept {
    if (b.spare != nullptr && b.spare->count > 0) {
      std::swap(b.active, b.spare);
      return true;
    }
    if (b.left_over != nullptr || b.span != b.span_end) return false;
    magazine* full = the_depot().take_full(c);
    if (full == nullptr) return false;
    if (b.active != nullptr) the_depot().give_empty(b.active);
    b.active = full;
    return true;
  }

  void* cut(bin& b, std::size_t c) {
    if (b.left_over != nullptr) {
      count_up(made_);
      return std::exchange(b.left_over, b.left_over->next);
    }
    if (b.span == b.span_end) {
      const std::size_t whole = span_bytes / class_bytes[c] * class_bytes[c];
      b.span = the_depot().take_span(span_bytes);
      b.span_end = b.span + whole;
    }
    count_up(made_);
    return std::exchange(b.span, b.span + class_bytes[c]);
  }

  // True when active can take a block.
  bool make_room(bin& b, std::size_t c) noexcept {
    if (b.spare != nullptr && b.spare->count == 0) {
      std::swap(b.active, b.spare);
      return true;
    }
    magazine* empty = nullptr;
    try {
      empty = the_depot().take_empty();
    } catch (const std::bad_alloc&) {
      return false;
    }
    if (b.spare != nullptr) the_depot().give_full(c, b.spare);
    b.spare = std::exchange(b.active, empty);
    return true;
  }

  // relaxed: one writer; readers want a count of about now.
  static void count(std::atomic<std::uint64_t>& n, int change) noexcept {
    n.store(n.load(std::memory_order_relaxed) + static_cast<std::uint64_t>(change), std::memory_order_relaxed);
  }
  static void count_up(std::atomic<std::uint64_t>& n) noexcept { count(n, 1); }

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

cache_list& caches();

// A child made by fork() has all mutexes as they were: with them in hand, they are free in it.
void watch_forks() {
  auto lock = [] {
    caches().mutex.lock();
    the_depot().lock_all();
  };
  auto unlock = [] {
    the_depot().unlock_all();
    caches().mutex.unlock();
  };
  (void)::pthread_atfork(lock, unlock, unlock);
}

cache_list& caches() {
  static cache_list* const immortal = [] {
    watch_forks();
    return new cache_list;
  }();
  return *immortal;
}

// initial-exec: one load, also in a shared library.
[[gnu::tls_model("initial-exec")]] constinit thread_local cache* own_cache = nullptr;

std::size_t size_class(std::size_t bytes) noexcept { return class_of_units[(bytes + 15) / 16]; }

[[gnu::noinline]] void* allocate_large(std::size_t bytes) { return ::operator new (bytes, std::align_val_t{16}); }

[[gnu::noinline]] void release_large(void* memory) noexcept { ::operator delete (memory, std::align_val_t{16}); }

[[gnu::noinline]] void* allocate_shared(std::size_t bytes) {
  cache_list& all = caches();
  const std::scoped_lock lock{all.mutex};
  return all.shared.allocate(size_class(bytes));
}

[[gnu::noinline]] void release_shared(void* memory, std::size_t bytes) noexcept {
  cache_list& all = caches();
  const std::scoped_lock lock{all.mutex};
  all.shared.release(memory, size_class(bytes));
}

}  // namespace

// Both are noinline, also where the whole program is optimised at once: a process may be on another thread after a
// switch, so the address of a thread_local must never be kept across one (pitfalls: thread-local storage). The barrier
// keeps the compiler from seeing that two calls read the same.
[[gnu::noinline]] void* pool_allocate(std::size_t bytes) {
  asm volatile("");
  if (sanitized || bytes > largest_pooled_bytes) [[unlikely]]
    return allocate_large(bytes);
  if (cache* c = own_cache) [[likely]]
    return c->allocate(size_class(bytes));
  return allocate_shared(bytes);
}

[[gnu::noinline]] void pool_release(void* memory, std::size_t bytes) noexcept {
  asm volatile("");
  if (sanitized || bytes > largest_pooled_bytes) [[unlikely]]
    return release_large(memory);
  if (cache* c = own_cache) [[likely]]
    return c->release(memory, size_class(bytes));
  release_shared(memory, bytes);
}

[[gnu::noinline]] void* pool_allocate_uncounted(std::size_t bytes) {
  asm volatile("");
  if (sanitized || bytes > largest_pooled_bytes) return allocate_large(bytes);
  auto take = [bytes](cache& from) {
    void* memory = from.allocate(size_class(bytes));
    from.uncount_made();
    return memory;
  };
  if (cache* c = own_cache) return take(*c);
  const std::scoped_lock lock{caches().mutex};
  return take(caches().shared);
}

[[gnu::noinline]] void pool_release_uncounted(void* memory, std::size_t bytes) noexcept {
  asm volatile("");
  if (sanitized || bytes > largest_pooled_bytes) return release_large(memory);
  auto give = [memory, bytes](cache& to) {
    to.release(memory, size_class(bytes));
    to.uncount_dropped();
  };
  if (cache* c = own_cache) return give(*c);
  const std::scoped_lock lock{caches().mutex};
  give(caches().shared);
}

bool pool_attach_thread() {
  if (own_cache != nullptr) return false;
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
  cache* mine = own_cache;
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
