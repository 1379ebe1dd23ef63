// base/pool.hpp: memory for what is made and dropped all the time: messages, signals, closures, parked stacks.
//
// Blocks of a size class go round in three places:
//   cache    of one thread: two chains, no atomics
//   depot    whole chains that caches exchange, a mutex per size class, taken once per 64 blocks
//   chunks   2 MiB of address space each, cut into blocks as they are asked for
// So what one thread makes and another drops costs no contention per block. Larger requests go to operator new.
//
// Invariants
//   P1  a block is in one chain, or with its user
//   P2  a cache belongs to one thread, and is never held over a context switch
// Refused: malloc. Its thread cache holds seven blocks; a stream between threads then takes the arena lock each time.
// Under a sanitizer everything goes to operator new, so that use after free is seen.
#pragma once

#include <cstddef>
#include <cstdint>

namespace joist::inline v0::base {

inline constexpr std::size_t largest_pooled_bytes = 2048;

/// Memory of at least `bytes`, aligned to 16.     [any thread]; throws std::bad_alloc
[[nodiscard]] void* pool_allocate(std::size_t bytes);
/// Gives back what pool_allocate(bytes) gave, on any thread.     [any thread]
void pool_release(void* memory, std::size_t bytes) noexcept;

/// The same for what is no node and lasts: tables, extras. Not in pool_live_blocks().
[[nodiscard]] void* pool_allocate_uncounted(std::size_t bytes);
void pool_release_uncounted(void* memory, std::size_t bytes) noexcept;

/// Gives the calling thread a cache of its own until it detaches; other threads share one behind a mutex. False when
/// it has one.     [start-up]
bool pool_attach_thread();
void pool_detach_thread() noexcept;

/// Blocks handed out and not given back, in the whole program.     [any thread]
[[nodiscard]] std::size_t pool_live_blocks() noexcept;

/// Address space with nothing behind it yet; huge pages where they pay. Throws std::bad_alloc.
[[nodiscard]] void* reserve_pages(std::size_t bytes, bool huge);
void release_pages(void* memory, std::size_t bytes) noexcept;

}  // namespace joist::inline v0::base
