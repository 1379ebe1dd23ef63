#include "fiber/stack_pool.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <new>

#include "base/assert.hpp"
#include "base/pool.hpp"
#include "fiber/isolation.hpp"

namespace joist::inline v0::fiber {
namespace {

#ifndef MADV_GUARD_INSTALL
constexpr int MADV_GUARD_INSTALL = 102;  // Linux 6.13
#endif

constexpr std::size_t own_stacks_per_map = 16;
constexpr std::size_t idle_slots_per_worker = 64;
// Each mprotect guard splits a mapping in two; the default vm.max_map_count is 65 530.
constexpr std::size_t most_mprotect_guards = 24'000;

std::size_t page_bytes() noexcept {
  static const auto bytes = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  return bytes;
}

bool kernel_has_guards() noexcept {
  static const bool has = [] {
    void* page = ::mmap(nullptr, page_bytes(), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED) return false;
    // Emulators say yes to every advice: also to one that there is not.
    constexpr int no_advice = 9999;
    const bool installed =
        ::madvise(page, page_bytes(), MADV_GUARD_INSTALL) == 0 && ::madvise(page, page_bytes(), no_advice) != 0;
    ::munmap(page, page_bytes());
    return installed;
  }();
  return has;
}

void guard(std::byte* begin, std::size_t bytes) noexcept {
  static std::atomic<std::size_t> by_mprotect{0};
  if (kernel_has_guards()) {
    ::madvise(begin, bytes, MADV_GUARD_INSTALL);
  } else if (by_mprotect.fetch_add(1, std::memory_order_relaxed) < most_mprotect_guards) {
    ::mprotect(begin, bytes, PROT_NONE);
  }
}

// Compilers for aarch64 take a stack's guard to have 64 KiB, and touch each 64 KiB of a large frame; for x86-64 each page.
std::size_t guard_bytes_of(std::size_t stack_bytes) noexcept {
  constexpr std::size_t wanted = std::size_t{64} << 10;
  return std::max(page_bytes(), std::min(wanted, stack_bytes / 4) / page_bytes() * page_bytes());
}

std::byte* map_stacks(std::size_t bytes) {
  void* range =
      ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
  if (range == MAP_FAILED) throw std::bad_alloc{};
  ::madvise(range, bytes, MADV_NOHUGEPAGE);  // a stack touches one page; a huge one would be 2 MiB each
  return static_cast<std::byte*>(range);
}

void describe(slot& s, std::byte* begin, std::size_t bytes, std::size_t guarded, slot_kind kind) noexcept {
  s.bytes = bytes - guarded;
  s.guard_bytes = static_cast<std::uint32_t>(guarded);
  s.top = begin + bytes;
  s.kind = kind;
}

// Few slots are all shared: there is no point in keeping one of two for one fiber.
std::size_t exclusive_of(std::size_t slots) noexcept { return slots <= 16 ? 0 : slots - slots / 4; }

}  // namespace

stack_pool::stack_pool(std::size_t slots, std::size_t slot_bytes)
    : limit_{slots},
      exclusive_{exclusive_of(slots)},
      slot_bytes_{slot_bytes},
      range_{map_stacks(slots * slot_bytes)},
      slots_{new slot[slots]} {
  for (std::size_t i = 0; i < limit_; ++i) {
    describe(slots_[i], range_ + i * slot_bytes_, slot_bytes_, guard_bytes_of(slot_bytes_),
             i < exclusive_ ? slot_kind::exclusive : slot_kind::shared);
  }
}

stack_pool::~stack_pool() {
  if constexpr (checks_isolation) {
    for (const auto& s : own_slots_) forget_stack(*s);
  }
  base::release_pages(range_, limit_ * slot_bytes_);
  for (const auto& [begin, bytes] : own_maps_) base::release_pages(begin, bytes);
}

bool stack_pool::guards_by_madvise() noexcept { return kernel_has_guards(); }

std::size_t stack_pool::slots_made() const noexcept {
  const std::size_t exclusive = std::min(made_.load(std::memory_order_relaxed), exclusive_);
  return exclusive + (sharing_.load(std::memory_order_relaxed) ? limit_ - exclusive_ : 0);
}

slot* stack_pool::take_exclusive(slot_cache& mine) {
  if (std::vector<slot*>& last = mine.warm.empty() ? mine.vacant : mine.warm; !last.empty()) {
    slot* taken = last.back();
    last.pop_back();
    return taken;
  }
  // relaxed: a hint; the count itself is checked below.
  if (made_.load(std::memory_order_relaxed) < exclusive_) {
    const std::size_t index = made_.fetch_add(1, std::memory_order_relaxed);
    if (index < exclusive_) {
      guard(range_ + index * slot_bytes_, guard_bytes_of(slot_bytes_));
      return &slots_[index];
    }
    made_.store(exclusive_, std::memory_order_relaxed);
  }
  return vacancies_.load(std::memory_order_relaxed) > 0 ? take_vacant() : nullptr;
}

slot* stack_pool::take_vacant() {
  const std::scoped_lock lock{mutex_};
  if (vacant_.empty()) return nullptr;
  slot* taken = vacant_.back();
  vacant_.pop_back();
  vacancies_.store(vacant_.size(), std::memory_order_relaxed);
  return taken;
}

slot* stack_pool::take_shared(slot_cache& mine) {
  auto stuck = [](const slot& s) { return s.stuck.load(std::memory_order_relaxed); };
  if (mine.room > 0 && !stuck(*mine.filling)) {
    --mine.room;
  } else {
    std::call_once(guard_shared_, [this] {
      for (std::size_t i = exclusive_; i < limit_; ++i) guard(range_ + i * slot_bytes_, guard_bytes_of(slot_bytes_));
      sharing_.store(true, std::memory_order_relaxed);
    });
    slot* best = nullptr;
    for (int i = 0; i < 4; ++i) {
      slot& s = slots_[exclusive_ + mine.dice.below(static_cast<std::uint32_t>(limit_ - exclusive_))];
      if (best == nullptr || (stuck(*best) && !stuck(s)) ||
          (stuck(s) == stuck(*best) &&
           s.users.load(std::memory_order_relaxed) < best->users.load(std::memory_order_relaxed)))
        best = &s;
    }
    mine.filling = best;
    mine.room = slot_cache::batch - 1;
  }
  mine.filling->users.fetch_add(1, std::memory_order_relaxed);
  return mine.filling;
}

void stack_pool::assign(fiber& f, slot_cache& mine) {
  slot* s = take_exclusive(mine);
  f.stack = s != nullptr ? s : take_shared(mine);
}

void stack_pool::give_back(fiber& f, slot_cache& mine) noexcept {
  slot& s = *f.stack;
  f.stack = nullptr;
  switch (s.kind) {
    case slot_kind::shared: s.users.fetch_sub(1, std::memory_order_relaxed); return;
    case slot_kind::own: {
      own_in_use_.fetch_sub(1, std::memory_order_relaxed);
      const std::scoped_lock lock{mutex_};
      own_free_.push_back(&s);
      return;
    }
    case slot_kind::exclusive: break;
  }
  if (mine.warm.size() < slot_cache::most_warm) {
    mine.warm.push_back(&s);
    return;
  }
  mine.vacant.push_back(&s);
  if (mine.vacant.size() <= idle_slots_per_worker) return;
  const std::scoped_lock lock{mutex_};
  const auto half = mine.vacant.begin() + idle_slots_per_worker / 2;
  vacant_.insert(vacant_.end(), mine.vacant.begin(), half);
  vacancies_.store(vacant_.size(), std::memory_order_relaxed);
  mine.vacant.erase(mine.vacant.begin(), half);
}

void stack_pool::give_up(slot_cache& mine) noexcept {
  mine.room = 0;
  if (mine.vacant.empty() && mine.warm.empty()) return;
  const std::scoped_lock lock{mutex_};
  for (std::vector<slot*>* from : {&mine.vacant, &mine.warm}) {
    try {
      vacant_.insert(vacant_.end(), from->begin(), from->end());
      from->clear();
    } catch (const std::bad_alloc&) {
      // They stay where they are.
    }
  }
  vacancies_.store(vacant_.size(), std::memory_order_relaxed);
}

void stack_pool::assign_own(fiber& f, std::size_t bytes) {
  const std::size_t page = page_bytes();
  bytes = (std::max(bytes, std::size_t{16} << 10) + page - 1) / page * page;
  const std::scoped_lock lock{mutex_};
  auto fits = [&](const slot* s) { return s->bytes == bytes; };
  auto found = std::find_if(own_free_.rbegin(), own_free_.rend(), fits);
  if (found == own_free_.rend()) {
    map_own_stacks(bytes);
    found = own_free_.rbegin();
  }
  f.stack = *found;
  own_free_.erase(std::next(found).base());
  f.stack->users.store(1, std::memory_order_relaxed);
  own_in_use_.fetch_add(1, std::memory_order_relaxed);
}

void stack_pool::retire_own(fiber& f) noexcept {
  JOIST_ASSERT(f.stack->kind == slot_kind::own, "slots of the pool are used again");
  f.stack = nullptr;
  own_in_use_.fetch_sub(1, std::memory_order_relaxed);
}

void stack_pool::map_own_stacks(std::size_t usable) {
  const std::size_t guarded = guard_bytes_of(usable);
  const std::size_t bytes = usable + guarded;
  std::byte* begin = map_stacks(bytes * own_stacks_per_map);
  own_maps_.emplace_back(begin, bytes * own_stacks_per_map);
  for (std::size_t i = own_stacks_per_map; i-- > 0;) {
    own_slots_.push_back(std::make_unique<slot>());
    guard(begin + i * bytes, guarded);
    describe(*own_slots_.back(), begin + i * bytes, bytes, guarded, slot_kind::own);
    if constexpr (checks_isolation) watch_stack(*own_slots_.back());
    own_free_.push_back(own_slots_.back().get());
  }
}

}  // namespace joist::inline v0::fiber
