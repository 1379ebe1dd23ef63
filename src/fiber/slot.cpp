#include "fiber/slot.hpp"

#include <sys/mman.h>

#include <cstring>
#include <new>

#include "base/assert.hpp"
#include "base/pool.hpp"

namespace joist::inline v0::fiber {
namespace {

constexpr std::uintptr_t taken = 1;

std::size_t live_bytes(const fiber& f) noexcept {
  return static_cast<std::size_t>(f.stack->top - static_cast<std::byte*>(f.context));
}

// noinline, and not instrumented: the bytes belong to frames that wait.
[[gnu::noinline]] void copy_frames(std::byte* to, const std::byte* from, std::size_t bytes) noexcept {
  std::memcpy(to, from, bytes);
}

void give_pages_back(const slot& s) noexcept { ::madvise(s.top - s.bytes, s.bytes, MADV_DONTNEED); }

// Throws std::bad_alloc with nothing changed.
void move_out(fiber& resident) {
  slot& s = *resident.stack;
  const std::size_t bytes = live_bytes(resident);
  JOIST_ASSERT(bytes <= s.bytes, "F1: a resident's frames are in its slot");
  auto* buffer = static_cast<std::byte*>(base::pool_allocate(bytes));
  copy_frames(buffer, static_cast<std::byte*>(resident.context), bytes);
  resident.parked = buffer;
  resident.parked_bytes = static_cast<std::uint32_t>(bytes);
  s.resident = nullptr;
}

}  // namespace

bool acquire(fiber& f) noexcept {
  slot& s = *f.stack;
  std::uintptr_t seen = s.lock.load(std::memory_order_relaxed);
  for (;;) {
    std::uintptr_t wanted = taken;
    if (seen != 0) {
      f.next = reinterpret_cast<fiber*>(seen & ~taken);
      wanted = reinterpret_cast<std::uintptr_t>(&f) | taken;
    }
    // acquire: what the last holder did to `resident` and the frames; pairs with release(). release: f.next and all
    // of f, for the one who releases and queues it.
    if (s.lock.compare_exchange_weak(seen, wanted, std::memory_order_acq_rel, std::memory_order_relaxed)) break;
  }
  return seen == 0;
}

bool make_resident(fiber& f) {
  slot& s = *f.stack;
  if (s.resident == &f) return false;
  bool moved = false;
  if (fiber* other = s.resident) {
    move_out(*other);
    moved = true;
  }
  if (f.parked != nullptr) {
    copy_frames(static_cast<std::byte*>(f.context), f.parked, f.parked_bytes);
    base::pool_release(f.parked, f.parked_bytes);
    f.parked = nullptr;
    moved = true;
  }
  s.resident = &f;
  return moved;
}

[[gnu::noinline]] bool hibernate(fiber& f) noexcept {
  slot& s = *f.stack;
  if (s.kind == slot_kind::own || s.resident != &f) return false;
  try {
    move_out(f);
  } catch (const std::bad_alloc&) {
    return false;
  }
  give_pages_back(s);
  return true;
}

[[gnu::noinline]] void vacate(fiber& f, bool keeps_pages) noexcept {
  slot& s = *f.stack;
  JOIST_ASSERT(s.resident == &f, "F1: who leaves a slot for good was in it");
  s.resident = nullptr;
  forget(f);
  if (!keeps_pages && s.kind != slot_kind::own) give_pages_back(s);
}

fiber* release(slot& s) noexcept {
  // release: resident and the frames, for the next holder. acquire: the fibers of the line.
  const std::uintptr_t before = s.lock.exchange(0, std::memory_order_acq_rel);
  JOIST_ASSERT((before & taken) != 0, "S1: only its holder releases a slot");
  fiber* oldest_first = nullptr;
  for (auto* f = reinterpret_cast<fiber*>(before & ~taken); f != nullptr;) {
    fiber* following = f->next;
    f->next = oldest_first;
    oldest_first = f;
    f = following;
  }
  return oldest_first;
}

}  // namespace joist::inline v0::fiber
